import assert from "node:assert/strict";
import type { History } from "../../core/build/history";
import { type Candidate, gatherCutFacts, namesCommits, notesOf } from "../../core/facts/releaseFacts";
import { imageRepository } from "../../core/release/addresses";
import { judgeCut } from "../../core/release/cut";
import { imageSet, type Lock, type LockedImage, setKey } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { publishRelease, releaseOf } from "../../core/release/publish";
import { pullRelease } from "../../core/release/releaseStore";
import { writeRun } from "../../core/release/runRecordStore";
import { noWaivers } from "../../core/release/tagText";
import type { Settings } from "../../core/settings/model";
import { service, settings } from "../components/settings";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, lockOf, recordOf } from "./promotionExamples";

const sha = commit("9f8e02b");
const next = commit("aaaa");
const catalog = catalogOf("cart", "cart/wait", "checkout");
const shop: Settings = settings({ project: "shop", catalog });
const [dev, , prod] = shop.environments;
const { deploy } = shop.delivery;
const candidate: Candidate = { version: "1.4.0", commit: sha };

/** A registry whose develop has a commit's images and lock. */
function built(): { registry: MemoryRegistry; lock: (of: string, changed?: string) => Promise<Lock> } {
    const registry = new MemoryRegistry();
    const lock = async (of: string, changed?: string) => {
        const image = (name: string): LockedImage => {
            const since = changed === undefined || changed === name ? of : sha;
            const digest = registry.putImage(imageRepository(dev, name), `${name} ${since}`, []);
            return name.includes("/") ? { source: "busybox@sha256:…", digest } : { commit: since, digest };
        };
        const made = lockOf(of, Object.fromEntries(["cart", "cart/wait", "checkout"].map((name) => [name, image(name)])), catalog);
        await pushLock(registry, dev, made);
        return made;
    };
    return { registry, lock };
}

const history = (more: Partial<History> = {}): History => ({
    releases: async () => [],
    tagText: async () => undefined,
    branches: async () => ["main"],
    between: async () => [],
    ...more,
});
const ran = (registry: MemoryRegistry, { images }: Lock, minute: number) =>
    writeRun(registry, dev, recordOf("dev", { commit: sha, pins: {} }, images, `2026-03-02T10:0${minute}:00Z`));
const gathered = (registry: MemoryRegistry, of = candidate, by = history(), how = shop) => gatherCutFacts(registry, by, how, of, 0);

describe("What is read before a release is judged", () => {
    it("is the lock, which of its images ran, and whether they are there", async () => {
        const { registry, lock } = built();
        const first = await lock(sha);
        await ran(registry, first, 0);
        const second = await lock(next, "cart");
        const facts = await gathered(registry, { version: "1.4.0", commit: next });
        assert.deepEqual(facts.lock, second);
        assert.deepEqual(facts.ran, new Set(["cart/wait", "checkout"].map((name) => `${name}@${second.images[name].digest}`)));
        assert.deepEqual([facts.first, facts.branches, facts.takes], [{ name: "dev", tier: "develop" }, ["main"], "commit"]);
        assert.deepEqual([facts.missing, facts.taken], [new Set(), {}]);
    });

    it("asks of a set that ran as one but once whether it ran", async () => {
        const { registry, lock } = built();
        await ran(registry, await lock(sha), 0);
        registry.calls.length = 0;
        const facts = await gathered(registry);
        assert.equal(facts.ran.size, 3);
        assert.deepEqual(
            registry.calls.filter((call) => call.includes("/develop-runs/")),
            [`resolve ${dev.registry}/develop-runs/sets:set-${setKey(imageSet(facts.lock!.images))}`],
        );
    });

    it("tells of each other tag whether the commit stands on it, and whether a release came of it", async () => {
        const { registry, lock } = built();
        await publishRelease(registry, releaseOf(shop, "1.3.0", await lock(sha)), dev);
        const tagged = ["1.3.0", "1.3.9", "1.4.0"].map((version) => ({ version, commit: sha }));
        const facts = await gathered(
            registry,
            candidate,
            history({ releases: async (standsOn) => (standsOn === undefined ? tagged : tagged.slice(0, 1)) }),
        );
        assert.deepEqual(facts.releases, [
            { version: "1.3.0", commit: sha, contained: true, made: true },
            { version: "1.3.9", commit: sha, contained: false, made: false },
        ]);
    });

    it("names what was cleaned up, and what stands under a tag in deploy that another image has", async () => {
        const { registry, lock } = built();
        const { images } = await lock(sha);
        registry.delete(imageRepository(dev, "checkout"), images.checkout.digest);
        const other = registry.putImage(`${deploy}/cart`, "somebody's own", [sha]);
        const facts = await gathered(registry);
        assert.deepEqual([facts.missing, facts.taken], [new Set(["checkout"]), { cart: { tag: sha, digest: other } }]);
    });

    it("does not wait for the lock of a commit that no pushed branch is built of", async () => {
        const facts = await gatherCutFacts(
            new MemoryRegistry(),
            history({ branches: async () => ["try/it"] }),
            shop,
            candidate,
            3600,
        );
        assert.equal(facts.lock, undefined);
    });

    it("is, of several repositories, the set of the first environment's newest healthy run, or of the one that a tag names", async () => {
        const image = { ...service("x").image, repository: "acme/cart" } as const;
        const services = { ...catalog.services, cart: { ...catalog.services.cart, image } };
        const several = { ...shop, catalog: { services } };
        assert.deepEqual([namesCommits(shop), namesCommits(several)], [true, false]);
        const { registry, lock } = built();
        const [first, second] = [await lock(sha), await lock(next, "cart")];
        await ran(registry, first, 0);
        await ran(registry, second, 1);
        const newest = await gathered(registry, candidate, history(), several);
        assert.deepEqual(newest.lock?.images, second.images);
        assert.deepEqual(newest.lock?.source, { repository: "acme/shop", commit: sha, branch: "main" });
        assert.deepEqual(judgeCut({ ...candidate, waivers: noWaivers }, newest), []);
        const set = setKey(imageSet(first.images));
        assert.deepEqual((await gathered(registry, { ...candidate, set }, history(), several)).lock?.images, first.images);
        const never = await gathered(registry, { ...candidate, set: "0".repeat(64) }, history(), several);
        assert.deepEqual(
            judgeCut({ ...candidate, waivers: noWaivers }, never).map(({ subject }) => subject),
            ["dev"],
        );
    });
});

describe("A release that is published", () => {
    it("has its images in deploy under the commits that built them, and is rendered for the last environment", async () => {
        const { registry, lock } = built();
        await lock(sha);
        const made = await lock(next, "cart");
        assert.equal((await publishRelease(registry, releaseOf(shop, "1.4.0", made), dev)).copied, 3);
        assert.equal(registry.meaning(`${deploy}/cart:${next}`), made.images.cart.digest);
        assert.equal(registry.meaning(`${deploy}/checkout:${sha}`), made.images.checkout.digest);
        assert.equal(registry.meaning(`${deploy}/cart/wait:${next}`), made.images["cart/wait"].digest);
        const { release } = (await pullRelease(registry, { deploy, project: "shop" }, "1.4.0"))!;
        assert.deepEqual(release.lock, made);
        assert.deepEqual(release.target, { environment: "prod", cloudProject: prod.project, namespace: prod.namespace });
    });

    it("sends an image that an earlier release brought but once, and changes nothing the second time", async () => {
        const { registry, lock } = built();
        await publishRelease(registry, releaseOf(shop, "1.3.0", await lock(sha)), dev);
        const release = releaseOf(shop, "1.4.0", await lock(next, "cart"));
        assert.equal((await publishRelease(registry, release, dev)).copied, 1);
        const before = registry.contents();
        assert.equal((await publishRelease(registry, release, dev)).copied, 0);
        assert.deepEqual(registry.contents(), before);
    });

    it("comes last, so one that broke off is not there, and is completed by the next try", async () => {
        const { registry, lock } = built();
        const release = releaseOf(shop, "1.4.0", await lock(sha));
        // More than the puts of one that is never cut off.
        for (let allowed = 0; allowed < 20; allowed++) {
            let left = allowed;
            registry.beforePut = () => {
                if (left-- <= 0) throw new Error("cut off");
            };
            await publishRelease(registry, release, dev).catch(() => undefined);
        }
        registry.beforePut = () => undefined;
        await publishRelease(registry, release, dev);
        const whole = built();
        await publishRelease(whole.registry, releaseOf(shop, "1.4.0", await whole.lock(sha)), dev);
        assert.deepEqual(registry.contents(), whole.registry.contents());
    });

    it("has notes since the newest release before it that was made and can be read, with the commits of this checkout", async () => {
        const { registry, lock } = built();
        await publishRelease(registry, releaseOf(shop, "1.2.0", await lock(sha)), dev);
        registry.putImage(`${deploy}/shop`, "no release", ["v1.3.1"]);
        const asked: unknown[] = [];
        const by = history({
            releases: async () => ["1.2.0", "1.3.0", "1.3.1", "1.5.0"].map((version) => ({ version, commit: sha })),
            between: async (from, to) => (asked.push(from, to), [{ commit: next, title: "Mend carts" }]),
        });
        const notes = await notesOf(registry, by, shop, { version: "1.4.0", commit: next }, await lock(next, "cart"));
        assert.match(notes, /^# v1\.4\.0\n\nChanged since v1\.2\.0:\n/);
        assert.match(notes, /Unchanged: cart\/wait, checkout\.\n\n## acme\/shop: 9f8e02b … aaaa000\n\n- aaaa000 Mend carts\n/);
        assert.deepEqual(asked, [[sha], [next]]);
        assert.match(await notesOf(registry, history(), shop, candidate, await lock(sha)), /^# v1\.4\.0\n\nChanged:\n/);
    });
});
