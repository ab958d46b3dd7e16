import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Digest } from "../../core/registry/reference";
import { imageRepository } from "../../core/release/addresses";
import { unpackArchive } from "../../core/release/archive";
import { imageSet, type Lock } from "../../core/release/lock";
import { pullLock, pushLock } from "../../core/release/lockStore";
import { publishRelease, releaseOf } from "../../core/release/publish";
import { pullRelease } from "../../core/release/releaseStore";
import { readSettings } from "../../core/settings/load";
import { runGit } from "../../sandbox/git/command";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { tokenOf } from "../../sandbox/world/credentials";
import { errors, steps, told } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { outputsOf, witness } from "./witness";

const run = promisify(execFile);
const short = (commit: string) => `${commit.slice(0, 7)}…`;

/**
 * develop's history: `first`, which runs in stage, and `rounded`, which runs in dev and is released as v1.4.0. Each test goes on from
 * where the one before left the world.
 */
describe("A release on the real engine", function () {
    this.timeout(600_000);
    let shop: Shop;
    let rounded: string;
    let lock: Lock;
    let folder: string;
    const settings = () => readSettings({ directory: shop.world.layout.operations, stack: "prod" });
    const place = () => ({ deploy: settings().delivery.deploy, project: settings().project });
    const released = async (version: string, made: Lock, tagged = made.source.commit) => {
        const { operations } = shop.world.layout;
        await publishRelease(
            registryAs(shop.world, "releaser"),
            releaseOf(settings(), version, made),
            shop.world.environment("dev"),
        );
        await runGit(operations, ["fetch", "--quiet", "origin"]);
        await runGit(operations, ["tag", "--force", `v${version}`, tagged]);
    };
    const lockOf = async (commit: string): Promise<Lock> => {
        const { world } = shop;
        const found = await pullLock(registryAs(world, "auditor"), world.environment("dev"), world.repository, commit);
        assert.ok(found, `${commit} has a lock`);
        return found;
    };
    const refused = async (environment: "stage" | "prod", commit: string): Promise<string[]> => {
        await shop.delivery.configure(environment, ["commit", commit]);
        const before = await witness(shop.world, environment);
        const ended = await shop.up(environment);
        assert.notEqual(ended.code, 0);
        assert.deepEqual(steps(ended), []);
        const after = await witness(shop.world, environment);
        assert.deepEqual([after.registry, after.cloud], [before.registry, before.cloud]);
        return errors(ended)[0].split("\n");
    };

    before(async () => {
        shop = await deliveredShop();
        folder = await mkdtemp(join(tmpdir(), "oneflow-released-"));
        rounded = await shop.change("checkoutservice", "Round totals to the cent");
        succeeded(await shop.delivery.deployDev());
        lock = await lockOf(rounded);
        await released("1.4.0", lock);
    });
    after(() => rm(folder, { recursive: true }));

    it("goes to stage by its tag, with the digests of its lock", async () => {
        const before = await running(shop.world, "stage");
        const ended = succeeded(await shop.promote("stage", "v1.4.0"));
        assert.deepEqual(steps(ended), [
            "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
            "update kubernetes:apps/v1:Deployment europe-west1-checkoutservice",
            "update pulumi-nodejs:dynamic/oneflow:RunRecord run",
        ]);
        const [words] = told(ended);
        assert.equal(words.split("\n")[0], "stage goes forward to v1.4.0");
        assert.equal(words.split("\n")[2], "  12 other images stay");
        assert.deepEqual((await recorded(shop.world, "stage"))?.request, { commit: rounded, release: "v1.4.0", pins: {} });
        assert.equal(outputsOf(shop.world, "stage")?.commit, "v1.4.0");
        const after = await running(shop.world, "stage");
        assert.deepEqual(after, { ...before, checkoutservice: lock.images.checkoutservice.digest });
    });

    it("goes on to prod, to an environment that never ran: dev, stage, prod, lock, chart and kustomization say the same", async () => {
        const ended = succeeded(await shop.promote("prod", "v1.4.0"));
        assert.equal(told(ended)[0].split("\n")[0], "prod runs for the first time, at v1.4.0");
        const [dev, stage, prod] = await Promise.all(
            (["dev", "stage", "prod"] as const).map((environment) => running(shop.world, environment)),
        );
        assert.equal(Object.keys(prod).length, 12);
        assert.deepEqual([dev, stage], [prod, prod]);
        const locked = imageSet(lock.images);
        assert.deepEqual(prod, Object.fromEntries(Object.keys(prod).map((service) => [service, locked[service]])));
        assert.deepEqual(imageSet((await recorded(shop.world, "prod"))!.images), locked);

        const configured = await clients();
        const { deploy, project } = place();
        const chart = await configured("helm", [
            "template",
            "shop",
            `oci://${deploy}/${project}`,
            "--version",
            "1.4.0",
            "--plain-http",
        ]);
        assert.deepEqual(imagesIn(chart), locked);
        const pulled = await pullRelease(registryAs(shop.world, "deployer-prod"), place(), "1.4.0");
        for (const [file, text] of unpackArchive(pulled!.bundle.layers[2].content)) {
            await mkdir(dirname(join(folder, "kustomization", file)), { recursive: true });
            await writeFile(join(folder, "kustomization", file), text);
        }
        assert.deepEqual(imagesIn(await configured("kustomize", ["build", join(folder, "kustomization")])), locked);
        const { registry, tier } = shop.world.environment("prod");
        for (const [image, digest] of Object.entries(locked)) {
            assert.equal(await configured("crane", ["digest", "--insecure", `${registry}/${tier}/${image}:v1.4.0`]), digest);
        }
    });

    it("is refused where it is not there, with those that are", async () => {
        const lines = await refused("stage", "v1.9.0");
        assert.deepEqual(lines.slice(1), [
            "  commit  v1.9.0 is no release in deploy: it was never released, or its release has not ended.",
            "          Newest releases there: v1.4.0",
            "          Newest releases that ran healthy in dev: v1.4.0",
            "          → npx oneflow release v1.9.0",
            "          → or: pulumi config set commit v1.4.0 -s stage && pulumi up -s stage",
        ]);
        await shop.delivery.configure("stage", ["commit", "v1.4.0"]);
    });

    it("is refused where its git tag was moved", async () => {
        const next = await shop.change("frontend", "Show a banner");
        succeeded(await shop.delivery.deployDev());
        await released("1.5.0", await lockOf(next), shop.first);
        const lines = await refused("stage", "v1.5.0");
        assert.deepEqual(lines.slice(1, 3), [
            `  commit  v1.5.0 was made of ${short(next)}, but the git tag of this checkout names ${short(shop.first)}.`,
            "          A release means one commit for ever: somebody moved the tag, here or for all. Find out who before anything is deployed.",
        ]);
        await shop.delivery.configure("stage", ["commit", "v1.4.0"]);
    });

    it("is all that an environment takes that accepts releases; a commit is refused, with what could be asked for", async () => {
        succeeded(await shop.world.pulumi("prod", ["config", "set", "--path", "environment.accepts", "releases"]));
        const next = await shop.change("adservice", "Show fewer adverts");
        succeeded(await shop.delivery.deployDev());
        succeeded(await shop.promote("stage", next));
        const lines = await refused("prod", next);
        assert.deepEqual(lines.slice(1, 3), [
            `  commit  prod accepts releases, and ${short(next)} is a commit: expected a release, v1.4.0.`,
            "          Newest releases that ran healthy in stage: v1.4.0",
        ]);
        await shop.delivery.configure("prod", ["commit", "v1.4.0"]);
    });

    it("is mended by a hotfix that goes straight to stage by its SHA, and to prod as a patch release", async () => {
        const { world } = shop;
        // What a build of hotfix/round leaves: another image of one service, on top of the release's others.
        const commit = await hotfixCommit();
        const hotfix: Lock = {
            ...lock,
            source: { ...lock.source, commit, branch: "hotfix", release: "v1.4.0" },
            images: { ...lock.images, checkoutservice: { commit, digest: await rebuilt(commit) } },
        };
        await pushLock(registryAs(world, "builder"), world.environment("dev"), hotfix);

        await shop.delivery.configure("stage", ["--path", "environment.hotfixes", "false"]);
        const lines = await refused("stage", commit);
        assert.equal(
            lines[1],
            `  commit  ${short(commit)} is a hotfix that never ran healthy in dev, and stage takes none directly: hotfixes is false in Pulumi.stage.yaml.`,
        );
        succeeded(await world.pulumi("stage", ["config", "set", "--path", "environment.hotfixes", "true"]));
        const ended = succeeded(await shop.promote("stage", commit));
        assert.ok(told(ended)[0].includes(`${short(commit)} is a hotfix of v1.4.0: it did not run in dev`), told(ended)[0]);

        await released("1.4.1", hotfix);
        const patched = succeeded(await shop.promote("prod", "v1.4.1"));
        assert.equal(told(patched)[0].split("\n")[0], "prod goes forward to v1.4.1");
        assert.deepEqual(await running(world, "prod"), await running(world, "stage"));
        assert.equal((await running(world, "prod")).checkoutservice, hotfix.images.checkoutservice.digest);
    });

    it("goes back by its tag, although dev, stage and the tag of the hotfix are elsewhere", async () => {
        const ended = succeeded(await shop.promote("prod", "v1.4.0"));
        assert.equal(told(ended)[0].split("\n")[0], "prod goes back to v1.4.0, which ran healthy here before");
        assert.equal((await running(shop.world, "prod")).checkoutservice, lock.images.checkoutservice.digest);
    });

    /** A commit on top of the release, on a branch of its own. */
    async function hotfixCommit(): Promise<string> {
        const { operations } = shop.world.layout;
        const said = async (...args: string[]) => (await runGit(operations, args)).stdout.toString().trim();
        return said("commit-tree", await said("rev-parse", "v1.4.0^{tree}"), "-p", "v1.4.0", "-m", "Round half to even");
    }

    /** The image of another service stands for what the hotfix built: what it is made of does not matter here. */
    async function rebuilt(commit: string): Promise<Digest> {
        const tier = shop.world.environment("dev");
        const { digest } = lock.images.emailservice;
        await registryAs(shop.world, "builder").copy(
            { repository: imageRepository(tier, "emailservice"), digest },
            { repository: imageRepository(tier, "checkoutservice"), tags: [commit] },
        );
        return digest;
    }

    /** Real programs that read the registry as whoever deploys prod. */
    async function clients(): Promise<(name: "helm" | "kustomize" | "crane", args: readonly string[]) => Promise<string>> {
        const tools = { helm: await toolPath("helm"), kustomize: await toolPath("kustomize"), crane: await toolPath("crane") };
        const auth = Buffer.from(`oauth2accesstoken:${tokenOf(shop.world.layout, "deployer-prod")}`).toString("base64");
        const config = join(folder, "config.json");
        await writeFile(config, JSON.stringify({ auths: { [shop.world.daemon.registry]: { auth } } }));
        const env = {
            HELM_CACHE_HOME: folder,
            HELM_CONFIG_HOME: folder,
            HELM_DATA_HOME: folder,
            HELM_REGISTRY_CONFIG: config,
            DOCKER_CONFIG: folder,
            PATH: "",
        };
        return async (name, args) => (await run(tools[name], args, { env, maxBuffer: 1 << 26 })).stdout.trim();
    }
});

/** Image name → digest, of all images that manifests name in the deploy registry. */
function imagesIn(manifests: string): Record<string, string> {
    const found = manifests.matchAll(/image: "?\S+\/deploy\/(\S+?)@(sha256:[0-9a-f]{64})/g);
    return Object.fromEntries([...found].map(([, name, digest]): [string, string] => [name, digest]).sort());
}
