import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderService } from "../../core/manifests/workload";
import type { Service } from "../../core/settings/model";
import { Cloud } from "../../sandbox/providers/cloud";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import { checkoutservice } from "./manifestsServices";

const admin = "user:admin@acme.example";
const service: Service = { ...checkoutservice, env: { PASSWORD: { secretManager: "checkout-db", version: 1 } }, environments: {} };
const render = (one: Service) =>
    renderService(one, {
        environment: "dev",
        cloudProject: "acme-dev",
        namespace: "shop",
        partOf: "acme-shop",
        services: { checkoutservice: service },
        image: (imageName) => `registry.example/develop/${imageName}@sha256:${"a".repeat(64)}`,
    });
const rendered = render(service);
const cluster = "projects/acme-dev/locations/europe-west1/clusters/shop";
const secret = "projects/acme-dev/secrets/checkout-db";
const principal =
    "principal://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/ns/shop/sa/checkoutservice";
const config = `
current-context: gke
contexts: [{ name: gke, context: { cluster: gke, user: me } }]
clusters: [{ name: gke, cluster: { server: "https://gke-1.europe-west1.gke.goog" } }]
users: [{ name: me, user: { exec: { command: gke-gcloud-auth-plugin } } }]
`;

describe("Secret Manager in the Kubernetes double", () => {
    let directory: string;
    let cloud: Cloud;
    let kubernetes: ProviderInstance;
    beforeEach(async () => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-secrets-"));
        cloud = new Cloud(directory);
        cloud.addProject({ id: "acme-dev", number: "1001", owner: admin });
        cloud.addSecretVersion({ project: "acme-dev", secret: "checkout-db", value: "geheim" });
        put({ enabled: true });
        const pullImage = async () => ({ digest: `sha256:${"a".repeat(64)}`, config: { User: "1000", Entrypoint: ["/app"] } });
        kubernetes = await kubernetesDouble(cloud, { kubeconfig: config, member: admin, pullImage, progressDeadline: 5 }).configure(
            { upsertExistingObjects: "true" },
        );
        await kubernetes.create({
            token: "kubernetes:core/v1:Namespace",
            inputs: { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
            preview: false,
        });
        await apply(rendered.serviceAccount);
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    const put = (secretSyncConfig?: { enabled: boolean }, secretManagerConfig?: { enabled: boolean }) =>
        cloud.store.put(cluster, {
            controlPlaneEndpointsConfig: {
                dnsEndpointConfig: { endpoint: "gke-1.europe-west1.gke.goog", allowExternalTraffic: true },
            },
            secretSyncConfig,
            secretManagerConfig,
        });
    const objects = () => cloud.objects("acme-dev/europe-west1/shop");
    const tokenOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }) =>
        `kubernetes:${apiVersion.includes("/") ? "" : "core/"}${apiVersion}:${kind}`;
    async function apply(object: { apiVersion: string; kind: string }) {
        const token = tokenOf(object);
        const { inputs } = await kubernetes.check({
            token,
            name: "thing",
            news: object as unknown as Values,
            seed: Buffer.alloc(32, 7),
        });
        return kubernetes.create({ token, inputs, preview: false });
    }
    async function applySync() {
        await apply(rendered.secretClass!);
        return apply(rendered.secretSync!);
    }

    it("is what its rendered objects make of it: a Secret with the value of the version, gone with its SecretSync", async () => {
        cloud.iam.grant(secret, "roles/secretmanager.secretAccessor", principal);
        const { id } = await applySync();
        const name = rendered.secretSync!.metadata.name;
        assert.deepEqual(objects().get("Secret", "shop", name)?.data, {
            "checkout-db.1": Buffer.from("geheim").toString("base64"),
        });
        await apply(rendered.deployment!);

        await kubernetes.delete({ token: tokenOf(rendered.secretSync!), id, outputs: {} });
        assert.equal(objects().get("Secret", "shop", name), undefined);
    });

    it("keeps the pods from starting where their account may not read it, until it may", async () => {
        await applySync();
        const { name } = rendered.secretSync!.metadata;
        assert.match(
            JSON.stringify(objects().get("SecretSync", "shop", name)?.status),
            /'secretmanager\.versions\.access' denied for resource 'projects\/acme-dev\/secrets\/checkout-db\/versions\/1'/,
        );
        await assert.rejects(apply(rendered.deployment!), new RegExp(`secret "${name}" not found`));

        cloud.iam.grant(secret, "roles/secretmanager.secretAccessor", principal);
        await apply(rendered.deployment!);
    });

    it("is read as the Google account that the service acts as, where it names one", async () => {
        const identity = "checkout@acme-dev.iam.gserviceaccount.com";
        await apply({ ...rendered.serviceAccount, metadata: annotated(identity) } as typeof rendered.serviceAccount);
        cloud.iam.grant(secret, "roles/secretmanager.secretAccessor", `serviceAccount:${identity}`);
        await applySync();
        const found = () => objects().get("Secret", "shop", rendered.secretSync!.metadata.name) !== undefined;
        assert.equal(found(), false);

        const own = "serviceAccount:acme-dev.svc.id.goog[shop/checkoutservice]";
        cloud.iam.grant(`projects/acme-dev/serviceAccounts/${identity}`, "roles/iam.workloadIdentityUser", own);
        await apply(rendered.networkPolicy);
        assert.equal(found(), true);
    });

    it("is a folder where the driver is there and its account may read all of it", async () => {
        const tls = {
            name: "tls",
            mountPath: "/tls",
            memory: false,
            versions: { "tls.key": { secretManager: "checkout-db", version: 1 } },
        };
        const { secretVolumes, deployment } = render({ ...checkoutservice, volumes: [tls], environments: {} });
        await apply(secretVolumes![0]);
        await assert.rejects(apply(deployment!), /driver name secrets-store-gke\.csi\.k8s\.io not found/);
        put(undefined, { enabled: true });
        await assert.rejects(
            apply(deployment!),
            /MountVolume\.SetUp failed for volume "tls" : .*'secretmanager\.versions\.access' denied for resource '.*checkout-db\/versions\/1'/,
        );
        cloud.iam.grant(secret, "roles/secretmanager.secretAccessor", principal);
        await apply(deployment!);
    });

    it("is unknown to a cluster without the add-on", async () => {
        put();
        await assert.rejects(apply(rendered.secretSync!), /no matches for kind "SecretSync" in version "secret-sync\.gke\.io\/v1"/);
        await assert.rejects(apply(rendered.secretClass!), /no matches for kind "SecretProviderClass"/);
    });
});

function annotated(identity: string) {
    return { ...rendered.serviceAccount.metadata, annotations: { "iam.gke.io/gcp-service-account": identity } };
}
