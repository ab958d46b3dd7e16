import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import { environmentOf, sharedCluster, usersOf } from "./cluster";
import { authorityOf, tokenOf, types } from "./providerStack";

const server = "https://gke-0123456789abcdef.europe-west1.gke.goog";
const resource = "projects/acme-dev/locations/europe-west1/clusters/shop";
const kubeconfig = (user: object, address = server) =>
    JSON.stringify({
        clusters: [{ name: "shop", cluster: { server: address } }],
        users: [{ name: "me", user }],
        contexts: [{ name: "shop", context: { cluster: "shop", user: "me" } }],
        "current-context": "shop",
    });

describe("A cluster of the simulated cloud that a real Kubernetes stands behind", function () {
    this.timeout(180_000);
    const { deployer } = usersOf(environmentOf("dev"));
    const admin = "user:admin@acme.example";
    const member = `serviceAccount:${deployer}`;
    let directory: string;
    let cloud: Cloud;
    let token: string;
    const configure = (config: string, loggedIn = admin) =>
        kubernetesDouble(cloud, {
            ...{ kubeconfig: config, member: loggedIn },
            pullImage: () => assert.fail("a real kubelet pulls by itself"),
        }).configure({});
    const make = async (provider: Awaited<ReturnType<typeof configure>>, name: string) => {
        const news = { metadata: { name } };
        const { inputs } = await provider.check({ token: types.namespace, name, news, seed: Buffer.alloc(32) });
        return provider.create({ token: types.namespace, inputs, preview: false });
    };

    beforeEach(async () => {
        const plane = await sharedCluster();
        directory = mkdtempSync(join(tmpdir(), "oneflow-cloud-"));
        cloud = new Cloud(directory);
        cloud.addProject({ id: "acme-dev", number: "100000000001", owner: admin });
        cloud.store.put(resource, {
            controlPlaneEndpointsConfig: {
                dnsEndpointConfig: { endpoint: new URL(server).hostname, allowExternalTraffic: true },
            },
        });
        const certificateAuthority = readFileSync(authorityOf(plane.kubeconfig), "utf8");
        cloud.setControlPlane("acme-dev/europe-west1/shop", { address: plane.address, certificateAuthority });
        token = tokenOf(plane.kubeconfig, deployer);
        cloud.addIdentity({ token, member });
        cloud.addIdentity({ token: tokenOf(plane.kubeconfig, "admin"), member: admin });
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    it("lets nobody through whom the cloud's IAM does not let connect", async () => {
        await assert.rejects(
            make(await configure(kubeconfig({ token })), "of-deployer"),
            /cluster is unreachable: .*403 Forbidden: Permission 'container\.clusters\.connect' denied on resource 'projects\/acme-dev/,
        );
    });

    it("is asked as who holds the token, and says itself what they may do", async () => {
        cloud.iam.grant("projects/acme-dev", "roles/container.viewer", member);
        const asDeployer = await configure(kubeconfig({ token }));
        await assert.rejects(
            make(asDeployer, "of-deployer"),
            new RegExp(`User "${deployer.replaceAll(".", "\\.")}" cannot create resource "namespaces"`),
        );
    });

    it("is asked with the token of whoever is logged in, where the kubeconfig leaves that to a plugin", async () => {
        const asAdmin = await configure(kubeconfig({ exec: { command: "gke-gcloud-auth-plugin" } }));
        assert.equal((await make(asAdmin, "of-admin")).id, "of-admin");
        assert.deepEqual(cloud.objects("acme-dev/europe-west1/shop").list("Namespace"), []);
        await assert.rejects(
            make(
                await configure(kubeconfig({ exec: { command: "gke-gcloud-auth-plugin" } }), "user:nobody@acme.example"),
                "of-nobody",
            ),
            /Permission 'container\.clusters\.connect' denied/,
        );
    });

    it("is the same cluster at the address where it really listens", async () => {
        const { address } = await sharedCluster();
        await assert.rejects(
            make(await configure(kubeconfig({ token }, address)), "of-deployer"),
            /Permission 'container\.clusters\.connect' denied/,
        );
        const asAdmin = await configure(kubeconfig({ exec: { command: "gke-gcloud-auth-plugin" } }, address));
        assert.equal((await make(asAdmin, "at-address")).id, "at-address");
    });
});
