import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ClusterClient, type ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { environmentOf, sharedCluster, usersOf } from "./cluster";

interface Kubeconfig {
    clusters: { cluster: { server: string; "certificate-authority": string } }[];
    contexts: { name: string; context: { user: string } }[];
    users: { name: string; user: { token: string } }[];
    "current-context": string;
}

describe("The kubeconfig of a control plane", function () {
    this.timeout(180_000);

    it("makes its reader in each context the user that it is named after, the administrator at first", async () => {
        const config = JSON.parse(readFileSync((await sharedCluster()).kubeconfig, "utf8")) as Kubeconfig;
        const { server, "certificate-authority": authority } = config.clusters[0].cluster;
        const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
        const who = async (context: string) => {
            const { user } = config.contexts.find(({ name }) => name === context)!.context;
            const { token } = config.users.find(({ name }) => name === user)!.user;
            const client = new ClusterClient(server, authority, token);
            const answer = await client.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review);
            return (answer as ClusterObject & { status: { userInfo: { username: string } } }).status.userInfo.username;
        };
        const { deployer } = usersOf(environmentOf("prod"));
        assert.equal(config["current-context"], "admin");
        assert.deepEqual(await Promise.all(["admin", deployer].map(who)), ["admin", deployer]);
    });
});
