import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterClient, type ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { Cloud } from "../../sandbox/providers/cloud";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";
import { gcpDouble } from "../../sandbox/providers/gcp/double";
import { serveAuthority } from "../../sandbox/world/clusterAuthority";
import { Clusters } from "../../sandbox/world/clusters";
import { digest } from "./cluster";
import { refusal } from "./refusal";

const admin = "user:admin@acme.example";
const token = "gcp:container/cluster:Cluster";
const shop = "/namespaces/shop";
const syncs = `/apis/secret-sync.gke.io/v1${shop}/secretsyncs`;
const secrets = `/api/v1${shop}/secrets`;
const pods = `/api/v1${shop}/pods`;
const account =
    "principal://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/ns/shop/sa/mailer";

/** Each test is the next step of one cluster's life. */
describe("A cluster of the simulated cloud with a real Kubernetes behind it", function () {
    this.timeout(180_000);
    const directory = mkdtempSync(join(tmpdir(), "oneflow-world-cluster-"));
    const cloud = new Cloud(join(directory, "cloud"));
    let clusters: Clusters;
    let gcp: ProviderInstance;
    let made: { id: string; outputs: Values };
    const inputs = {
        name: "shop",
        location: "europe-west1",
        project: "acme-dev",
        enableAutopilot: true,
        deletionProtection: false,
    };
    const dns = { controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true } } };
    const client = () => {
        const { address, certificateAuthority } = cloud.clusters()[0].controlPlane!;
        return new ClusterClient(address, certificateAuthority, "admin-token");
    };
    const update = async (more: Values) => {
        const old = made.outputs;
        const outputs = await gcp.update({
            token,
            id: made.id,
            inputs: { ...inputs, ...dns, ...more },
            oldInputs: inputs,
            oldOutputs: old,
            preview: false,
        });
        made = { id: made.id, outputs };
    };

    before(async () => {
        cloud.addProject({
            id: "acme-dev",
            number: "1001",
            owner: admin,
            enabled: ["compute", "container"].map((api) => `${api}.googleapis.com`),
        });
        cloud.addIdentity({ token: "admin-token", member: admin });
        cloud.addSecretVersion({ project: "acme-dev", secret: "mail", value: "hunter2" });
        const image = { digest: digest("1"), config: { User: "1000", Entrypoint: ["/app"] } };
        clusters = new Clusters(cloud, join(directory, "kubernetes"), await serveAuthority(cloud), () => Promise.resolve(image));
        gcp = await gcpDouble(cloud, admin, clusters).configure({ project: "acme-dev", region: "europe-west1" });
        const network = { name: "default", project: "acme-dev" };
        await gcp.create({ token: "gcp:compute/network:Network", inputs: network, preview: false });
    });

    after(async () => {
        await clusters.stop();
        rmSync(directory, { recursive: true });
    });

    it("is made once its API server answers, which lets in nobody while its endpoint admits no traffic", async () => {
        made = await gcp.create({ token, inputs, preview: false });
        assert.equal(await refusal(client().get("/version")), "401 Unauthorized");
        await update({});
        assert.equal((await client().get<{ gitVersion: string }>("/version")).gitVersion, "v1.36.3");
    });

    it("knows the Gateway API where it is an Autopilot cluster, and Secret Manager's kinds once they are switched on", async () => {
        await client().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
        await client().get(`/apis/gateway.networking.k8s.io/v1${shop}/gateways`);
        assert.match(await refusal(client().get(syncs)), /^404 /);
        await update({ secretSyncConfig: { enabled: true } });
        await client().get(syncs);
    });

    it("makes the Secret of a SecretSync once its account may read all versions, and says until then why not", async () => {
        const resourceName = "projects/acme-dev/secrets/mail/versions/1";
        const listed = `- resourceName: "${resourceName}"\n  path: "mail.1"\n`;
        await client().create(`/api/v1${shop}/serviceaccounts`, {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { name: "mailer" },
        });
        await client().create(`/apis/secrets-store.csi.x-k8s.io/v1${shop}/secretproviderclasses`, {
            apiVersion: "secrets-store.csi.x-k8s.io/v1",
            kind: "SecretProviderClass",
            metadata: { name: "mail" },
            spec: { provider: "gke", parameters: { secrets: listed } },
        });
        const data = [{ sourcePath: "mail.1", targetKey: "mail.1" }];
        await client().create(syncs, {
            apiVersion: "secret-sync.gke.io/v1",
            kind: "SecretSync",
            metadata: { name: "mail" },
            spec: { serviceAccountName: "mailer", secretProviderClassName: "mail", secretObject: { type: "Opaque", data } },
        });
        const [sync] = await client().until<Sync>(syncs, ([only]) => only?.status !== undefined);
        assert.equal(
            sync.status!.conditions[0].message,
            `rpc error: code = PermissionDenied desc = Permission 'secretmanager.versions.access' denied for resource '${resourceName}' (or it may not exist).`,
        );
        cloud.iam.grant("projects/acme-dev/secrets/mail", "roles/secretmanager.secretAccessor", account);
        const [secret] = await client().until<Secret>(secrets, (all) => all.length > 0);
        assert.deepEqual(secret.data, { "mail.1": Buffer.from("hunter2").toString("base64") });
    });

    it("mounts a folder from Secret Manager once the driver for it is switched on", async () => {
        const csi = { driver: "secrets-store-gke.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass: "mail" } };
        const spec = {
            serviceAccountName: "mailer",
            containers: [{ name: "app", image: `registry.example/mailer@${digest("1")}` }],
            volumes: [{ name: "keys", csi }],
        };
        await client().create(pods, { apiVersion: "v1", kind: "Pod", metadata: { name: "mailer" }, spec });
        const [waiting] = await client().until<Pod>(pods, ([pod]) => pod?.status.containerStatuses !== undefined);
        assert.equal(
            waiting.status.containerStatuses![0].state.waiting?.message,
            'MountVolume.SetUp failed for volume "keys" : rpc error: code = Unknown desc = ' +
                "driver name secrets-store-gke.csi.k8s.io not found in the list of registered CSI drivers",
        );
        await update({ secretSyncConfig: { enabled: true }, secretManagerConfig: { enabled: true } });
        await client().until<Pod>(pods, ([pod]) => pod.status.phase === "Running");
    });

    it("goes with all that it held when it is deleted", async () => {
        const gone = client();
        await gcp.delete({ token, id: made.id, outputs: made.outputs });
        assert.deepEqual(cloud.clusters(), []);
        await assert.rejects(gone.get("/version"), { code: "ECONNREFUSED" });
        assert.deepEqual(readdirSync(join(directory, "kubernetes")), []);
    });
});

interface Sync extends ClusterObject {
    status?: { conditions: { message: string }[] };
}

interface Secret extends ClusterObject {
    data: Record<string, string>;
}

interface Pod extends ClusterObject {
    status: { phase: string; containerStatuses?: { state: { waiting?: { message: string } } }[] };
}
