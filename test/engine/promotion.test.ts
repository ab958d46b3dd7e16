import assert from "node:assert/strict";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import { recorded, running } from "../../sandbox/story/readback";
import { errors, failedSteps, steps, told } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { outputsOf, stateOf, witness } from "./witness";

/** Commits and digests as the program's words name them. */
const shortDigest = (digest: string) => `${digest.slice(0, 15)}…`;
const short = (commit: string) => `${commit.slice(0, 7)}…`;
/** The steps of a promotion that changes exactly this service. */
const only = (service: string) => [
    "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
    `update kubernetes:apps/v1:Deployment europe-west1-${service}`,
    "update pulumi-nodejs:dynamic/oneflow:RunRecord run",
];

/**
 * develop's history: `first`, which runs in stage, and four pushes after it. The dev job deployed the second and the
 * fifth; the two between were overtaken. Each test goes on from where the one before left stage.
 */
describe("A promotion on the real engine", function () {
    this.timeout(300_000);
    let shop: Shop;
    let rounded: string;
    let cached: string;
    let newest: string;
    const pods = (environment: "dev" | "stage" | "prod") => running(shop.world, environment);
    const request = async (environment: "dev" | "stage" | "prod") => (await recorded(shop.world, environment))?.request;

    before(async () => {
        shop = await deliveredShop();
        rounded = await shop.change("checkoutservice", "Round totals to the cent");
        succeeded(await shop.delivery.deployDev());
        cached = await shop.change("cartservice", "Cache prices");
        await shop.change("frontend", "Show a banner");
        newest = await shop.change("checkoutservice", "Send the receipt first");
        succeeded(await shop.delivery.deployDev());
    });

    it("takes what ran in dev as a set three pushes ago, although dev has moved on", async () => {
        const before = await pods("stage");
        const since = (await recorded(shop.world, "stage"))?.at;
        const run = succeeded(await shop.promote("stage", rounded));
        const after = await pods("stage");
        assert.deepEqual(steps(run), only("checkoutservice"));
        assert.deepEqual(told(run), [
            [
                `stage goes forward to ${short(rounded)}`,
                `  checkoutservice  ${shortDigest(before.checkoutservice)} → ${shortDigest(after.checkoutservice)} (${short(rounded)})`,
                "  12 other images stay",
                "  Should a rollout fail, what served goes on serving and no run is recorded; then",
                `  → back to ${short(shop.first)}, healthy at ${since}: pulumi config set commit ${shop.first} -s stage && pulumi up -s stage`,
                "  → again, once the cause is mended: pulumi up -s stage",
            ].join("\n"),
        ]);
        assert.deepEqual({ ...after, checkoutservice: before.checkoutservice }, before);
        assert.notEqual(after.checkoutservice, (await pods("dev")).checkoutservice);
        assert.deepEqual(await request("stage"), { commit: rounded, pins: {} });
    });

    it("is refused for a commit whose images all ran in dev but never together, and changes nothing", async () => {
        const before = await witness(shop.world, "stage");
        const run = await shop.promote("stage", cached);
        assert.notEqual(run.code, 0);
        assert.deepEqual(errors(run), [
            [
                "Promotion to stage refused, nothing was changed:",
                `  commit  ${short(cached)} never ran healthy in dev, which stage promotes from.`,
                "          Each image did, but never all of them together.",
                `          Newest commits that ran healthy in dev: ${[newest, rounded, shop.first].map(short).join(", ")}`,
                `          → pulumi config set commit ${cached} -s dev && pulumi up -s dev   # then stage again`,
                `          → or: pulumi config set commit ${newest} -s stage && pulumi up -s stage`,
            ].join("\n"),
        ]);
        assert.deepEqual(steps(run), []);
        assert.deepEqual(await witness(shop.world, "stage"), before);
        assert.equal(outputsOf(shop.world, "stage")?.commit, rounded);
        await shop.delivery.configure("stage", ["commit", rounded]);
    });

    it("is refused where it skips an environment, and creates nothing there", async () => {
        const before = await witness(shop.world, "prod");
        const run = await shop.promote("prod", newest);
        assert.notEqual(run.code, 0);
        const lines = errors(run)[0].split("\n");
        assert.deepEqual(lines.slice(0, 2), [
            "Promotion to prod refused, nothing was changed:",
            `  commit  ${short(newest)} has no lock in release-candidate or stable.`,
        ]);
        assert.ok(
            lines.includes(`          Newest commits that ran healthy in stage: ${[rounded, shop.first].map(short).join(", ")}`),
        );
        assert.deepEqual(await pods("prod"), {});
        const { registry, cloud } = await witness(shop.world, "prod");
        assert.deepEqual({ registry, cloud }, { registry: before.registry, cloud: before.cloud });
    });

    it("of one pinned service names its old and new digest in the preview, and changes exactly its resources", async () => {
        const before = await pods("stage");
        const pinned = (await pods("dev")).checkoutservice;
        await shop.delivery.configure("stage", ["--path", "pins.checkoutservice", newest]);

        const preview = succeeded(await shop.world.pulumi("stage", ["preview", "--diff"])).output;
        assert.ok(preview.includes(`~ checkoutservice             : "${before.checkoutservice}" => "${pinned}"`), preview);
        const tier = `${shop.world.daemon.registry}/acme-stage/release-candidate/checkoutservice`;
        assert.ok(preview.includes(`~ image: "${tier}@${before.checkoutservice}" => "${tier}@${pinned}"`), preview);
        assert.match(preview, /^ {4}~ 3 to update\n {4}63 unchanged$/m);

        const run = succeeded(await shop.up("stage"));
        assert.deepEqual(steps(run), only("checkoutservice"));
        assert.deepEqual(told(run)[0].split("\n").slice(0, 5), [
            `stage goes forward to ${short(rounded)} + 1 pin`,
            `  checkoutservice  ${shortDigest(before.checkoutservice)} → ${shortDigest(pinned)} (${short(newest)}, checkoutservice pinned)`,
            "  12 other images stay",
            `  checkoutservice is pinned to ${short(newest)}, not ${short(rounded)}`,
            "  The set is mixed by pins: it never ran in dev as a whole, but each image that changes did",
        ]);
        assert.deepEqual(await pods("stage"), { ...before, checkoutservice: pinned });
        assert.deepEqual(await request("stage"), { commit: rounded, pins: { checkoutservice: newest } });
    });

    it("back to what ran healthy here is recognised as a rollback, and dev's being elsewhere does not matter", async () => {
        succeeded(await shop.world.pulumi("stage", ["config", "rm", "--path", "pins.checkoutservice"]));
        const run = succeeded(await shop.promote("stage", shop.first));
        assert.deepEqual(steps(run), only("checkoutservice"));
        assert.equal(told(run)[0].split("\n")[0], `stage goes back to ${short(shop.first)}, which ran healthy here before`);
        assert.deepEqual(await request("stage"), { commit: shop.first, pins: {} });
        assert.deepEqual(await request("dev"), { commit: newest, pins: {} });
    });

    it("is refused where commit is unset while something runs: nothing is deleted in passing", async () => {
        succeeded(await shop.world.pulumi("stage", ["config", "rm", "commit"]));
        const before = await witness(shop.world, "stage");
        const since = (await recorded(shop.world, "stage"))?.at;
        const run = await shop.up("stage");
        assert.notEqual(run.code, 0);
        assert.deepEqual(errors(run), [
            [
                "Promotion to stage refused, nothing was changed:",
                `  commit  is unset, while stage runs ${short(shop.first)} since ${since}.`,
                "          To deploy nothing would be to delete every workload, which is never done in passing.",
                `          → pulumi config set commit ${shop.first} -s stage   # keeps what runs`,
                "          → to delete everything: pulumi destroy -s stage",
            ].join("\n"),
        ]);
        assert.deepEqual(await witness(shop.world, "stage"), before);
        await shop.undoEdits();
    });
});

/** Each test goes on from where the one before left dev. */
describe("A rollout that fails on the real engine", function () {
    this.timeout(300_000);
    let shop: Shop;
    let crashing: string;
    const service = (name: string) => shop.world.catalog().services[name];
    const runRecord = () => stateOf(shop.world, "dev").find(({ type }) => type.endsWith(":RunRecord"));

    before(async () => {
        shop = await deliveredShop();
    });

    it("ends the update with the pod and the cause; the old pods serve the old digest, and no run is recorded", async () => {
        const before = { pods: await running(shop.world, "dev"), record: await recorded(shop.world, "dev"), state: runRecord() };
        crashing = await shop.edit("Cache prices", (directory) => breakService(directory, service("cartservice"), "crash"));
        const run = await shop.delivery.deployDev("--json");
        assert.notEqual(run.code, 0);
        assert.deepEqual(failedSteps(run), ["update kubernetes:apps/v1:Deployment europe-west1-cartservice"]);
        assert.match(
            told(run)[0],
            new RegExp(
                `^ {2}→ back to ${short(shop.first)}, healthy at .*: pulumi config set commit ${shop.first} -s dev && pulumi up -s dev$`,
                "m",
            ),
        );
        const [deployment] = errors(run);
        assert.match(
            deployment,
            /Pod (cartservice-\S+): containers with unready status: \[cartservice\] -- \[CrashLoopBackOff\] back-off 10s restarting failed container=cartservice pod=\1 /,
        );
        assert.match(deployment, /\(image \S+\/acme-dev\/develop\/cartservice@sha256:[0-9a-f]{64}\)/);
        assert.deepEqual(
            { pods: await running(shop.world, "dev"), record: await recorded(shop.world, "dev"), state: runRecord() },
            before,
        );
    });

    it("lets no environment take the commit", async () => {
        const before = await witness(shop.world, "stage");
        const run = await shop.promote("stage", crashing);
        assert.notEqual(run.code, 0);
        assert.match(
            errors(run)[0],
            new RegExp(
                `^ {2}commit {2}${short(crashing)} never ran healthy in dev, which stage promotes from\\.\\n {10}Never ran there: cartservice\\.$`,
                "m",
            ),
        );
        assert.deepEqual(await witness(shop.world, "stage"), before);
        await shop.delivery.configure("stage", ["commit", shop.first]);
    });

    it("is undone by the config of before: the failed pods leave, and the engine has nothing left to do", async () => {
        const run = succeeded(await shop.promote("dev", shop.first));
        assert.deepEqual(
            steps(run).filter((step) => step.includes("Deployment")),
            ["update kubernetes:apps/v1:Deployment europe-west1-cartservice"],
        );
        const { project, region, namespace, clusters } = shop.world.environment("dev");
        const objects = shop.world.cloud.objects(`${project}/${region}/${clusters[0].name}`);
        assert.equal(objects.readyPods(namespace).length, 12);
        assert.equal(objects.list("Pod", namespace).length, 12);
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("says of a pod that never becomes ready that its readiness probe fails", async () => {
        const before = await running(shop.world, "dev");
        await shop.edit("Warm up", async (directory) => {
            await mendService(directory, service("cartservice"));
            await breakService(directory, service("adservice"), "never-ready");
        });
        const run = await shop.delivery.deployDev("--json");
        assert.notEqual(run.code, 0);
        assert.match(
            errors(run)[0],
            /Pod adservice-\S+: containers with unready status: \[adservice\] -- \[ReadinessProbeFailed\] Readiness probe failed /,
        );
        assert.deepEqual(await running(shop.world, "dev"), before);
    });

    it("is ended by a mended commit, which is recorded and may go to stage", async () => {
        const mended = await shop.edit("Do not warm up", async (directory) => {
            await mendService(directory, service("adservice"));
            await changeService(directory, service("frontend"), "Say sorry");
        });
        succeeded(await shop.delivery.deployDev());
        assert.deepEqual((await recorded(shop.world, "dev"))?.request, { commit: mended, pins: {} });
        const run = succeeded(await shop.promote("stage", mended));
        assert.match(told(run)[0].split("\n")[1], /^ {2}frontend {2}sha256:[0-9a-f]{8}… → sha256:[0-9a-f]{8}… /);
        assert.equal(told(run)[0].split("\n")[2], "  12 other images stay");
        assert.deepEqual(await running(shop.world, "stage"), await running(shop.world, "dev"));
    });
});
