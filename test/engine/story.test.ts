import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PipelineReport } from "../../sandbox/ci/pipeline";
import { runGit } from "../../sandbox/git/command";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { steps, told } from "./engineEvents";
import { emptyShop, type Shop, succeeded } from "./shop";
import { outputsOf } from "./witness";

const services = [
    ...["adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator"],
    ...["paymentservice", "productcatalogservice", "recommendationservice", "redis-cart", "shippingservice"],
];
/** The load generator's init container has an image of its own. */
const images = [...services, "loadgenerator/frontend-check"].sort();
const tiers = { dev: "develop", stage: "release-candidate", prod: "stable" } as const;
const environments = ["dev", "stage", "prod"] as const;

/** Each test is the next step of one world's life. */
describe("Online Boutique, from an empty cloud to prod on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;
    let built: PipelineReport;
    const pods = () =>
        Promise.all(environments.map(async (environment) => Object.keys(await running(shop.world, environment)).length));
    /** Image → digest, as the build pushed it: what every environment must run. */
    const pushed = () => Object.fromEntries(images.map((image) => [image, built.images[image].digest]));

    before(async () => {
        shop = await emptyShop();
    });

    it("begins with what the bootstrap makes, a bucket and a key for each stack: no cluster, no account, no registry, no image", async () => {
        const { cloud, registry } = shop.world;
        assert.deepEqual(cloud.clusters(), []);
        const stacks = [["delivery", "platform"], ...["dev", "prod", "stage"].map((name) => [name, name])];
        assert.deepEqual(
            cloud.resourceNames("projects").filter((name) => !/^projects\/[^/]+(\/services\/[^/]+)?$/.test(name)),
            stacks.flatMap(([project, stack]) => {
                const ring = `projects/acme-${project}/locations/europe-west1/keyRings/oneflow`;
                return [ring, `${ring}/cryptoKeys/pulumi-${stack}`];
            }),
        );
        assert.deepEqual(
            cloud.resourceNames("buckets"),
            stacks.map(([project, stack]) => `buckets/acme-${project}-pulumi-${stack}`),
        );
        assert.deepEqual(await registry.repositories(), []);
        assert.equal(await registry.totalBytes(), 0);
    });

    it("brings up the platform: three clusters, a tier and a record of runs for each environment, the deploy registry", async () => {
        const { world, delivery } = shop;
        succeeded(await delivery.up("platform"));
        world.fetchCredentials();
        assert.deepEqual(
            world.cloud.clusters().map(({ key }) => key),
            ["acme-dev", "acme-prod", "acme-stage"].map((id) => `${id}/europe-west1/${id.replace("acme", "acme-shop")}`),
        );
        assert.deepEqual(repositories(world.cloud.resourceNames("projects")), [
            ...["acme-delivery/deploy", "acme-dev/develop", "acme-dev/develop-runs", "acme-prod/stable", "acme-prod/stable-runs"],
            ...["acme-stage/release-candidate", "acme-stage/release-candidate-runs"],
        ]);
        assert.deepEqual(outputsOf(world, "platform"), {
            deployers: Object.fromEntries(
                environments.map((name) => [name, `serviceAccount:deployer-${name}@acme-${name}.iam.gserviceaccount.com`]),
            ),
        });
        assert.equal(await world.registry.totalBytes(), 0);
    });

    it("deploys nothing to dev before the first push, and says which services are pending", async () => {
        const run = succeeded(await shop.delivery.deployDev("--json"));
        assert.deepEqual(told(run), [
            "Nothing is deployed to dev yet: develop has no latest lock, so nothing was built so far.\n" +
                `  pending: ${services.slice(0, -1).join(", ")} and ${services.at(-1)}`,
        ]);
        assert.deepEqual(steps(run), ["create oneflow:index:Environment acme-shop", "create pulumi:pulumi:Stack acme-shop-dev"]);
        assert.deepEqual(await pods(), [0, 0, 0]);
        assert.equal(await shop.world.registry.totalBytes(), 0);
    });

    it("provisions nothing in an environment whose commit is unset, and says so", async () => {
        const run = succeeded(await shop.up("stage"));
        assert.deepEqual(told(run), [
            "Nothing is deployed to stage: its commit is not set.\n" +
                "  → pulumi config set commit <full commit SHA> -s stage && pulumi up -s stage",
        ]);
        assert.deepEqual(steps(run), ["create oneflow:index:Environment acme-shop", "create pulumi:pulumi:Stack acme-shop-stage"]);
        assert.deepEqual(outputsOf(shop.world, "stage"), { commit: "", images: {} });
        assert.deepEqual(await pods(), [0, 0, 0]);
    });

    it("builds eleven services at the first push, mirrors what others made, and moves latest", async () => {
        built = await shop.delivery.push();
        assert.deepEqual(built.failures, []);
        assert.deepEqual(Object.keys(built.images).sort(), images);
        const outcomes = Object.values(built.images).map(({ outcome }) => outcome);
        assert.equal(outcomes.filter((outcome) => outcome === "built").length, 11);
        assert.equal(outcomes.filter((outcome) => outcome === "mirrored").length, 2);
        assert.equal(built.latest, "moved");
    });

    it("runs them in dev with no manual step between", async () => {
        succeeded(await shop.delivery.deployDev());
        assert.deepEqual(Object.keys(await running(shop.world, "dev")).sort(), services);
        assert.deepEqual(await pods(), [12, 0, 0]);
    });

    it("promotes the commit to stage and from there to prod", async () => {
        succeeded(await shop.delivery.promote("stage", built.commit));
        assert.deepEqual(await pods(), [12, 12, 0]);
        succeeded(await shop.delivery.promote("prod", built.commit));
        assert.deepEqual(await pods(), [12, 12, 12]);
    });

    it("runs in every environment, by what the pods pulled, the digests that the build pushed", async () => {
        const { "loadgenerator/frontend-check": _init, ...served } = pushed();
        assert.deepEqual(await Promise.all(environments.map((environment) => running(shop.world, environment))), [
            served,
            served,
            served,
        ]);
    });

    it("recorded every run with the commit that was asked for and every digest", async () => {
        for (const environment of environments) {
            const record = await recorded(shop.world, environment);
            assert.ok(record, `${environment} has a run record`);
            assert.equal(record.environment, environment);
            assert.deepEqual(record.request, { commit: built.commit, pins: {} });
            assert.deepEqual(
                Object.fromEntries(Object.entries(record.images).map(([image, { digest }]) => [image, digest])),
                pushed(),
            );
            assert.deepEqual(outputsOf(shop.world, environment), { commit: built.commit, images: pushed() });
        }
    });

    it("holds in every tier, under the commit's tag, the digest that the build pushed: by our client and by crane", async () => {
        const { layout, daemon } = shop.world;
        const auditor = registryAs(shop.world, "auditor");
        const crane = await toolPath("crane");
        const env = { ...process.env, DOCKER_CONFIG: layout.identity("auditor") };
        for (const environment of environments) {
            const tags = images.map(
                (image) => `${daemon.registry}/acme-${environment}/${tiers[environment]}/${image}:${built.commit}`,
            );
            const resolved = await Promise.all(tags.map((tag) => auditor.resolve(tag)));
            assert.deepEqual(Object.fromEntries(images.map((image, index) => [image, resolved[index]?.digest])), pushed());
            const craned = await Promise.all(tags.map((tag) => promisify(execFile)(crane, ["digest", tag], { env })));
            assert.deepEqual(Object.fromEntries(images.map((image, index) => [image, craned[index].stdout.trim()])), pushed());
        }
    });

    it("has nothing left to do in any of the four stacks", async () => {
        const stacks = ["platform", ...environments];
        const runs = await Promise.all(stacks.map((stack) => shop.world.pulumi(stack, ["preview", "--expect-no-changes"])));
        runs.forEach(succeeded);
    });

    it("changes no resource when the code of core/registry was edited", async () => {
        const folder = join(shop.world.layout.operations, "core", "registry");
        for (const file of readdirSync(folder)) {
            appendFileSync(join(folder, file), "\n// edited\n");
        }
        assert.deepEqual(steps(succeeded(await shop.up("prod"))), []);
        await shop.undoEdits();
    });

    it("leaves nothing in the operations checkout that is not committed", async () => {
        const { stdout } = await runGit(shop.world.layout.operations, ["status", "--porcelain"]);
        assert.equal(stdout.toString(), "");
    });
});

/** `project/repository` of the registry's repositories among resource names, sorted. */
function repositories(names: readonly string[]): string[] {
    return names
        .flatMap((name) => /^projects\/([^/]+)\/locations\/[^/]+\/repositories\/([^/]+)$/.exec(name)?.slice(1).join("/") ?? [])
        .sort();
}
