import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkedOutCommit, overrideOf, writtenNow } from "../../core/facts/process";
import { resolveLatest } from "../../core/facts/latest";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { recordRun } from "../../core/facts/recordRun";
import { decide } from "../../core/promotion/decide";
import type { PromotionRequest } from "../../core/promotion/model";
import { propose } from "../../core/promotion/proposal";
import { tierAddress } from "../../core/promotion/words";
import { RegistryError } from "../../core/registry/model";
import { imageRepository } from "../../core/release/addresses";
import { copyImages } from "../../core/release/copyImages";
import { imageSet, setKey, type LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { newestRun, recentRuns, writeRun } from "../../core/release/runRecordStore";
import type { Environment } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, lockOf, recordOf } from "./promotionExamples";

const services = ["ad", "cart", "checkout", "currency", "email", "frontend", "payment", "product", "recommend", "shipping"];
const catalog = catalogOf(...services);
const [dev, stage, prod] = (["dev", "stage", "prod"] as const).map(environmentOf);
const first = commit("11111111");
const second = commit("22222222");
const third = commit("33333333");

describe("the facts of a promotion", () => {
    it("of what runs already cost six requests, however many services there are", async () => {
        const registry = await team();
        registry.calls.length = 0;
        const facts = await gatherFacts(registry, request(stage, dev, first));
        // A pull is two requests: manifest and blob.
        assert.deepEqual(kinds(registry), { pull: 2, tags: 2 });
        assert.equal(facts.current?.request.commit, first);
        assert.deepEqual(facts.locks[first]?.source.commit, first);
        assert.deepEqual([facts.tags, [...facts.missing], facts.alternatives], [[], [], []]);
    });

    it("of one changed image cost two more for the set and two for the image", async () => {
        const registry = await team();
        registry.calls.length = 0;
        const facts = await gatherFacts(registry, request(stage, dev, second));
        assert.deepEqual(kinds(registry), { pull: 2, tags: 2, resolve: 4 });
        const { digest: built } = facts.locks[second]!.images.cart;
        assert.deepEqual(facts.tags, [{ image: "cart", tier: `${dev.registry}/develop`, tag: second, digest: built }]);
        assert.deepEqual([facts.ranBefore.size, facts.ranHere.size, facts.missing.size, facts.alternatives.length], [1, 0, 0, 0]);
    });

    it("name what ran in the environment before where the whole set never did", async () => {
        const registry = await team();
        await build(registry, third, { cart: second });
        const facts = await gatherFacts(registry, request(stage, dev, third));
        assert.deepEqual([...facts.ranBefore], []);
        assert.equal(facts.imagesRanBefore.has(`cart@${facts.locks[third]!.images.cart.digest}`), true);
        assert.equal(facts.imagesRanBefore.has(`ad@${facts.locks[third]!.images.ad.digest}`), false);
        assert.deepEqual(facts.alternatives, [second, first]);
    });

    it("take locks from the own tier once the tier before has cleaned them, so that a rollback works", async () => {
        const registry = await team();
        await deploy(registry, stage, dev, second);
        const locks = `${dev.registry}/develop/locks/acme/shop`;
        registry.delete(locks, registry.meaning(`${locks}:${first}`)!);
        const { cart } = (await gatherFacts(registry, request(stage, dev, second))).locks[second]!.images;
        const built = registry.meaning(`${dev.registry}/develop/cart:${first}`)!;
        registry.delete(`${dev.registry}/develop/cart`, built);

        const facts = await gatherFacts(registry, request(stage, dev, first));
        assert.equal(facts.locks[first]?.source.commit, first);
        assert.deepEqual([...facts.ranHere], [setKey(imageSet(facts.locks[first]!.images))]);
        assert.deepEqual([...facts.missing], []);
        assert.deepEqual(facts.tags, [{ image: "cart", tier: `${stage.registry}/release-candidate`, tag: first, digest: built }]);
        assert.notEqual(cart.digest, built);
    });

    it("of a rollback need nothing from the tier before, which may not answer at 3 a.m.", async () => {
        const registry = await team();
        await deploy(registry, stage, dev, second);
        registry.beforeRead = (reference) => {
            if (reference.startsWith(dev.registry)) {
                throw new RegistryError(`Cannot resolve ${reference}: connect ETIMEDOUT`);
            }
        };
        const facts = await gatherFacts(registry, request(stage, dev, first));
        assert.ok("plan" in decide(request(stage, dev, first), facts));
        await assert.rejects(gatherFacts(registry, request(stage, dev, third)), RegistryError);
    });

    it("name images that are in neither tier", async () => {
        const registry = await team();
        const built = registry.meaning(`${dev.registry}/develop/cart:${second}`)!;
        registry.delete(`${dev.registry}/develop/cart`, built);
        const facts = await gatherFacts(registry, request(stage, dev, second));
        assert.deepEqual([...facts.missing], [`cart@${built}`]);
        assert.deepEqual(facts.alternatives, [first]);
    });

    it("know what a tag means now that somebody has pushed over it", async () => {
        const registry = await team();
        const other = registry.putImage(`${dev.registry}/develop/cart`, "somebody's", [second], { move: true });
        const facts = await gatherFacts(registry, request(stage, dev, second));
        assert.deepEqual(facts.tags, [{ image: "cart", tier: `${dev.registry}/develop`, tag: second, digest: other }]);
        assert.deepEqual([...facts.missing], []);
    });

    it("offer a commit neither where it ran with pins only nor where its lock is gone", async () => {
        const registry = await team();
        await deploy(registry, dev, undefined, first, { cart: second });
        const locks = `${dev.registry}/develop/locks/acme/shop`;
        registry.delete(locks, registry.meaning(`${locks}:${second}`)!);
        const facts = await gatherFacts(registry, request(stage, dev, third));
        assert.equal(facts.locks[third], undefined);
        assert.deepEqual(facts.alternatives, [first]);
    });

    it("tell when a set soaked from the tags of the runs, two requests for those of a month", async () => {
        const registry = await team();
        const soaking = { ...stage, soakSeconds: 60 };
        registry.calls.length = 0;
        const now = new Date(Date.parse((await newestRun(registry, dev))!.at) + 60_000);
        registry.calls.length = 0;
        const facts = await gatherFacts(registry, request(soaking, dev, second), { now });
        assert.deepEqual(kinds(registry), { pull: 2, tags: 4, resolve: 4 });
        const { key } = propose(request(soaking, dev, second), facts);
        assert.deepEqual(facts.stretchesBefore, [{ what: key, from: (await newestRun(registry, dev))!.at }]);
        assert.equal(facts.now, now.toISOString());
    });

    it("look back past a run that was too short for one that was long enough, and offer what soaked", async () => {
        const registry = await team();
        await deploy(registry, dev, undefined, first);
        await deploy(registry, dev, undefined, second);
        const soaking = { ...stage, soakSeconds: 90 };
        const runs = await recentRuns(registry, dev, 4);
        const now = new Date(Date.parse(runs[0].at) + 89_000);
        const facts = await gatherFacts(registry, request(soaking, dev, second), { now });
        assert.deepEqual(
            facts.stretchesBefore.map(({ from, to }) => [from, to]),
            [
                [runs[0].at, undefined],
                [runs[2].at, runs[1].at],
            ],
        );
        assert.deepEqual(facts.alternatives, [first]);
        const patient = { now: new Date(now.getTime() + 1000) };
        assert.ok(
            "plan" in decide(request(soaking, dev, second), await gatherFacts(registry, request(soaking, dev, second), patient)),
        );
    });

    it("tell for each image of a mixed set when it ran, back to its first run", async () => {
        const registry = await team();
        await build(registry, third, Object.fromEntries(services.filter((name) => name !== "ad").map((name) => [name, first])));
        await deploy(registry, dev, undefined, third);
        const soaking = { ...stage, soakSeconds: 3600 };
        const asked = request(soaking, dev, second, { ad: third });
        const facts = await gatherFacts(registry, asked);
        const runs = await recentRuns(registry, dev, 3);
        assert.deepEqual([...facts.ranBefore], []);
        assert.deepEqual(facts.stretchesBefore, [
            { what: `ad@${facts.locks[third]!.images.ad.digest}`, from: runs[0].at },
            { what: `cart@${facts.locks[second]!.images.cart.digest}`, from: runs[1].at, to: runs[0].at },
        ]);
    });

    it("tell whether a hotfix stands on the release that its lock names, as far as the checkout knows", async () => {
        const registry = await team();
        const images = Object.fromEntries(services.map((name) => [name, builtBy(third)]));
        const { source, ...lock } = lockOf(third, images, catalog);
        await pushLock(registry, dev, { ...lock, source: { ...source, branch: "hotfix", release: "v1.4.0" } });
        const told = async (known: Record<string, string>) => {
            const commits = {
                find: async (reference: string) => known[reference],
                isAncestor: async (ancestor: string, descendant: string) => ancestor === first && descendant === third,
                isShallow: async () => false,
            };
            return (await gatherFacts(registry, request(stage, dev, third), { commits })).hotfixes;
        };
        assert.deepEqual(await told({ [third]: third, "refs/tags/v1.4.0": first }), { [third]: { descends: true } });
        assert.deepEqual(await told({ [third]: third, "refs/tags/v1.4.0": second }), { [third]: { descends: false } });
        assert.deepEqual(await told({ [third]: third }), { [third]: {} });
        assert.deepEqual((await gatherFacts(registry, request(stage, dev, second))).hotfixes, {});
    });

    it("are read for no ref that is not a full SHA", async () => {
        const registry = await team();
        registry.calls.length = 0;
        const facts = await gatherFacts(registry, request(stage, dev, "2222222"));
        assert.deepEqual(facts.locks, {});
        assert.ok(!registry.calls.some((call) => call.endsWith(":2222222")));
    });
});

describe("latest", () => {
    it("is the commit of the lock that it means, and nothing before the first build", async () => {
        assert.equal(await resolveLatest(new MemoryRegistry(), dev, catalog), undefined);
        assert.equal(await resolveLatest(await team(), dev, catalog), second);
    });
});

describe("who ran a deployment, when and why", () => {
    const now = new Date("2026-01-31T23:59:59.999Z");

    it("is told by the process, the most explicit variable first", async () => {
        const nowhere = join(tmpdir(), "no-such-folder");
        const by = async (variables: NodeJS.ProcessEnv) => (await writtenNow(nowhere, variables, now)).by;
        assert.equal(await by({ ONEFLOW_ACTOR: "ada", GITHUB_ACTOR: "grace", USER: "root" }), "ada");
        assert.equal(await by({ ONEFLOW_ACTOR: "", GITHUB_ACTOR: "grace", USER: "root" }), "grace");
        assert.equal(await by({ USER: "root" }), "root");
        assert.equal(await by({}), "unknown");
    });

    it("tells what rules somebody answers for", () => {
        assert.equal(overrideOf({ ONEFLOW_REASON: "customers wait" }), undefined);
        assert.equal(overrideOf({ ONEFLOW_OVERRIDE: " , " }), undefined);
        assert.deepEqual(overrideOf({ ONEFLOW_OVERRIDE: "freeze, soak,freeze", ONEFLOW_REASON: " customers wait " }), {
            rules: ["freeze", "soak"],
            reason: "customers wait",
        });
        assert.deepEqual(overrideOf({ ONEFLOW_OVERRIDE: "freeze" }), { rules: ["freeze"], reason: "" });
    });

    it("leaves out what is not known", async () => {
        const written = await writtenNow(join(tmpdir(), "no-such-folder"), { USER: "ada", ONEFLOW_REASON: " " }, now);
        assert.deepEqual(written, { at: "2026-01-31T23:59:59Z", by: "ada" });
    });

    it("names the commit of the checkout and the reason", async () => {
        const directory = mkdtempSync(join(tmpdir(), "oneflow-facts-"));
        try {
            assert.equal(await checkedOutCommit(directory), undefined);
            const git = (...words: string[]) =>
                execFileSync("git", ["-C", directory, "-c", "user.name=ada", "-c", "user.email=ada@acme.example", ...words], {
                    stdio: ["ignore", "pipe", "ignore"],
                })
                    .toString()
                    .trim();
            git("init", "-q");
            git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "first");
            assert.deepEqual(await writtenNow(directory, { USER: "ada", ONEFLOW_REASON: "customers wait" }, now), {
                at: "2026-01-31T23:59:59Z",
                by: "ada",
                operations: git("rev-parse", "HEAD"),
                reason: "customers wait",
            });
        } finally {
            rmSync(directory, { recursive: true });
        }
    });

    it("is in the record that a healthy run leaves", async () => {
        const registry = new MemoryRegistry();
        const {
            schema: _schema,
            at: _at,
            by: _by,
            ...foreseen
        } = recordOf("prod", { commit: first, pins: {} }, { ad: builtBy(first) }, "");
        const process = {
            directory: join(tmpdir(), "no-such-folder"),
            environment: { ONEFLOW_ACTOR: "ada", ONEFLOW_REASON: "v1" },
        };
        const record = await recordRun(registry, prod, foreseen, process);
        assert.deepEqual([record.by, record.reason, record.operations], ["ada", "v1", undefined]);
        assert.deepEqual(await newestRun(registry, prod), record);
    });
});

/** Two commits, of which the second changed cart; both ran in dev, the first in stage. */
async function team(): Promise<MemoryRegistry> {
    const registry = new MemoryRegistry();
    await build(registry, first);
    await deploy(registry, dev, undefined, first);
    await deploy(registry, stage, dev, first);
    await build(registry, second, Object.fromEntries(services.filter((name) => name !== "cart").map((name) => [name, first])));
    await deploy(registry, dev, undefined, second);
    return registry;
}

/** Builds a commit; `from` says which services are unchanged since which commit. */
async function build(registry: MemoryRegistry, sha: string, from: Record<string, string> = {}): Promise<void> {
    const images = Object.fromEntries(
        services.map((name): [string, LockedImage] => {
            const origin = from[name] ?? sha;
            const built = registry.putImage(imageRepository(dev, name), `${name} of ${origin}`, [sha]);
            return [name, { commit: origin, digest: built }];
        }),
    );
    await pushLock(registry, dev, lockOf(sha, images, catalog), { latest: true });
}

let minutes = 0;

async function deploy(
    registry: MemoryRegistry,
    to: Environment,
    before: Environment | undefined,
    sha: string,
    pins = {},
): Promise<void> {
    const { locks } = await gatherFacts(registry, request(to, before, sha, pins));
    const images = Object.fromEntries(
        services.map((name) => [name, (locks[(pins as Record<string, string>)[name] ?? sha] ?? assert.fail()).images[name]]),
    );
    const from = tierAddress(before ?? to);
    const copies = Object.entries(images).map(([name, { digest: copied }]) => {
        return [name, { digest: copied, from, tags: [(pins as Record<string, string>)[name] ?? sha] }] as const;
    });
    await copyImages(registry, {
        from: before ?? to,
        to,
        images: Object.fromEntries(copies),
        locks: Object.fromEntries([sha, ...Object.values<string>(pins)].map((one) => [one, "acme/shop"])),
    });
    const at = new Date(Date.UTC(2026, 0, 1, 0, minutes++)).toISOString().replace(".000Z", "Z");
    await writeRun(registry, to, recordOf(to.name, { commit: sha, pins }, images, at));
}

function request(environment: Environment, before: Environment | undefined, sha: string, pins = {}): PromotionRequest {
    return { environment, before, catalog, commit: sha, pins };
}

function builtBy(sha: string): LockedImage {
    return { commit: sha, digest: digest("ad") };
}

function kinds({ calls }: MemoryRegistry): Record<string, number> {
    const found: Record<string, number> = {};
    for (const kind of calls.map((call) => call.split(" ")[0])) {
        found[kind] = (found[kind] ?? 0) + 1;
    }
    return found;
}
