import assert from "node:assert/strict";
import fc from "fast-check";
import { type CutFacts, type CutRequest, judgeCut } from "../../core/release/cut";
import type { Lock } from "../../core/release/lock";
import { noWaivers, parseWaiver, readTagText, writeTagText } from "../../core/release/tagText";
import { nextPatch, sameLine } from "../../core/release/version";
import { catalogOf, commit, digest, imagesOf, lockOf } from "./promotionExamples";

const sha = commit("9f8e02b");
const catalog = catalogOf("cart", "cart/wait", "checkout");
const lock: Lock = lockOf(sha, imagesOf(catalog, sha), catalog);
const allRan = new Set(Object.entries(lock.images).map(([name, image]) => `${name}@${image.digest}`));
const older = { version: "1.3.0", commit: commit("aa"), contained: true, made: true };

const request: CutRequest = { version: "1.4.0", commit: sha, waivers: noWaivers };
const facts: CutFacts = {
    first: { name: "dev", tier: "develop" },
    branches: ["main"],
    protectedBranch: "main",
    releases: [older],
    takes: "commit",
    lock,
    ran: allRan,
    missing: new Set(),
    taken: {},
};
const judged = (changes: Partial<CutFacts> = {}, asked: Partial<CutRequest> = {}) =>
    judgeCut({ ...request, ...asked }, { ...facts, ...changes });
const subjects = (...given: Parameters<typeof judged>) => judged(...given).map(({ subject }) => subject);

describe("What may be released", () => {
    it("is a commit of main with a whole lock, all of which ran in the first environment", () => {
        assert.deepEqual(judged(), []);
        assert.deepEqual(judged({ releases: [] }), [], "the first release follows none");
        assert.deepEqual(judged({ branches: ["develop", "master"] }), []);
        assert.deepEqual(judged({ branches: ["trunk"], protectedBranch: "trunk" }), []);
    });

    it("is on no other branch, and develop is one", () => {
        assert.deepEqual(judged({ branches: ["develop", "try/totals"] }), [
            {
                subject: "branch",
                message: `${sha} is on develop, try/totals alone. Releases are cut from main, or for a patch of a release from hotfix/**.`,
                remedy: `git switch main && git merge ${sha} && git push`,
            },
        ]);
        assert.match(judged({ branches: [] })[0].message, /is on no branch of origin\./);
    });

    it("has a version above all that it stands on", () => {
        for (const version of ["1.3.0", "1.2.9", "1.3.0-rc.1"]) {
            assert.deepEqual(judged({}, { version }), [
                {
                    subject: `v${version}`,
                    message: `is not above v1.3.0, which ${sha} stands on.`,
                    remedy: `npx oneflow release v1.3.1 --commit ${sha}`,
                },
            ]);
        }
        for (const version of ["1.3.1-rc.1", "1.3.1", "2.0.0"]) assert.deepEqual(judged({}, { version }), []);
    });

    it("need not be the newest: an older line goes on while a newer one is there", () => {
        assert.deepEqual(
            judged({ releases: [older, { version: "2.0.0", commit: commit("cc"), contained: false, made: true }] }),
            [],
        );
    });

    it("stands on every earlier release, or says of each why not", () => {
        const lost = { version: "1.3.1", commit: commit("bb"), contained: false, made: true };
        const releases = [older, lost, { version: "1.2.7", commit: commit("dd"), contained: false, made: true }];
        assert.deepEqual(judged({ releases }).slice(0, 1), [
            {
                subject: "v1.3.1",
                message: `is an earlier release, and ${sha} does not stand on it: what it mended would be lost.`,
                remedy: "git merge v1.3.1\nor: npx oneflow release v1.4.0 --without-hotfix v1.3.1:<reason>",
            },
        ]);
        const waivers = { ...noWaivers, hotfixes: { [lost.commit]: "computed anew" } };
        assert.deepEqual(subjects({ releases }, { waivers }), ["v1.2.7"]);
    });

    it("follows no version that was tagged and never became a release", () => {
        const refused = { version: "1.3.9", commit: commit("bb"), made: false, contained: true };
        assert.deepEqual(judged({ releases: [{ ...refused, contained: false }] }), []);
        assert.deepEqual(judged({ releases: [older, refused] }, { version: "1.3.5" }), []);
        const [{ remedy }] = judged({ releases: [older, refused] }, { version: "1.2.0" });
        assert.equal(remedy, `npx oneflow release v1.3.10 --commit ${sha}`, "its name is taken all the same");
    });

    it("has a lock that is total over its own catalog", () => {
        assert.deepEqual(judged({ lock: undefined }), [
            {
                subject: "lock",
                message: `${sha} has no lock in develop: its build failed, still runs or never ran.`,
                remedy: `npx oneflow release v1.4.0 --commit ${sha} --wait 30`,
            },
        ]);
        const { cart: _, ...rest } = lock.images;
        const images = { ...rest, mailer: { commit: sha, digest: digest("aa") } };
        assert.deepEqual(judged({ lock: { ...lock, images }, ran: new Set([...allRan, `mailer@${digest("aa")}`]) }), [
            { subject: "cart", message: "is in the lock's own catalog, and the lock has no image of it." },
            { subject: "mailer", message: "is in the lock, and its own catalog does not have it." },
        ]);
    });

    it("is, of several repositories, a set that ran as one", () => {
        assert.deepEqual(subjects({ lock: undefined, takes: "set" }), ["dev"]);
    });

    it("has every image where it is copied from, and no other image under its tags", () => {
        assert.deepEqual(judged({ missing: new Set(["cart/wait"]) }), [
            {
                subject: "cart/wait",
                message: `${lock.images["cart/wait"].digest} is no longer in develop: it was cleaned up, and is not built again under its tag.`,
                remedy: 'git commit --allow-empty -m "Build again" && git push',
            },
        ]);
        assert.deepEqual(judged({ taken: { cart: { tag: sha, digest: digest("ee") } } }), [
            {
                subject: "cart",
                message: `has the tag ${sha} in the deploy registry, and it means ${digest("ee")}, not ${lock.images.cart.digest}: somebody put it there.`,
            },
        ]);
    });

    it("ran healthy in the first environment, each image of it, or somebody answers for the service", () => {
        const ran = new Set([...allRan].filter((one) => one.startsWith("checkout@")));
        assert.deepEqual(judged({ ran }), [
            {
                subject: "cart",
                message: `${lock.images.cart.digest} never ran healthy in dev.`,
                remedy: "pulumi up -s dev   # with this commit\nor: npx oneflow release v1.4.0 --unproven cart:<reason>",
            },
            {
                subject: "cart/wait",
                message: `${lock.images["cart/wait"].digest} never ran healthy in dev.`,
                remedy: "pulumi up -s dev   # with this commit\nor: npx oneflow release v1.4.0 --unproven cart:<reason>",
            },
        ]);
        assert.deepEqual(judged({ ran }, { waivers: { ...noWaivers, unproven: { cart: "dev is down" } } }), []);
        assert.deepEqual(subjects({ ran: new Set() }, { waivers: { ...noWaivers, unproven: { cart: "dev is down" } } }), [
            "checkout",
        ]);
    });

    it("waives nothing of a service that it does not have", () => {
        const waivers = { ...noWaivers, unproven: { mailer: "not ready" } };
        assert.deepEqual(judged({}, { waivers }), [
            { subject: "mailer", message: "is waived, and the release has no such service." },
        ]);
    });

    it("is refused for all reasons at once", () => {
        const waivers = { ...noWaivers, unproven: { mailer: "not ready" } };
        const lost = { version: "1.0.1", commit: commit("bb"), contained: false, made: true };
        const given = { branches: [], releases: [older, lost], ran: new Set<string>(), missing: new Set(["checkout"]) };
        assert.deepEqual(subjects(given, { version: "1.1.0", waivers }), [
            ...["branch", "v1.1.0", "v1.0.1", "checkout", "mailer", "cart", "cart/wait", "checkout"],
        ]);
    });
});

describe("A hotfix", () => {
    const mended: Lock = { ...lock, source: { ...lock.source, branch: "hotfix", release: "v1.3.0" } };
    const hotfix: Partial<CutFacts> = { branches: ["hotfix/carts"], lock: mended, ran: new Set() };

    it("is released as a patch of the release that it mends, without having run in the first environment", () => {
        assert.deepEqual(judged(hotfix, { version: "1.3.1" }), []);
        assert.deepEqual(judged({ ...hotfix, branches: ["hotfix/carts", "main"] }, { version: "1.4.0" }), []);
    });

    it("is nothing else: what is new comes from main", () => {
        const releases = [older, { version: "1.3.1", commit: commit("bb"), contained: false, made: true }];
        assert.deepEqual(judged({ ...hotfix, releases }, { version: "1.4.0" }), [
            {
                subject: "v1.4.0",
                message: "is no patch of v1.3.0: a hotfix mends a release, and what else is new comes from main.",
                remedy: `npx oneflow release v1.3.2 --commit ${sha}`,
            },
            {
                subject: "v1.3.1",
                message: `is an earlier release, and ${sha} does not stand on it: what it mended would be lost.`,
                remedy: "git merge v1.3.1\nor: npx oneflow release v1.4.0 --without-hotfix v1.3.1:<reason>",
            },
        ]);
    });

    it("stands on a release", () => {
        assert.deepEqual(judged({ ...hotfix, releases: [] }, { version: "1.3.1" }), [
            {
                subject: "v1.3.1",
                message: "is cut from hotfix/carts, which stands on no release: a hotfix mends one.",
                remedy: "git switch --create hotfix/<name> <release>",
            },
        ]);
    });

    it("by the name of its branch alone proves nothing: of what was built on develop every image must have run", () => {
        assert.deepEqual(subjects({ ...hotfix, lock }, { version: "1.3.1" }), ["cart", "cart/wait", "checkout"]);
    });
});

describe("The text of a release's tag", () => {
    const text = fc.stringMatching(/^[A-Za-z0-9][ -~]{0,30}$/).map((one) => one.trim());
    const service = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const full = fc.stringMatching(/^[0-9a-f]{40}$/);

    it("says what was waived to whoever reads it: the same that was written", () => {
        const waived = (name: fc.Arbitrary<string>) => fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: true });
        const any = fc.record(
            {
                waivers: fc.record({ unproven: waived(service), hotfixes: waived(full) }, { noNullPrototype: true }),
                set: fc.stringMatching(/^[0-9a-f]{64}$/),
            },
            { requiredKeys: ["waivers"], noNullPrototype: true },
        );
        fc.assert(fc.property(any, (said) => assert.deepEqual(readTagText(writeTagText("1.4.0", said)), said)));
    });

    it("may hold words and a signature of its maker's, which waive nothing", () => {
        const body =
            "v1.4.0\n\nUnproven: cart: dev is down\nUnproven: mailer\nHotfix-waived: v1.3.1: no commit\n see Unproven: x: y\n";
        assert.deepEqual(readTagText(`${body}-----BEGIN PGP SIGNATURE-----\nabc\n`), {
            waivers: { unproven: { cart: "dev is down" }, hotfixes: {} },
        });
    });

    it("takes a waiver only with its reason, in one line", () => {
        assert.deepEqual(parseWaiver("cart: dev is down: again "), { what: "cart", reason: "dev is down: again" });
        for (const given of ["cart", "cart:", "cart:  ", ":reason", "cart:one\nSet: x"])
            assert.equal(parseWaiver(given), undefined);
    });
});

describe("A line of versions", () => {
    it("has one major and minor number, and its next patch is above all of it", () => {
        assert.deepEqual(
            [sameLine("1.4.0", "1.4.12-rc.1"), sameLine("1.4.0", "1.40.0"), sameLine("1.4.0", "2.4.0")],
            [true, false, false],
        );
        assert.equal(nextPatch(["1.4.0", "1.4.10", "1.4.9"]), "1.4.11");
        assert.equal(nextPatch(["1.4.0", "1.4.1-rc.2"]), "1.4.1");
    });
});
