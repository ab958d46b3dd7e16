import assert from "node:assert/strict";
import { ClusterClient, type ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { recorded, running } from "../../sandbox/story/readback";
import { tokenOf } from "../../sandbox/world/credentials";
import { World } from "../../sandbox/world/world";
import { errors, failedSteps, steps } from "../engine/engineEvents";
import { emptyShop, Shop, succeeded } from "../engine/shop";
import type { Pod } from "./observed";
import { refusal } from "./refusal";

const dev = "acme-dev/europe-west1/acme-shop-dev";
const namespace = "/namespaces/acme-shop-dev";
const bindings = `/apis/rbac.authorization.k8s.io/v1${namespace}/rolebindings`;
const pods = `/api/v1${namespace}/pods`;

/** Each test is the next step of one world's life. */
describe("A world whose clusters are real", function () {
    this.timeout(300_000);
    let shop: Shop;
    let changed: string;
    const cluster = () => shop.world.cloud.clusters().find(({ key }) => key === dev)!;
    const as = (identity: string) => {
        const { address, certificateAuthority } = cluster().controlPlane!;
        return new ClusterClient(address, certificateAuthority, tokenOf(shop.world.layout, identity));
    };

    before(async () => {
        shop = await emptyShop({ kubernetes: "real" });
    });

    it("has a control plane behind every cluster that the platform made, with a node in each of three zones", async () => {
        succeeded(await shop.delivery.up("platform"));
        shop.world.fetchCredentials();
        const clusters = shop.world.cloud.clusters();
        assert.equal(clusters.length, 3);
        assert.equal(new Set(clusters.map(({ controlPlane }) => controlPlane?.address)).size, 3);
        const { items } = await as("administrator").get<{ items: ClusterObject[] }>("/api/v1/nodes");
        assert.deepEqual(
            items.map(({ metadata }) => metadata.labels!["topology.kubernetes.io/zone"]),
            ["europe-west1-b", "europe-west1-c", "europe-west1-d"],
        );
    });

    it("runs in dev what the build pushed, in a namespace that takes restricted pods alone", async () => {
        const { commit, images } = await shop.delivery.push();
        shop = new Shop(shop.world, commit);
        succeeded(await shop.delivery.deployDev());
        const pulled = await running(shop.world, "dev");
        assert.equal(Object.keys(pulled).length, 12);
        for (const [service, digest] of Object.entries(pulled)) assert.equal(digest, images[service].digest, service);
        const { metadata } = await as("administrator").get(`/api/v1${namespace}`);
        assert.equal(metadata.labels!["pod-security.kubernetes.io/enforce"], "restricted");
        assert.equal((await recorded(shop.world, "dev"))?.request.commit, commit);
    });

    it("lets in whom Google knows and IAM lets connect, and nobody else", async () => {
        const { address, certificateAuthority } = cluster().controlPlane!;
        const stranger = new ClusterClient(address, certificateAuthority, "ya29.somebody");
        assert.equal(await refusal(stranger.get("/version")), "401 Unauthorized");
        assert.equal(await refusal(as("builder").get("/version")), "401 Unauthorized");
        await as("deployer-dev").get(pods);
    });

    it("lets IAM grant what RBAC does not, and says which permission is lacking", async () => {
        const secrets = `/api/v1${namespace}/secrets`;
        await as("administrator").get(secrets);
        assert.equal(
            await refusal(as("auditor").get(secrets)),
            '403 secrets is forbidden: User "auditor@acme-delivery.iam.gserviceaccount.com" cannot list resource "secrets" in API group "" ' +
                'in the namespace "acme-shop-dev": requires one of ["container.secrets.list"] permission(s).',
        );
        const { iam } = shop.world.cloud;
        const grant = [
            cluster().resource!,
            "roles/container.admin",
            "serviceAccount:auditor@acme-delivery.iam.gserviceaccount.com",
        ] as const;
        iam.grant(...grant);
        await as("auditor").get(secrets);
        iam.revoke(...grant);
        await refusal(as("auditor").get(secrets));
    });

    it("refuses a deployer whose binding is gone, in the API server's words, and what ran goes on serving", async () => {
        changed = await shop.change("cartservice", "Cache prices");
        const before = await running(shop.world, "dev");
        const path = `${bindings}/oneflow-deployer`;
        const { metadata, ...binding } = await as("administrator").get(path);
        await as("administrator").delete(path);
        const run = await shop.delivery.deployDev("--json");
        assert.notEqual(run.code, 0);
        assert.match(
            errors(run).join("\n"),
            /User "deployer-dev@acme-dev\.iam\.gserviceaccount\.com" cannot get resource "deployments" in API group "apps" in the namespace "acme-shop-dev": requires one of \["container\.deployments\.get"\] permission\(s\)/,
        );
        assert.deepEqual(await running(shop.world, "dev"), before);
        await as("administrator").create(bindings, { ...binding, metadata: { name: metadata.name, labels: metadata.labels } });
    });

    it("pulls as the cluster's own nodes: without their right to the registry a rollout fails, and says so", async () => {
        const { iam } = shop.world.cloud;
        const before = await running(shop.world, "dev");
        const repository = "projects/acme-dev/locations/europe-west1/repositories/develop";
        const reader = [repository, "roles/artifactregistry.reader", cluster().nodeMember] as const;
        iam.revoke(...reader);
        const run = await shop.delivery.deployDev("--json");
        assert.notEqual(run.code, 0);
        assert.deepEqual(failedSteps(run), ["update kubernetes:apps/v1:Deployment europe-west1-cartservice"]);
        assert.match(errors(run).join("\n"), /\[ImagePullBackOff\][^]*artifactregistry\.repositories\.downloadArtifacts/);
        assert.deepEqual(await running(shop.world, "dev"), before);
        iam.grant(...reader);
        const { cartservice } = before;
        const serves = ({ status, metadata }: Pod) =>
            metadata.labels?.app === "cartservice" &&
            (status.containerStatuses ?? []).some(({ ready, imageID }) => ready && !imageID.endsWith(cartservice));
        await as("deployer-dev").until<Pod>(pods, (all) => all.some(serves));
        succeeded(await shop.delivery.deployDev());
        assert.equal((await recorded(shop.world, "dev"))?.request.commit, changed);
    });

    it("keeps a pod waiting whose image is in no registry", async () => {
        const image = `${shop.world.daemon.registry}/acme-dev/develop/cartservice@sha256:${"0".repeat(64)}`;
        const { items } = await as("deployer-dev").get<{ items: Deployment[] }>(`/apis/apps/v1${namespace}/deployments`);
        const { spec } = items.find(({ metadata }) => metadata.name === "cartservice")!;
        const labels = { app: "lost" };
        const containers = [{ ...spec.template.spec.containers[0], image }];
        const template = { metadata: { labels }, spec: { ...spec.template.spec, containers } };
        const lost = { ...spec, selector: { matchLabels: labels }, template };
        const deployments = `/apis/apps/v1${namespace}/deployments`;
        await as("deployer-dev").create(deployments, {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "lost" },
            spec: lost,
        });
        const waits = ({ metadata, status }: Pod) =>
            metadata.labels?.app === "lost" && status.containerStatuses?.[0].state?.waiting !== undefined;
        const found = await as("deployer-dev").until<Pod>(pods, (all) => all.some(waits));
        const { waiting } = found.find(waits)!.status.containerStatuses![0].state!;
        assert.equal(waiting!.reason, "ImagePullBackOff");
        assert.match(waiting!.message!, new RegExp(`${image}.*not found`));
        await as("deployer-dev").delete(`${deployments}/lost`);
        await as("deployer-dev").until<Pod>(pods, (all) => !all.some(({ metadata }) => metadata.labels?.app === "lost"));
    });

    it("keeps what runs, and its addresses, when the sandbox's servers end and start again", async () => {
        const before = await running(shop.world, "dev");
        const { address } = cluster().controlPlane!;
        const { items } = await as("administrator").get<{ items: Pod[] }>(pods);
        await World.stop(shop.world.layout.root);
        await assert.rejects(as("administrator").get("/version"), { code: "ECONNREFUSED" });
        shop = new Shop(await World.open(shop.world.layout.root), shop.first);
        assert.equal(cluster().controlPlane!.address, address);
        assert.deepEqual(await running(shop.world, "dev"), before);
        const after = await as("administrator").get<{ items: Pod[] }>(pods);
        assert.deepEqual(uids(after.items), uids(items));
        const run = await shop.delivery.deployDev("--json");
        assert.deepEqual({ code: run.code, steps: steps(run) }, { code: 0, steps: [] });
    });
});

interface Deployment extends ClusterObject {
    spec: { template: { spec: { containers: { image: string }[] } } };
}

function uids(all: readonly ClusterObject[]): string[] {
    return all.map(({ metadata }) => metadata.uid!).sort();
}
