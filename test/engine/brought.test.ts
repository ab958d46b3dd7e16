import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { running } from "../../sandbox/story/readback";
import { restrictedBoutique } from "../unit/broughtFixture";
import { steps } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { stateOf } from "./witness";

const service = "checkoutservice";

/** Each test goes on from where the one before left dev. */
describe("A service that brings its manifests, on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;
    let ran: Awaited<ReturnType<typeof running>>;
    let described: string;
    let urns: string[];

    const catalogFile = () => join(shop.world.layout.operations, "services.yaml");
    const urnsOf = () => stateOf(shop.world, "dev").map(({ urn }) => urn);

    before(async () => {
        shop = await deliveredShop();
        ran = await running(shop.world, "dev");
        described = readFileSync(catalogFile(), "utf8");
        urns = urnsOf();
    });

    it("takes over what runs in its place, at the digest that runs", async () => {
        const folder = join(shop.world.layout.operations, "k8s", service);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "all.yaml"), restrictedBoutique(service));
        const catalog = parseDocument(described);
        const { calls } = (catalog.toJS() as { services: Record<string, { calls: string[] }> }).services[service];
        catalog.setIn(["services", service], { source: `src/${service}`, manifests: `k8s/${service}`, calls });
        writeFileSync(catalogFile(), catalog.toString({ lineWidth: 0 }));
        await shop.delivery.operations.commit("Bring the manifests of checkoutservice");

        const run = succeeded(await shop.up("dev"));
        assert.deepEqual(steps(run).sort(), [
            "update kubernetes:apps/v1:Deployment europe-west1-checkoutservice",
            "update kubernetes:core/v1:Service europe-west1-checkoutservice",
            "update kubernetes:core/v1:ServiceAccount europe-west1-checkoutservice-account",
            "update kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-checkoutservice",
            "update pulumi-nodejs:dynamic/oneflow:RunRecord run",
        ]);
        assert.deepEqual(await running(shop.world, "dev"), ran);
        assert.deepEqual(urnsOf().sort(), [...urns].sort());
    });

    it("makes its pods after its account and its policy, and the record of the run after its pods", () => {
        const named = (type: string, name: string) =>
            stateOf(shop.world, "dev").find(({ urn }) => urn.endsWith(`${type}::${name}`))!;
        const [deployment, run] = [named("apps/v1:Deployment", `europe-west1-${service}`), named("RunRecord", "run")];
        const waitsFor = (deployment.dependencies ?? []).map((urn) => urn.split("::").at(-1));
        assert.ok(waitsFor.includes(`europe-west1-${service}-account`), waitsFor.join());
        assert.ok(waitsFor.includes(`europe-west1-${service}`), waitsFor.join());
        assert.ok(run.dependencies?.includes(deployment.urn), run.dependencies?.join());
    });

    it("comes to be described again with its objects in place", async () => {
        writeFileSync(catalogFile(), described);
        await shop.delivery.operations.commit("Describe checkoutservice again");
        const run = succeeded(await shop.up("dev"));
        assert.ok(
            steps(run).every((step) => step.startsWith("update ")),
            steps(run).join("\n"),
        );
        assert.deepEqual(await running(shop.world, "dev"), ran);
    });
});
