import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recorded, running } from "../../sandbox/story/readback";
import { steps, told } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { stateOf } from "./witness";

/** Each test goes on from where the one before left stage. */
describe("What an environment owns, on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;

    before(async () => {
        shop = await deliveredShop();
    });

    it("grows by what runs in a second cluster, and nothing of the first is touched", async () => {
        const { world, delivery } = shop;
        const first = await running(world, "stage");
        const file = join(world.layout.operations, "Pulumi.stage.yaml");
        const clusters = "    clusters: [{ region: europe-west1 }, { region: us-east1 }]\n";
        writeFileSync(file, readFileSync(file, "utf8").replace("    promotesFrom: dev\n", `    promotesFrom: dev\n${clusters}`));
        await delivery.operations.commit("Run stage in two regions");
        succeeded(await delivery.up("platform"));
        world.fetchCredentials();

        const run = succeeded(await shop.up("stage"));
        const touched = steps(run).filter((step) => !step.startsWith("create "));
        assert.deepEqual(touched, ["update pulumi-nodejs:dynamic/oneflow:RunRecord run"]);
        const created = steps(run).filter((step) => step.startsWith("create kubernetes:apps/v1:Deployment us-east1-"));
        assert.equal(created.length, 12);
        assert.deepEqual(podsIn("us-east1"), podsIn("europe-west1"));
        assert.deepEqual(await running(world, "stage"), first);
        assert.deepEqual(
            (await recorded(world, "stage"))?.clusters.map(({ region }) => region),
            ["europe-west1", "us-east1"],
        );
    });

    it("goes with `pulumi destroy`, but for its images and the records of what ran", async () => {
        const { world } = shop;
        const before = { registry: await world.registry.contentHash(), record: await recorded(world, "stage") };
        succeeded(await world.pulumi("stage", ["destroy", "--yes", "--skip-preview"]));
        assert.deepEqual(stateOf(world, "stage"), []);
        assert.deepEqual([podsIn("europe-west1"), podsIn("us-east1")], [{}, {}]);
        assert.deepEqual({ registry: await world.registry.contentHash(), record: await recorded(world, "stage") }, before);
        assert.equal(Object.keys(await running(world, "dev")).length, 12);
    });

    it("comes back with one `pulumi up`, at the same digests", async () => {
        const run = succeeded(await shop.up("stage"));
        assert.equal(told(run)[0].split("\n")[0], `stage stays at ${shop.first.slice(0, 7)}…: no image changes`);
        assert.deepEqual(await running(shop.world, "stage"), await running(shop.world, "dev"));
    });

    function podsIn(region: string) {
        const { namespace } = shop.world.environment("stage");
        const cluster = shop.world.cloud.objects(`acme-stage/${region}/acme-shop-stage`);
        return cluster.running(namespace);
    }
});
