import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import { serveJobProviders } from "../../sandbox/providers/serveJob";

describe("The Kubernetes provider of a workflow's job", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-job-"));
    const cloud = new Cloud(directory);
    const admin = "user:admin@acme.example";
    const kubeconfig = join(directory, "kubeconfig");
    const pullImage = () => Promise.reject(new Error("nothing is pulled here"));
    const configMap = "kubernetes:core/v1:ConfigMap";
    before(() => {
        cloud.addCluster({ name: "kind", server: "https://127.0.0.1:6443", admins: [admin], nodeMember: "allUsers" });
        cloud.addIdentity({ token: "lasting", member: admin });
    });
    after(() => rmSync(directory, { recursive: true }));

    /** Writes the job's kubeconfig as gcloud would, and makes a provider as the engine would. */
    function provider(user: object) {
        const entry = (name: string, more: object) => [{ name, ...more }];
        const config = {
            "current-context": "kind",
            contexts: entry("kind", { context: { cluster: "kind", user: "job" } }),
            clusters: entry("kind", { cluster: { server: "https://127.0.0.1:6443" } }),
            users: entry("job", { user }),
        };
        writeFileSync(kubeconfig, JSON.stringify(config));
        return kubernetesDouble(cloud, { kubeconfig, pullImage }).configure({});
    }

    async function make(user: object, name = "settings") {
        const instance = await provider(user);
        const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data: {} };
        return instance.create({ token: configMap, inputs, preview: false });
    }

    it("does what the token's own member may", async () => {
        const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };
        const admins = await provider({ token: "lasting" });
        await admins.create({ token: "kubernetes:core/v1:Namespace", inputs, preview: false });
        await make({ token: "lasting" });
        assert.equal(cloud.objects("kind").get("ConfigMap", "default", "settings")?.metadata.name, "settings");
    });

    it("refuses what that member may not, whoever else is logged in on the machine", async () => {
        const member = "serviceAccount:auditor@acme-delivery.iam.gserviceaccount.com";
        cloud.addIdentity({ token: "auditor", member, expires: new Date(Date.now() + 60_000) });
        await assert.rejects(
            make({ token: "auditor" }, "other"),
            /User "auditor@acme-delivery\.iam\.gserviceaccount\.com" cannot patch resource "configmaps"/,
        );
    });

    it("takes no token that has expired", async () => {
        cloud.addIdentity({ token: "late", member: admin, expires: new Date(Date.now() - 1) });
        await assert.rejects(make({ token: "late" }), /Unauthorized/);
    });

    it("takes no user that only names a plugin: nobody is logged in", async () => {
        await assert.rejects(make({ exec: { command: "gke-gcloud-auth-plugin" } }), /Unauthorized/);
    });

    it("is the one package that a job's engine finds", async () => {
        const served = await serveJobProviders({ cloud, kubeconfig, pullImage });
        assert.match(served.environment.PULUMI_DEBUG_PROVIDERS, /^kubernetes:\d+$/);
        await served.close();
    });
});
