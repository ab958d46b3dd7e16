import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal, type Problem } from "../../core/refusal";
import { canonicalJson, isCommit, setKey, type Lock } from "../../core/release/lock";
import { lockGaps, makeLock, parseLock, parseLockAsWritten, serializeLock } from "../../core/release/lockDocument";
import { pullLock, pullLockAsWritten, pushLock } from "../../core/release/lockStore";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, imagesOf, lockOf } from "./promotionExamples";

const sha = commit("9f8e02b");
const dev = environmentOf("dev");
const address = "europe-west1-docker.pkg.dev/acme-dev/develop/locks/acme/shop";
const catalog = catalogOf("cart", "cart/wait", "checkout");
const lock = lockOf(sha, imagesOf(catalog, sha), catalog);

describe("a lock", () => {
    it("is made of a source, a catalog and an image for each name of the catalog", () => {
        const { schema: _schema, ...parts } = lock;
        assert.deepEqual(makeLock(parts), lock);
    });

    it("is not made while images are missing or one too many is there, and each is named", () => {
        const { cart: _cart, "cart/wait": _wait, ...rest } = lock.images;
        const images = { ...rest, mailer: { commit: sha, digest: digest("aa") } };
        assert.throws(
            () => makeLock({ ...lock, images }),
            new Refusal(`Lock of ${sha} refused, nothing was changed`, [
                { subject: "images.cart", message: "is missing: the lock's own catalog has it." },
                { subject: "images.cart/wait", message: "is missing: the lock's own catalog has it." },
                { subject: "images.mailer", message: "is one too many: the lock's own catalog does not have it." },
            ]),
        );
    });

    it("reads back from its bytes as it was", () => {
        assert.deepEqual(parseLock(serializeLock(lock)), lock);
    });

    it("has the same bytes whatever the order of its keys", () => {
        const reverse = (value: unknown): unknown =>
            value === null || typeof value !== "object" || Array.isArray(value)
                ? value
                : Object.fromEntries(
                      Object.entries(value)
                          .reverse()
                          .map(([key, inner]) => [key, reverse(inner)]),
                  );
        assert.deepEqual(serializeLock(reverse(lock) as Lock), serializeLock(lock));
    });

    it("of a hotfix names the release that it mends, and no other lock does", () => {
        const hotfix: Lock = { ...lock, source: { ...lock.source, branch: "hotfix", release: "v1.4.0-rc.1" } };
        assert.deepEqual(parseLock(JSON.parse(serializeLock(hotfix).toString())), hotfix);
        const wrong: Partial<Lock["source"]>[] = [
            { branch: "develop", release: "v1.4.0" },
            { branch: "hotfix", release: "1.4.0" },
            { branch: "hotfix", release: "v1.04.0" },
            { branch: "hotfix", release: "v1.4.0+a" },
        ];
        for (const source of wrong) {
            assert.deepEqual(
                problemsOf(() => parseLock({ ...lock, source: { ...lock.source, ...source } })).map(({ subject }) => subject),
                ["source.release"],
            );
        }
    });

    it("is refused with everything that is wrong with it", () => {
        const broken = {
            ...lock,
            source: { repository: "shop", commit: "9f8e02b", branch: "feature" },
            images: {
                cart: { commit: "main", digest: "sha256:12" },
                "cart/wait": { source: "", commit: sha, digest: digest("b0") },
            },
            extra: 1,
        };
        assert.deepEqual(
            problemsOf(() => parseLockAsWritten(broken)),
            [
                {
                    subject: "document.extra",
                    message: "is not a key that this version of oneflow knows: schema, source, catalog, images.",
                },
                { subject: "source.repository", message: 'is "shop", expected owner/name.' },
                { subject: "source.commit", message: 'is "9f8e02b", expected a full commit SHA of 40 hex digits.' },
                { subject: "source.branch", message: 'is "feature", expected develop, main or hotfix.' },
                { subject: "images.cart.digest", message: 'is "sha256:12", expected sha256:<64 hex digits>.' },
                { subject: "images.cart.commit", message: 'is "main", expected a full commit SHA of 40 hex digits.' },
                { subject: "images.cart/wait.source", message: 'is "", expected a text.' },
                {
                    subject: "images.cart/wait.commit",
                    message: `is "${sha}", expected none beside source: a third party built it.`,
                },
            ],
        );
    });

    it("of another version of oneflow is refused by its schema alone", () => {
        assert.deepEqual(
            problemsOf(() => parseLock({ schema: "oneflow.dev/lock/v2" })),
            [
                {
                    subject: "schema",
                    message: 'is "oneflow.dev/lock/v2", expected "oneflow.dev/lock/v1": written by another version of oneflow.',
                },
            ],
        );
    });

    it("that is anything else is refused, never read", () => {
        fc.assert(
            fc.property(
                fc.oneof(
                    fc.jsonValue(),
                    fc.string().map((text) => Buffer.from(text)),
                ),
                (anything) => {
                    assert.throws(() => parseLock(anything), Refusal);
                },
            ),
            { seed: 1, numRuns: 200 },
        );
    });

    it("that lost any one part is refused", () => {
        const parts = pathsOf(lock).filter(
            (path) => !/\.(ports|probes|env|resources|replicas|volumes|annotations)\b/.test(path.join(".")),
        );
        const checked = parts.filter(
            (path) => path.length < 4 || path[0] !== "catalog" || /\.(name|init|image)$/.test(path.join(".")),
        );
        assert.ok(checked.length > 20);
        for (const path of checked) {
            assert.throws(() => parseLock(without(lock, path)), Refusal, path.join("."));
        }
    });

    it("says by which images it is not total", () => {
        assert.deepEqual(lockGaps({ ...lock, images: { checkout: lock.images.checkout, z: lock.images.cart } }), {
            missing: ["cart", "cart/wait"],
            surplus: ["z"],
        });
    });
});

describe("a tier's locks", () => {
    it("are kept under the commit, and a second push of the same lock changes nothing", async () => {
        const registry = new MemoryRegistry();
        const first = await pushLock(registry, dev, lock);
        const contents = registry.contents();
        assert.deepEqual(await pushLock(registry, dev, lock), first);
        assert.deepEqual(registry.contents(), contents);
        assert.deepEqual(contents, [`${address}:${sha} ${first.digest}`, `${address}@${first.digest}`]);
        assert.deepEqual(await pullLock(registry, dev, "acme/shop", sha), lock);
        assert.equal(await pullLock(registry, dev, "acme/shop", commit("71c44d0")), undefined);
    });

    it("let `latest` move, and only where that is asked for", async () => {
        const registry = new MemoryRegistry();
        const other = lockOf(commit("71c44d0"), imagesOf(catalog, commit("71c44d0")), catalog);
        await pushLock(registry, dev, lock, { latest: true });
        await pushLock(registry, dev, other);
        assert.equal((await pullLock(registry, dev, "acme/shop", "latest"))?.source.commit, sha);
        await pushLock(registry, dev, other, { latest: true });
        assert.equal((await pullLock(registry, dev, "acme/shop", "latest"))?.source.commit, other.source.commit);
    });

    it("refuse another lock for the same commit and name the images that differ", async () => {
        const registry = new MemoryRegistry();
        const { digest: known } = await pushLock(registry, dev, lock);
        const contents = registry.contents();
        const images = { ...lock.images, checkout: { commit: sha, digest: digest("bad") } };
        await assert.rejects(
            pushLock(registry, dev, { ...lock, images }, { latest: true }),
            new Refusal(`Lock of ${sha} refused, nothing was changed`, [
                {
                    subject: "develop",
                    message:
                        `already has another lock of this commit, ${known}, and a commit's lock is written once.\n` +
                        `checkout is ${lock.images.checkout.digest} there, ${digest("bad")} here`,
                    remedy: 'git commit --allow-empty -m "Build 9f8e02b again" && git push',
                },
            ]),
        );
        const tags = (lines: string[]) => lines.filter((line) => line.includes(" "));
        assert.deepEqual(tags(registry.contents()), tags(contents));
    });

    it("refuse to be read under a commit that is not theirs", async () => {
        const registry = new MemoryRegistry();
        const { digest: known } = await pushLock(registry, dev, lock);
        const other = commit("71c44d0");
        await registry.tag(address, known, other);
        await assert.rejects(
            pullLock(registry, dev, "acme/shop", other),
            new Refusal(`Lock ${address}:${other} cannot be read`, [
                { subject: "lock", message: `is the lock of commit ${sha}: somebody put the tag on it.` },
            ]),
        );
    });

    it("refuse an artifact of another type by its type", async () => {
        const registry = new MemoryRegistry();
        await registry.pushArtifact(address, { artifactType: "application/spdx+json", content: Buffer.from("{}") }, [sha]);
        await assert.rejects(pullLock(registry, dev, "acme/shop", sha), /is an artifact of type application\/spdx\+json, expected/);
    });

    it("can be read as they were written, for a rule that names what is missing beside all else", async () => {
        const registry = new MemoryRegistry();
        const { cart: _cart, ...images } = lock.images;
        const content = serializeLock({ ...lock, images });
        await registry.pushArtifact(address, { artifactType: "application/vnd.oneflow.lock.v1+json", content }, [sha]);
        assert.deepEqual((await pullLockAsWritten(registry, dev, "acme/shop", sha))?.images, images);
        await assert.rejects(pullLock(registry, dev, "acme/shop", sha), /images\.cart/);
    });
});

describe("the key of a set", () => {
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
    const sets = fc.dictionary(
        fc.stringMatching(/^[a-z]{1,6}$/),
        hex.map((text) => `sha256:${text}` as const),
        { maxKeys: 4 },
    );

    it("is the same for the same images in any order, and another for any other set", () => {
        fc.assert(
            fc.property(sets, sets, (one, other) => {
                assert.equal(setKey(one), setKey(Object.fromEntries(Object.entries(one).reverse())));
                assert.equal(setKey(one) === setKey(other), canonicalJson(one) === canonicalJson(other));
            }),
            { seed: 2, numRuns: 200 },
        );
    });
});

describe("a full commit SHA", () => {
    it("is 40 lower-case hex digits and nothing else", () => {
        assert.ok(isCommit("3c2d91a4".repeat(5)));
        for (const other of ["3c2d91a", "3C2D91A4".repeat(5), `${"a".repeat(40)}\n`, "main", "v1.4.0", "latest", 7, undefined]) {
            assert.ok(!isCommit(other), String(other));
        }
    });
});

function problemsOf(act: () => unknown): readonly Problem[] {
    try {
        act();
    } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
        return error.problems;
    }
    return assert.fail("nothing was refused");
}

function pathsOf(value: unknown, path: string[] = []): string[][] {
    const inner = value !== null && typeof value === "object" ? Object.entries(value) : [];
    return [...(path.length > 0 ? [path] : []), ...inner.flatMap(([key, child]) => pathsOf(child, [...path, key]))];
}

function without(value: unknown, [key, ...rest]: string[]): unknown {
    const copy = structuredClone(value) as Record<string, unknown>;
    if (rest.length > 0) {
        copy[key] = without(copy[key], rest);
        return copy;
    }
    return Array.isArray(copy)
        ? copy.filter((_, index) => String(index) !== key)
        : Object.fromEntries(Object.entries(copy).filter(([name]) => name !== key));
}
