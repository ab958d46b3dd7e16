import assert from "node:assert/strict";
import { decide, refusal, refuseUnset, refuseVanished, requirePlan } from "../../core/promotion/decide";
import { describeNothing, describePlan, describeWayBack } from "../../core/promotion/describe";
import type { Plan, PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import { describeDifferences, settingsThatDiffer } from "../../core/promotion/settingsDiffer";
import { Refusal, type Problem } from "../../core/refusal";
import { imageSet, setKey, type Lock, type LockedImage } from "../../core/release/lock";
import type { Catalog, Service } from "../../core/settings/model";
import { catalogOf, commit, digest, environmentOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";

const [dev, stage, prod] = (["dev", "stage", "prod"] as const).map(environmentOf);
const old = commit("71c44d0");
const wanted = commit("9f8e02b");
const pinned = commit("3c2d91a");
const other = commit("5e1f00d");
const services = ["cart", "checkout", "frontend"];
const catalog = catalogOf(...services);

/** `cart` changed in {@link wanted}, `checkout` in {@link pinned}. */
const images = {
    [old]: { cart: built(old, "ca"), checkout: built(old, "c0"), frontend: built(old, "f0") },
    [wanted]: { cart: built(wanted, "ca2"), checkout: built(old, "c0"), frontend: built(old, "f0") },
    [pinned]: { cart: built(old, "ca"), checkout: built(pinned, "c02"), frontend: built(old, "f0") },
};
const locks = Object.fromEntries(Object.entries(images).map(([sha, one]): [string, Lock] => [sha, lockOf(sha, one, catalog)]));
const key = (one: Record<string, LockedImage>) => setKey(imageSet(one));
const current = recordOf("prod", { commit: old, pins: {} }, images[old], "2026-01-31T12:00:00Z");

/** prod runs {@link old}, is asked for {@link wanted}, and stage ran it. */
const request: PromotionRequest = { environment: prod, before: stage, catalog, commit: wanted, pins: {} };
const facts: PromotionFacts = {
    ...nothingKnown,
    locks: { [wanted]: locks[wanted] },
    current,
    ranBefore: new Set([key(images[wanted])]),
    tags: [{ image: "cart", tier: `${stage.registry}/release-candidate`, tag: wanted, digest: images[wanted].cart.digest }],
};
const mixed = { ...request, pins: { checkout: pinned } };
const mixedFacts = { ...facts, locks: { [wanted]: locks[wanted], [pinned]: locks[pinned] }, ranBefore: new Set<string>() };

describe("a promotion", () => {
    it("of a set that ran in the environment before is planned", () => {
        assert.deepEqual(planOf(request, facts), {
            environment: prod,
            request: { commit: wanted, pins: {} },
            direction: "forward",
            images: {
                cart: { ...images[wanted].cart, ref: wanted, pinned: false },
                checkout: { ...images[wanted].checkout, ref: wanted, pinned: false },
                frontend: { ...images[wanted].frontend, ref: wanted, pinned: false },
            },
            set: { cart: digest("ca2"), checkout: digest("c0"), frontend: digest("f0") },
            key: key(images[wanted]),
            transitions: [{ image: "cart", from: digest("ca"), to: digest("ca2") }],
            migrations: { due: [], done: [] },
            pending: [],
            locks: { [wanted]: locks[wanted] },
            notes: [],
            current: { request: current.request, set: current.set, at: current.at },
        } satisfies Plan);
    });

    it("of nothing new is planned without any proof", () => {
        const plan = planOf(
            { ...request, commit: old },
            { ...facts, locks: { [old]: locks[old] }, ranBefore: new Set(), tags: [] },
        );
        assert.deepEqual([plan.direction, plan.transitions], ["unchanged", []]);
    });

    it("of the same digests under another commit changes nothing, so no rule is asked", () => {
        const same = lockOf(other, images[old], catalog);
        const plan = planOf({ ...request, commit: other }, { ...facts, locks: { [other]: same }, ranBefore: new Set(), tags: [] });
        assert.deepEqual([plan.direction, plan.transitions, plan.request.commit], ["unchanged", [], other]);
    });

    it("into an empty environment brings everything in", () => {
        const { current: _current, ...empty } = facts;
        const plan = planOf(request, empty);
        assert.equal(plan.direction, "first");
        assert.deepEqual(plan.transitions, [
            { image: "cart", to: digest("ca2") },
            { image: "checkout", to: digest("c0") },
            { image: "frontend", to: digest("f0") },
        ]);
    });

    it("into the first environment needs no order", () => {
        const { direction } = planOf({ ...request, environment: dev, before: undefined }, { ...facts, ranBefore: new Set() });
        assert.equal(direction, "forward");
    });

    it("back to a set that ran here needs no order", () => {
        const { direction } = planOf(request, { ...facts, ranBefore: new Set(), ranHere: new Set([key(images[wanted])]) });
        assert.equal(direction, "rollback");
    });

    it("back to a set that ran here still needs its images, and its tags to mean what they meant", () => {
        const back = { ...facts, ranHere: new Set([key(images[wanted])]), missing: new Set([`cart@${digest("ca2")}`]) };
        assert.deepEqual(
            problemsOf(request, back).map(({ subject }) => subject),
            ["cart"],
        );
        const moved = { ...back, missing: new Set<string>(), tags: [{ ...facts.tags[0], digest: digest("bad") }] };
        assert.deepEqual(
            problemsOf(request, moved).map(({ subject }) => subject),
            ["cart"],
        );
    });

    it("mixed by pins that ran as a set is planned like any other", () => {
        const set = { ...images[wanted], checkout: images[pinned].checkout };
        const plan = planOf(mixed, { ...mixedFacts, ranBefore: new Set([key(set)]) });
        assert.deepEqual(plan.notes, ["checkout is pinned to 3c2d91a…, not 9f8e02b…"]);
        assert.deepEqual(plan.images.checkout, { ...images[pinned].checkout, ref: pinned, pinned: true });
        assert.deepEqual(Object.keys(plan.locks), [wanted, pinned]);
    });

    it("mixed by pins is judged by each image that changes, and labelled so", () => {
        const ran = new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]);
        assert.deepEqual(planOf(mixed, { ...mixedFacts, imagesRanBefore: ran }).notes, [
            "checkout is pinned to 3c2d91a…, not 9f8e02b…",
            "The set is mixed by pins: it never ran in stage as a whole, but each image that changes did",
        ]);
    });

    it("reports a service that was not built yet as pending and does not deploy it", () => {
        const plan = planOf({ ...request, catalog: catalogOf(...services, "mailer") }, facts);
        assert.deepEqual([plan.pending, Object.keys(plan.set)], [["mailer"], services]);
        assert.deepEqual(plan.notes, ["mailer is pending: 9f8e02b… has no image of it, so it is not deployed"]);
    });

    it("shows what leaves, and needs no proof for taking away", () => {
        const smaller = { ...request, commit: old, catalog: catalogOf("cart", "checkout") };
        const plan = planOf(smaller, { ...facts, locks: { [old]: locks[old] }, ranBefore: new Set(), tags: [] });
        assert.deepEqual(plan.transitions, [{ image: "frontend", from: digest("f0") }]);
        assert.deepEqual(plan.notes, ["frontend leaves prod: services.yaml does not have it any more"]);
    });

    it("shows what leaves because the commit does not have it", () => {
        const { frontend: _frontend, ...rest } = images[old];
        const plan = planOf(
            { ...request, commit: other },
            { ...facts, locks: { [other]: lockOf(other, rest) }, ranBefore: new Set() },
        );
        assert.deepEqual([plan.pending, plan.notes], [["frontend"], ["frontend leaves prod: 5e1f00d… does not have it"]]);
    });

    it("leaves out a service that this checkout does not have, and takes the whole lock's run as its proof", () => {
        const more = { ...images[wanted], mailer: built(wanted, "e0") };
        const plan = planOf(request, {
            ...facts,
            locks: { [wanted]: lockOf(wanted, more) },
            ranBefore: new Set([key(more)]),
        });
        assert.deepEqual(Object.keys(plan.set), services);
        assert.deepEqual(plan.notes, [
            "The set ran in stage together with mailer",
            "mailer is not deployed: 9f8e02b… has it, this checkout's services.yaml does not",
        ]);
    });
});

describe("soak, freeze, hotfix and what is accepted", () => {
    const soaking: PromotionRequest = { ...request, environment: { ...prod, soakSeconds: 1800 } };
    const ran = (from: string, to?: string) => ({ stretchesBefore: [{ what: key(images[wanted]), from, ...(to && { to }) }] });
    const always = [
        { from: "Mon 00:00", to: "Thu 00:00", timezone: "UTC" },
        { from: "Thu 00:00", to: "Mon 00:00", timezone: "UTC" },
    ];
    const strict: PromotionRequest = { ...soaking, environment: { ...soaking.environment, freeze: always, accepts: "releases" } };
    const hotfixing = { ...request, environment: { ...stage, hotfixes: true as const, soakSeconds: 1800 }, before: dev };
    const hotfixed = {
        ...facts,
        locks: { [wanted]: hotfixLock() },
        ranBefore: new Set<string>(),
        hotfixes: { [wanted]: { descends: true } },
    };

    it("let pass what soaked to the second, now or before the next run", () => {
        assert.equal(planOf(soaking, { ...facts, ...ran("2026-01-31T11:30:00Z") }).direction, "forward");
        assert.equal(planOf(soaking, { ...facts, ...ran("2026-01-31T08:00:00Z", "2026-01-31T08:30:00Z") }).direction, "forward");
        assert.equal(problemsOf(soaking, { ...facts, ...ran("2026-01-31T11:30:01Z") }).length, 1);
        assert.equal(problemsOf(soaking, { ...facts, ...ran("2026-01-31T08:00:00Z", "2026-01-31T08:29:59Z") }).length, 1);
    });

    it("ask for the soak of this very set, or of it together with what this checkout does not deploy", () => {
        const others = { what: key(images[pinned]), from: "2026-01-31T01:00:00Z", to: "2026-01-31T11:59:00Z" };
        const young = { what: key(images[wanted]), from: "2026-01-31T11:59:00Z" };
        assert.equal(problemsOf(soaking, { ...facts, stretchesBefore: [young, others] }).length, 1);
        const more = { ...images[wanted], mailer: built(wanted, "e0") };
        const whole = { ...facts, locks: { [wanted]: lockOf(wanted, more) }, ranBefore: new Set([key(more)]) };
        const stretch = { what: key(more), from: "2026-01-31T11:00:00Z" };
        assert.equal(planOf(soaking, { ...whole, stretchesBefore: [stretch] }).direction, "forward");
        assert.equal(problemsOf(soaking, { ...whole, stretchesBefore: [others, young] }).length, 1);
    });

    it("leave to the order what never ran as a set", () => {
        const apart = { ...facts, ranBefore: new Set<string>(), imagesRanBefore: new Set([`cart@${digest("ca2")}`]) };
        assert.deepEqual(
            problemsOf(soaking, apart).map(({ subject }) => subject),
            ["commit"],
        );
    });

    it("let pass each image of a mixed set that soaked by itself", () => {
        const known = {
            ...mixedFacts,
            imagesRanBefore: new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]),
            stretchesBefore: [
                { what: `checkout@${digest("c02")}`, from: "2026-01-31T11:00:00Z" },
                { what: `cart@${digest("ca2")}`, from: "2026-01-31T10:00:00Z", to: "2026-01-31T11:00:00Z" },
            ],
        };
        assert.equal(planOf({ ...mixed, environment: soaking.environment }, known).direction, "forward");
    });

    it("tell of a service since when the image runs that has not soaked, where that is the one beside its own", () => {
        const beside = (sha: string, seed: string) => ({ ...images[old], "checkout/wait": built(sha, seed) });
        const here = catalogOf(...services, "checkout/wait");
        const problems = problemsOf(
            { ...soaking, catalog: here, commit: old, pins: { checkout: pinned } },
            {
                ...mixedFacts,
                locks: { [old]: locks[old], [pinned]: lockOf(pinned, beside(pinned, "a2"), here) },
                current: recordOf("prod", { commit: old, pins: {} }, beside(old, "a1"), "2026-01-31T12:00:00Z"),
                tags: [],
                imagesRanBefore: new Set([`checkout/wait@${digest("a2")}`]),
                stretchesBefore: [{ what: `checkout/wait@${digest("a2")}`, from: "2026-01-31T11:50:00Z" }],
            },
        );
        assert.deepEqual(
            problems.map(({ subject, message }) => [subject, message.split("\n")[1]]),
            [
                [
                    "soak of checkout",
                    "checkout of 3c2d91a… runs there since 2026-01-31T11:50:00Z, so until 2026-01-31T12:20:00Z nothing else may be deployed there.",
                ],
            ],
        );
    });

    it("are not asked where no image changes, as with a change of replicas", () => {
        const unchanged = { ...facts, locks: { [old]: locks[old] }, ranBefore: new Set<string>(), tags: [] };
        assert.equal(planOf({ ...strict, commit: old }, unchanged).direction, "unchanged");
    });

    it("are not asked of what ran here before", () => {
        const back = { ...facts, ranHere: new Set([key(images[wanted])]), ranBefore: new Set<string>() };
        assert.equal(planOf(strict, back).direction, "rollback");
    });

    it("let a freeze keep what it has: taking away is a change too", () => {
        const smaller = {
            ...request,
            environment: { ...prod, freeze: always },
            commit: old,
            catalog: catalogOf("cart", "checkout"),
        };
        const known = { ...facts, locks: { [old]: locks[old] }, ranBefore: new Set<string>(), tags: [] };
        assert.deepEqual(
            problemsOf(smaller, known).map(({ subject }) => subject),
            ["freeze"],
        );
        assert.deepEqual(planOf({ ...smaller, environment: prod }, known).removals, ["frontend"]);
    });

    it("let a hotfix come directly after the first environment, where it stands on its release, and say so", () => {
        assert.deepEqual(planOf(hotfixing, hotfixed).notes, ["9f8e02b… is a hotfix of v1.4.0: it did not run in dev"]);
    });

    it("let a hotfix be pinned, also where releases are accepted, while all else keeps to the order", () => {
        const mended = lockOf(pinned, images[pinned], catalog);
        const known = {
            ...hotfixed,
            locks: {
                [old]: locks[old],
                [pinned]: { ...mended, source: { ...mended.source, branch: "hotfix" as const, release: "v1.4.0" } },
            },
            hotfixes: { [pinned]: { descends: true } },
            tags: [],
        };
        const asked = { ...hotfixing, commit: old, pins: { checkout: pinned } };
        const released = { ...known, locks: { ...known.locks, "v1.4.0": locks[old] } };
        const plan = planOf({ ...asked, release: "v1.4.0", environment: { ...asked.environment, accepts: "releases" } }, released);
        assert.deepEqual(plan.transitions, [{ image: "checkout", from: digest("c0"), to: digest("c02") }]);
        const other = { ...known, locks: { ...known.locks, [wanted]: locks[wanted] } };
        assert.deepEqual(
            problemsOf({ ...asked, commit: wanted }, other).map(({ subject, message }) => [subject, message.split("\n")[0]]),
            [["commit", "cart of 9f8e02b… never ran healthy in dev."]],
        );
    });

    it("are not asked of a hotfix that ran in the environment before after all", () => {
        const known = { ...hotfixed, ranBefore: new Set([key(images[wanted])]), hotfixes: {}, ...ran("2026-01-31T11:00:00Z") };
        assert.deepEqual(planOf({ ...hotfixing, environment: { ...stage, soakSeconds: 1800 } }, known).notes, []);
    });

    it("let a release come where releases are accepted", () => {
        const asked = { ...request, environment: { ...prod, accepts: "releases" as const }, release: "v1.4.0" };
        assert.equal(planOf(asked, { ...facts, locks: { "v1.4.0": locks[wanted] } }).direction, "forward");
    });

    it("give way to who answers for it, by name and reason; what would not have refused is not recorded", () => {
        const override = { rules: ["freeze", "soak", "order"], reason: " customers cannot pay " };
        const frozen = { ...soaking, environment: { ...soaking.environment, freeze: always } };
        const plan = planOf({ ...frozen, override }, { ...facts, ...ran("2026-01-31T11:59:00Z") });
        assert.deepEqual(plan.request, {
            commit: wanted,
            pins: {},
            override: { rules: ["soak", "freeze"], reason: "customers cannot pay" },
        });
        assert.deepEqual(plan.notes, ["Overridden: soak and freeze, because: customers cannot pay"]);
        assert.deepEqual(planOf({ ...request, override }, facts).request, { commit: wanted, pins: {} });
    });

    it("are all told at once", () => {
        const known = { ...facts, ...ran("2026-01-31T11:59:00Z") };
        assert.deepEqual(
            problemsOf(strict, known).map(({ subject }) => subject),
            ["commit", "soak", "freeze"],
        );
    });
});

describe("a promotion is refused", () => {
    const promote = (sha: string, environment = "prod") =>
        `pulumi config set commit ${sha} -s ${environment} && pulumi up -s ${environment}`;
    const pin = (service: string, sha: string, environment = "prod") =>
        `pulumi config set --path 'pins.${service}' ${sha} -s ${environment} && pulumi up -s ${environment}`;
    const unpin = (service: string) => `pulumi config rm --path 'pins.${service}' -s prod && pulumi up -s prod`;
    const override = (rule: string, environment = "prod") =>
        `ONEFLOW_OVERRIDE=${rule} ONEFLOW_REASON="…" pulumi up -s ${environment}`;
    const alternatives = [old, other];
    const { checkout: _checkout, ...incomplete } = images[wanted];

    const table: { because: string; request?: Partial<PromotionRequest>; facts?: Partial<PromotionFacts>; problems: Problem[] }[] =
        [
            {
                because: "a ref is no full SHA",
                request: { commit: "9f8e02b", pins: { checkout: "main; rm -rf" } },
                facts: { locks: {} },
                problems: [
                    {
                        subject: "commit",
                        message: '"9f8e02b" is not a full commit SHA: 40 lower-case hex digits are expected.',
                        remedy: "pulumi config set commit $(git rev-parse 9f8e02b) -s prod",
                    },
                    {
                        subject: "pins.checkout",
                        message: '"main; rm -rf" is not a full commit SHA: 40 lower-case hex digits are expected.',
                        remedy: "pulumi config set --path 'pins.checkout' <full commit SHA> -s prod",
                    },
                ],
            },
            {
                because: "a pin names no service",
                request: { pins: { constructor: pinned } },
                facts: { locks: mixedFacts.locks },
                problems: [
                    {
                        subject: "pins.constructor",
                        message: "services.yaml has no service of this name. It has cart, checkout and frontend.",
                        remedy: unpin("constructor"),
                    },
                ],
            },
            {
                because: "the commit of a pin does not have the service",
                request: { catalog: catalogOf(...services, "mailer"), pins: { mailer: pinned } },
                facts: { locks: mixedFacts.locks },
                problems: [
                    {
                        subject: "pins.mailer",
                        message: "3c2d91a… has no mailer: its services.yaml does not name it.",
                        remedy: unpin("mailer"),
                    },
                ],
            },
            {
                because: "a commit has no lock",
                facts: { locks: { [wanted]: undefined }, alternatives },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… has no lock in release-candidate or stable.\n" +
                            "It never came to stage: a lock travels with a promotion. Or it was never built.\n" +
                            "Newest commits that ran healthy in stage: 71c44d0…, 5e1f00d…",
                        remedy: `${promote(wanted, "stage")}   # then prod again\nor: ${promote(old)}`,
                    },
                ],
            },
            {
                because: "a pinned commit has no lock, and nothing else can be offered",
                request: { pins: { checkout: pinned } },
                facts: { imagesRanBefore: new Set([`cart@${digest("ca2")}`]) },
                problems: [
                    {
                        subject: "checkout",
                        message:
                            "3c2d91a… has no lock in release-candidate or stable.\n" +
                            "It never came to stage: a lock travels with a promotion. Or it was never built.",
                        remedy: `${pin("checkout", pinned, "stage")}   # then prod again\nor: ${unpin("checkout")}`,
                    },
                ],
            },
            {
                because: "a lock forgot an image of its own catalog",
                facts: {
                    locks: { [wanted]: lockOf(wanted, { ...incomplete, mailer: built(wanted, "e0") }, catalog) },
                    ranBefore: new Set([key({ ...incomplete, mailer: built(wanted, "e0") })]),
                },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "The lock of 9f8e02b… is not total over its own catalog: no release of oneflow writes such a lock.\n" +
                            "It lacks checkout.\n" +
                            "It has mailer, which its catalog does not.",
                        remedy: 'git commit --allow-empty -m "Build anew" && git push   # a lock is written once; a new commit gets its own',
                    },
                ],
            },
            {
                because: "a lock lacks an image of its own catalog",
                facts: {
                    locks: { [wanted]: lockOf(wanted, incomplete, catalog) },
                    ranBefore: new Set([key(incomplete)]),
                },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "The lock of 9f8e02b… is not total over its own catalog: no release of oneflow writes such a lock.\n" +
                            "It lacks checkout.",
                        remedy: 'git commit --allow-empty -m "Build anew" && git push   # a lock is written once; a new commit gets its own',
                    },
                ],
            },
            {
                because: "a lock has an image that its own catalog does not",
                facts: {
                    locks: { [wanted]: lockOf(wanted, { ...images[wanted], mailer: built(wanted, "e0") }, catalog) },
                    ranBefore: new Set([key({ ...images[wanted], mailer: built(wanted, "e0") })]),
                },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "The lock of 9f8e02b… is not total over its own catalog: no release of oneflow writes such a lock.\n" +
                            "It has mailer, which its catalog does not.",
                        remedy: 'git commit --allow-empty -m "Build anew" && git push   # a lock is written once; a new commit gets its own',
                    },
                ],
            },
            {
                because: "the checkout needs an image that the commit was not built with",
                request: { catalog: catalogOf(...services, "cart/wait") },
                problems: [
                    {
                        subject: "cart",
                        message:
                            "needs cart/wait by this checkout's services.yaml,\n" +
                            "but 9f8e02b… was built before that was added, so its lock has no such image.",
                        remedy: `git checkout ${wanted} -- services.yaml && pulumi up -s prod`,
                    },
                ],
            },
            {
                because: "an image is gone",
                facts: { missing: new Set([`cart@${digest("ca2")}`]), alternatives },
                problems: [
                    {
                        subject: "cart",
                        message:
                            "9f8e02b… has no image in release-candidate or stable: its lock says sha256:ca200000…, which is gone.\n" +
                            "It was cleaned up or deleted; it is never built again under its tag.\n" +
                            "Newest commits that ran healthy in stage: 71c44d0…, 5e1f00d…",
                        remedy: promote(old),
                    },
                ],
            },
            {
                because: "somebody pushed over a tag",
                facts: {
                    tags: [
                        { image: "cart", tier: `${stage.registry}/release-candidate`, tag: wanted, digest: digest("bad") },
                        { image: "cart", tier: `${prod.registry}/stable`, tag: wanted, digest: digest("ca2") },
                    ],
                },
                problems: [
                    {
                        subject: "cart",
                        message:
                            "The lock of 9f8e02b… says sha256:ca200000…, but\n" +
                            "  tag 9f8e02b… in release-candidate means sha256:bad00000…\n" +
                            "A commit means one digest for ever: somebody pushed over a tag or a lock. " +
                            "Find out who before anything is deployed.",
                        remedy: 'git commit --allow-empty -m "Build anew" && git push   # a new commit gets tags of its own',
                    },
                ],
            },
            {
                because: "a lock came to say something else of a commit than what runs of it",
                facts: {
                    locks: { [wanted]: lockOf(wanted, { ...images[wanted], checkout: built(old, "bad") }, catalog) },
                    ranBefore: new Set([key({ ...images[wanted], checkout: built(old, "bad") })]),
                    alternatives: [other],
                },
                problems: [
                    {
                        subject: "checkout",
                        message:
                            "The lock of 9f8e02b… says sha256:bad00000…, but\n" +
                            "  71c44d0… runs in prod as sha256:c0000000…\n" +
                            "A commit means one digest for ever: somebody pushed over a tag or a lock. " +
                            "Find out who before anything is deployed.\n" +
                            "Newest commits that ran healthy in stage: 5e1f00d…",
                        remedy: promote(other),
                    },
                ],
            },
            {
                because: "the set never ran in the environment before",
                facts: { ranBefore: new Set(), alternatives: [other] },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… never ran healthy in stage, which prod promotes from.\n" +
                            "Never ran there: cart.\n" +
                            "Newest commits that ran healthy in stage: 5e1f00d…",
                        remedy: `${promote(wanted, "stage")}   # then prod again\nor: ${promote(other)}`,
                    },
                ],
            },
            {
                because: "all images ran in the environment before, but never together",
                facts: { ranBefore: new Set(), imagesRanBefore: new Set([`cart@${digest("ca2")}`]) },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… never ran healthy in stage, which prod promotes from.\n" +
                            "Each image did, but never all of them together.",
                        remedy: `${promote(wanted, "stage")}   # then prod again`,
                    },
                ],
            },
            {
                because: "images of a set that is mixed by pins never ran in the environment before",
                request: { pins: { checkout: pinned } },
                facts: { locks: mixedFacts.locks, ranBefore: new Set() },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "cart of 9f8e02b… never ran healthy in stage.\n" +
                            "The set is mixed by pins, so each image that changes must have run there itself.",
                        remedy: `${promote(wanted, "stage")}   # then prod again`,
                    },
                    {
                        subject: "pins.checkout",
                        message:
                            "checkout of 3c2d91a… never ran healthy in stage.\n" +
                            "The set is mixed by pins, so each image that changes must have run there itself.",
                        remedy: `${pin("checkout", pinned, "stage")}   # then prod again`,
                    },
                ],
            },
            {
                because: "its set has not soaked yet",
                request: { environment: { ...prod, soakSeconds: 5400 } },
                facts: {
                    now: "2026-01-31T12:00:00.000Z",
                    stretchesBefore: [{ what: key(images[wanted]), from: "2026-01-31T11:00:00Z" }],
                },
                problems: [
                    {
                        subject: "soak",
                        message:
                            "prod takes what ran in stage for 1h 30m without another run there.\n" +
                            "9f8e02b… runs there since 2026-01-31T11:00:00Z, so until 2026-01-31T12:30:00Z nothing else may be deployed there.",
                        remedy: `wait until 2026-01-31T12:30:00Z, then: pulumi up -s prod\nor: ${override("soak")}`,
                    },
                ],
            },
            {
                because: "another run ended its soak, each time",
                request: { environment: { ...prod, soakSeconds: 1800 } },
                facts: {
                    alternatives: [other],
                    stretchesBefore: [
                        { what: key(images[wanted]), from: "2026-01-31T11:00:00Z", to: "2026-01-31T11:29:59Z" },
                        { what: key(images[wanted]), from: "2026-01-31T10:00:00Z", to: "2026-01-31T10:10:00Z" },
                    ],
                },
                problems: [
                    {
                        subject: "soak",
                        message:
                            "prod takes what ran in stage for 30m without another run there.\n" +
                            "9f8e02b… ran there for 29m 59s at the longest, and something else runs there now.\n" +
                            "Newest commits that ran healthy in stage: 5e1f00d…",
                        remedy: `${promote(wanted, "stage")}   # then prod again, 30m later\nor: ${override("soak")}`,
                    },
                ],
            },
            {
                because: "a pinned image of a mixed set has not soaked",
                request: { environment: { ...prod, soakSeconds: 1800 }, pins: { checkout: pinned } },
                facts: {
                    locks: mixedFacts.locks,
                    ranBefore: new Set(),
                    imagesRanBefore: new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]),
                    stretchesBefore: [
                        { what: `checkout@${digest("c02")}`, from: "2026-01-31T11:50:00Z", to: "2026-01-31T11:59:00Z" },
                        { what: `cart@${digest("ca2")}`, from: "2026-01-31T10:00:00Z", to: "2026-01-31T11:50:00Z" },
                    ],
                },
                problems: [
                    {
                        subject: "soak of checkout",
                        message:
                            "prod takes what ran in stage for 30m without another run there.\n" +
                            "checkout of 3c2d91a… ran there for 9m, and something else runs there now.",
                        remedy: `${pin("checkout", pinned, "stage")}   # then prod again, 30m later\nor: ${override("soak")}`,
                    },
                ],
            },
            {
                because: "the environment is frozen",
                request: { environment: { ...prod, freeze: [{ from: "Fri 16:00", to: "Mon 08:00", timezone: "Europe/Berlin" }] } },
                problems: [
                    {
                        subject: "freeze",
                        message:
                            "prod is frozen until Mon 2026-02-02 08:00 Europe/Berlin.\n" +
                            "Pulumi.prod.yaml says so: Fri 16:00 to Mon 08:00 Europe/Berlin. What ran healthy here before may come back.",
                        remedy: `wait\nor: ${override("freeze")}`,
                    },
                ],
            },
            {
                because: "the environment is frozen for good",
                request: {
                    environment: {
                        ...prod,
                        freeze: [
                            { from: "Mon 00:00", to: "Thu 00:00", timezone: "UTC" },
                            { from: "Thu 00:00", to: "Mon 00:00", timezone: "UTC" },
                        ],
                    },
                },
                problems: [
                    {
                        subject: "freeze",
                        message:
                            "prod is frozen without an end: its windows leave no minute of a week free.\n" +
                            "Pulumi.prod.yaml says so: Thu 00:00 to Mon 00:00 UTC and Mon 00:00 to Thu 00:00 UTC. " +
                            "What ran healthy here before may come back.",
                        remedy: override("freeze"),
                    },
                ],
            },
            {
                because: "it is a hotfix, and the environment takes none directly",
                request: { environment: stage, before: dev },
                facts: { locks: { [wanted]: hotfixLock() }, ranBefore: new Set(), hotfixes: { [wanted]: { descends: true } } },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… is a hotfix that never ran healthy in dev, and stage takes none directly: " +
                            "hotfixes is false in Pulumi.stage.yaml.",
                        remedy:
                            "pulumi config set --path environment.hotfixes true -s stage\n" +
                            `or: ${promote(wanted, "dev")}   # then stage again\nor: ${override("hotfix", "stage")}`,
                    },
                ],
            },
            {
                because: "a hotfix mends no release",
                request: { environment: { ...stage, hotfixes: true }, before: dev },
                facts: { locks: { [wanted]: hotfixLock(null) }, ranBefore: new Set() },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… is a hotfix that never ran healthy in dev, and its lock names no release that it mends: its branch began at none.",
                        remedy:
                            `git switch -c hotfix/<name> v<the release that runs> && git cherry-pick ${wanted} && git push -u origin HEAD\n` +
                            `or: ${override("hotfix", "stage")}`,
                    },
                ],
            },
            {
                because: "a hotfix does not stand on the release that it names",
                request: { environment: { ...stage, hotfixes: true }, before: dev },
                facts: { locks: { [wanted]: hotfixLock() }, ranBefore: new Set(), hotfixes: { [wanted]: { descends: false } } },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… is a hotfix that never ran healthy in dev, and it does not stand on v1.4.0, which its lock names: " +
                            "somebody moved the tag or the branch.",
                        remedy:
                            `git switch -c hotfix/<name> v1.4.0 && git cherry-pick ${wanted} && git push -u origin HEAD\n` +
                            `or: ${override("hotfix", "stage")}`,
                    },
                ],
            },
            {
                because: "nobody knows whether a hotfix stands on its release",
                request: { environment: { ...stage, hotfixes: true }, before: dev },
                facts: { locks: { [wanted]: hotfixLock() }, ranBefore: new Set(), hotfixes: { [wanted]: {} } },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "9f8e02b… is a hotfix that never ran healthy in dev, and this checkout cannot tell whether it stands on v1.4.0, " +
                            "which its lock names: it lacks one of the two.",
                        remedy: `git fetch --tags origin ${wanted} && pulumi up -s stage\nor: ${override("hotfix", "stage")}`,
                    },
                ],
            },
            {
                because: "a hotfix goes beyond the environment after the first",
                request: { environment: { ...prod, hotfixes: true } },
                facts: {
                    locks: { [wanted]: hotfixLock() },
                    ranBefore: new Set(),
                    hotfixes: { [wanted]: { descends: true } },
                    imagesRanBefore: new Set(),
                },
                problems: [
                    {
                        subject: "commit",
                        message: "9f8e02b… never ran healthy in stage, which prod promotes from.\nNever ran there: cart.",
                        remedy: `${promote(wanted, "stage")}   # then prod again`,
                    },
                ],
            },
            {
                because: "releases are accepted, and it is a commit with a pin",
                request: { environment: { ...prod, accepts: "releases" }, pins: { checkout: pinned } },
                facts: {
                    locks: mixedFacts.locks,
                    ranBefore: new Set([key({ ...images[wanted], checkout: images[pinned].checkout })]),
                    alternatives: ["v1.4.0"],
                },
                problems: [
                    {
                        subject: "commit",
                        message:
                            "prod accepts releases, and 9f8e02b… is a commit: expected a release, v1.4.0.\n" +
                            "Newest releases that ran healthy in stage: v1.4.0",
                        remedy:
                            `npx oneflow release v<next> --commit ${wanted}   # then: ${promote("v<next>")}\n` +
                            `or: pulumi config set --path environment.accepts commits -s prod\nor: ${override("accepts")}`,
                    },
                    {
                        subject: "pins.checkout",
                        message:
                            "prod accepts releases, and a pin takes checkout out of one: only a hotfix may be pinned, and 3c2d91a… is none.",
                        remedy:
                            `${unpin("checkout")}\n` +
                            `or: pulumi config set --path environment.accepts commits -s prod\nor: ${override("accepts")}`,
                    },
                ],
            },
            {
                because: "what is overridden is no rule, or one that nobody can answer for, and no reason is given",
                request: { override: { rules: ["movedTag", "frost", "freeze"], reason: " " } },
                problems: [
                    {
                        subject: "override",
                        message:
                            "movedTag cannot be overridden: it refuses what could not run, or what nobody knows. " +
                            "These can: schema, accepts, signature, settings-differ, order, hotfix, soak and freeze.",
                        remedy: "unset ONEFLOW_OVERRIDE, or take movedTag out of override in Pulumi.prod.yaml",
                    },
                    {
                        subject: "override",
                        message:
                            '"frost" is no rule. These can be overridden: schema, accepts, signature, settings-differ, order, hotfix, soak and freeze.',
                        remedy: "unset ONEFLOW_OVERRIDE, or take frost out of override in Pulumi.prod.yaml",
                    },
                    {
                        subject: "override",
                        message: "An override takes a reason, which the run record keeps.",
                        remedy: 'ONEFLOW_OVERRIDE=movedTag,frost,freeze ONEFLOW_REASON="…" pulumi up -s prod',
                    },
                ],
            },
        ];

    for (const { because, problems, ...changed } of table) {
        it(`because ${because}`, () => {
            assert.deepEqual(problemsOf({ ...request, ...changed.request }, { ...facts, ...changed.facts }), problems);
        });
    }

    it("with all reasons in one report that ends in commands", () => {
        const refused = {
            ...mixedFacts,
            locks: { [wanted]: locks[wanted], [pinned]: undefined },
            missing: new Set([`cart@${digest("ca2")}`]),
            alternatives: [old],
        };
        assert.throws(
            () => requirePlan(mixed, refused),
            (error: unknown) => {
                assert.ok(error instanceof Refusal);
                assert.deepEqual(error.message.split("\n"), [
                    "Promotion to prod refused, nothing was changed:",
                    "  checkout  3c2d91a… has no lock in release-candidate or stable.",
                    "            It never came to stage: a lock travels with a promotion. Or it was never built.",
                    "            Newest commits that ran healthy in stage: 71c44d0…",
                    `            → ${pin("checkout", pinned, "stage")}   # then prod again`,
                    `            → or: ${pin("checkout", old)}`,
                    "  cart      9f8e02b… has no image in release-candidate or stable: its lock says sha256:ca200000…, which is gone.",
                    "            It was cleaned up or deleted; it is never built again under its tag.",
                    "            Newest commits that ran healthy in stage: 71c44d0…",
                    `            → ${promote(old)}`,
                    "  commit    cart of 9f8e02b… never ran healthy in stage.",
                    "            The set is mixed by pins, so each image that changes must have run there itself.",
                    "            Newest commits that ran healthy in stage: 71c44d0…",
                    `            → ${promote(wanted, "stage")}   # then prod again`,
                ]);
                return true;
            },
        );
    });

    it("when its commit is unset while something runs, for that would delete everything", () => {
        const held = { ...current, request: { commit: old, pins: { checkout: pinned } } };
        assert.deepEqual(refuseUnset(prod, held), {
            subject: "commit",
            message:
                "is unset, while prod runs 71c44d0… since 2026-01-31T12:00:00Z.\n" +
                "To deploy nothing would be to delete every workload, which is never done in passing.",
            remedy:
                `pulumi config set commit ${old} -s prod && pulumi config set --path 'pins.checkout' ${pinned} -s prod   # keeps what runs\n` +
                "to delete everything: pulumi destroy -s prod",
        });
        assert.match(
            refuseVanished(dev, current).message,
            /^is latest, but develop has no latest lock any more, while dev runs 71c44d0…/,
        );
        assert.match(
            refusal(prod, [refuseUnset(prod, held)]).message,
            /^Promotion to prod refused, nothing was changed:\n {2}commit {2}is unset/,
        );
    });
});

describe("settings that differ", () => {
    const entry = (name: string, changed: Partial<Service>) => ({ [name]: { ...catalog.services[name], ...changed } });

    it("are named by key, with both values and where each stands, of the services whose image comes in", () => {
        const here: Catalog = {
            services: {
                ...catalog.services,
                ...entry("cart", { replicas: 3, env: { PORT: "7070", MODE: "new" }, environments: { prod: { replicas: 5 } } }),
                ...entry("frontend", { replicas: 9 }),
            },
        };
        const there = { services: { ...catalog.services, ...entry("cart", { env: { PORT: "7071" }, args: ["-v"] }) } };
        const asked = { ...request, catalog: here };
        const known = { ...facts, locks: { [wanted]: lockOf(wanted, images[wanted], there) } };
        const found = settingsThatDiffer(asked, known, planOf(asked, known));
        assert.deepEqual(describeDifferences(found), [
            'cart: args is nothing in this checkout\'s services.yaml, which is rendered, and ["-v"] at 9f8e02b…',
            'cart: env.MODE is "new" in this checkout\'s services.yaml, which is rendered, and nothing at 9f8e02b…',
            'cart: env.PORT is "7070" in this checkout\'s services.yaml, which is rendered, and "7071" at 9f8e02b…',
            "cart: replicas is 3 in this checkout's services.yaml, which is rendered, and 1 at 9f8e02b…",
        ]);
    });

    it("are none where the entries are the same, or the commit does not have the service", () => {
        const plan = planOf(request, facts);
        assert.deepEqual(settingsThatDiffer(request, facts, plan), []);
        assert.deepEqual(settingsThatDiffer(request, { locks: { [wanted]: undefined } }, plan), []);
    });
});

describe("a plan in words", () => {
    it("says where it goes, what changes and what stays", () => {
        assert.equal(
            describePlan(
                planOf(mixed, { ...mixedFacts, imagesRanBefore: new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]) }),
            ),
            [
                "prod goes forward to 9f8e02b… + 1 pin",
                "  cart      sha256:ca000000… → sha256:ca200000… (9f8e02b…)",
                "  checkout  sha256:c0000000… → sha256:c0200000… (3c2d91a…, checkout pinned)",
                "  1 other image stays",
                "  checkout is pinned to 3c2d91a…, not 9f8e02b…",
                "  The set is mixed by pins: it never ran in stage as a whole, but each image that changes did",
            ].join("\n"),
        );
    });

    it("says that nothing changes", () => {
        const plan = planOf({ ...request, commit: old }, { ...facts, locks: { [old]: locks[old] }, tags: [] });
        assert.equal(describePlan(plan), "prod stays at 71c44d0…: no image changes");
    });

    it("says what comes in, from whom, and what leaves", () => {
        const redis = { source: `redis:8.2@${digest("ed")}`, digest: digest("ed") };
        const { cart: _cart, ...rest } = images[old];
        const plan = planOf(
            { ...request, commit: other, catalog: catalogOf("checkout", "frontend", "redis") },
            {
                ...facts,
                locks: { [other]: lockOf(other, { ...rest, redis }) },
                ranHere: new Set([key({ ...rest, redis })]),
                tags: [],
            },
        );
        assert.deepEqual(describePlan(plan).split("\n"), [
            "prod goes back to 5e1f00d…, which ran healthy here before",
            "  cart   sha256:ca000000… leaves prod",
            "  redis  new → sha256:ed000000… (redis:8.2)",
            "  2 other images stay",
            "  cart leaves prod: services.yaml does not have it any more",
        ]);
    });

    it("says why nothing is deployed", () => {
        assert.equal(
            describeNothing(prod, catalog),
            "Nothing is deployed to prod: its commit is not set.\n" +
                "  → pulumi config set commit <full commit SHA> -s prod && pulumi up -s prod",
        );
        assert.equal(
            describeNothing({ ...dev, commit: "latest" }, catalog),
            "Nothing is deployed to dev yet: develop has no latest lock, so nothing was built so far.\n" +
                "  pending: cart, checkout and frontend",
        );
    });

    it("says that what a verification condemns serves already", () => {
        const { cart, ...others } = catalog.services;
        const verifying = { services: { ...others, cart: { ...cart, verify: { env: {}, timeoutSeconds: 60 } } } };
        assert.equal(
            describeWayBack(planOf(request, facts), verifying).split("\n")[0],
            "  Should a rollout fail, what served goes on serving; should verify of cart fail, the new one serves. No run is recorded; then",
        );
    });

    it("names the way back before a change begins, pins included, and none where there is nothing to go back to", () => {
        const known = { ...mixedFacts, imagesRanBefore: new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]) };
        const plan = planOf(mixed, known);
        assert.deepEqual(describeWayBack(plan, catalog).split("\n"), [
            "  Should a rollout fail, what served goes on serving and no run is recorded; then",
            `  → back to 71c44d0…, healthy at 2026-01-31T12:00:00Z: pulumi config set commit ${old} -s prod && ` +
                "pulumi config rm --path 'pins.checkout' -s prod && pulumi up -s prod",
            "  → again, once the cause is mended: pulumi up -s prod",
        ]);
        assert.equal(describeWayBack({ ...plan, transitions: [] }, catalog), "");
        assert.equal(describeWayBack({ ...plan, current: undefined }, catalog), "");
    });
});

/** {@link wanted} as a hotfix. */
function hotfixLock(release: string | null = "v1.4.0"): Lock {
    const lock = locks[wanted];
    return { ...lock, source: { ...lock.source, branch: "hotfix", ...(release !== null && { release }) } };
}

function built(sha: string, start: string): LockedImage {
    return { commit: sha, digest: digest(start) };
}

function planOf(asked: PromotionRequest, known: PromotionFacts): Plan {
    const decision = decide(asked, known);
    assert.ok("plan" in decision, "problems" in decision ? refusal(asked.environment, decision.problems).message : "");
    return decision.plan;
}

function problemsOf(asked: PromotionRequest, known: PromotionFacts): readonly Problem[] {
    const decision = decide(asked, known);
    assert.ok("problems" in decision, "it was allowed");
    return decision.problems;
}
