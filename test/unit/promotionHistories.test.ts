import assert from "node:assert/strict";
import fc from "fast-check";
import { rules } from "../../core/promotion/rules";
import { PromotionWorld, type EnvironmentName, type Happening, type House, type Luck, type Ref } from "./promotionWorld";

const number = fc.nat({ max: 60 });
const environment = fc.constantFrom<EnvironmentName>("dev", "stage", "prod");
const luck = fc.oneof(
    { weight: 8, arbitrary: fc.constant<Luck>("healthy") },
    { weight: 1, arbitrary: fc.constantFrom<Luck>("rolloutFails", "recordBreaksOff") },
);
const ref: fc.Arbitrary<Ref> = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Ref>({ kind: "before" }) },
    { weight: 4, arbitrary: number.map((index): Ref => ({ kind: "commit", index })) },
    { weight: 3, arbitrary: number.map((index): Ref => ({ kind: "release", index })) },
    {
        weight: 1,
        arbitrary: fc.constantFrom<Ref>(
            { kind: "latest" },
            { kind: "hotfix" },
            { kind: "unknown" },
            { kind: "unreleased" },
            { kind: "malformed" },
        ),
    },
);
const pins = fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ service: number, ref }), { minLength: 1, maxLength: 2 }) },
);
const seldom = fc.integer({ min: 0, max: 15 }).map((value) => value === 0);
const override = fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    {
        weight: 1,
        arbitrary: fc.record({
            rules: fc.oneof(
                fc.constant(["accepts", "settings-differ", "order", "hotfix", "soak", "freeze"]),
                fc.subarray(["accepts", "settings-differ", "order", "hotfix", "soak", "freeze", "movedTag"], {
                    minLength: 1,
                    maxLength: 2,
                }),
            ),
            reason: fc.constantFrom("customers cannot pay", "customers cannot pay", " "),
        }),
    },
);
const house: fc.Arbitrary<House> = fc.record({
    soakMinutes: fc.constantFrom(0, 0, 30),
    sundays: fc.boolean(),
    releases: fc.constantFrom(false, false, true),
    hotfixes: fc.boolean(),
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
    {
        weight: 5,
        arbitrary: fc.record({
            kind: fc.constant("push" as const),
            changed: fc.array(number, { maxLength: 2 }),
            broken: seldom,
            forgetful: seldom,
        }),
    },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("promote" as const), to: environment, ref, pins, luck, override }) },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("promote" as const),
            to: fc.constant<EnvironmentName>("stage"),
            ref: fc.constant<Ref>({ kind: "hotfix" }),
            pins: fc.constant([]),
            luck,
            override,
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("hotfix" as const),
            of: number,
            changed: number,
            names: fc.constantFrom(
                "its release" as const,
                "its release" as const,
                "another release" as const,
                "no release" as const,
            ),
        }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), commit: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("retag" as const), release: number, commit: number }) },
    {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.constantFrom(1, 29, 30, 31, 60, 300, 600) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("again" as const), to: environment, luck }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("catalog" as const), image: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("settings" as const), service: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("outsider" as const), service: number, commit: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cleanup" as const), service: number, commit: number }) },
);
const firstPush: Happening = { kind: "push", changed: [], broken: false, forgetful: false };
const history = fc.array(happening, { minLength: 30, maxLength: 50, size: "max" }).map((rest) => [firstPush, ...rest]);
/** Histories are the same in every run: a failure here is a failure everywhere. */
const seed = 20260131;

describe("any history of pushes, promotions, rollbacks, pins, hotfixes, releases, waits and mishaps", () => {
    it("keeps the laws: order, one digest for a commit, nothing moves by itself, a refusal changes nothing, a retry ends the same", async () => {
        const tally = { refused: 0, dev: 0, stage: 0, prod: 0, hotfixes: 0, releases: 0, overridden: 0 };
        await fc.assert(
            fc.asyncProperty(history, house, async (happenings, chosen) => {
                const world = new PromotionWorld(rules, chosen);
                for (const one of happenings) {
                    await world.live(one);
                }
                for (const key of Object.keys(tally) as (keyof typeof tally)[]) {
                    tally[key] += world.tally[key];
                }
            }),
            // A mutant need not be broken by the shortest history.
            {
                seed,
                numRuns: Number(process.env.ONEFLOW_HISTORIES ?? 80),
                endOnFailure: process.env.ONEFLOW_MUTANT !== undefined,
            },
        );
        const { hotfixes, releases, overridden, ...often } = tally;
        assert.ok(
            Math.min(...Object.values(often)) > 15 && Math.min(hotfixes, releases, overridden) > 2,
            `too little happened: ${JSON.stringify(tally)}`,
        );
    }).timeout(60_000);

    const laws: Record<string, RegExp> = {
        refForm: /was never pushed/,
        pinnedServices: /is pinned, so it is a service/,
        locksExist: /was never pushed|is what was asked for/,
        lockTotal: /is what was asked for/,
        wholeServices: /is what was asked for/,
        imagesExist: /could not be carried out/,
        movedTag: /has one digest|already means|means one commit/,
        "settings-differ": /settings that are not its own/,
        order: /ran in (dev|stage)/,
        accepts: /was released/,
        hotfix: /a hotfix comes to stage/,
        soak: /had soaked in/,
        freeze: /was frozen at/,
        overrides: /an override names rules/,
    };

    /** What a team has chosen that a rule is for: others need no such rule. */
    const houses: Record<string, Partial<House>> = {
        accepts: { releases: true, sundays: false, soakMinutes: 0 },
        "settings-differ": { hotfixes: true },
        soak: { soakMinutes: 30 },
        freeze: { sundays: true, releases: false, soakMinutes: 0 },
    };

    it("has a law for every rule", () => {
        // Databases have histories of their own, databaseSchemas.test.ts; so do signatures, promotionSignature.test.ts.
        const elsewhere = ["schema", "signature"];
        assert.deepEqual([...Object.keys(laws), ...elsewhere].sort(), rules.map(({ name }) => name).sort());
    });

    for (const [name, law] of Object.entries(laws)) {
        it(`breaks a law once the rule ${name} is taken away`, async () => {
            const others = rules.filter((rule) => rule.name !== name);
            const { failed, errorInstance } = await fc.check(
                fc.asyncProperty(history, house, async (happenings, chosen) => {
                    const world = new PromotionWorld(others, { ...chosen, ...houses[name] });
                    for (const one of happenings) {
                        await world.live(one);
                    }
                }),
                { seed, numRuns: 400, endOnFailure: true },
            );
            assert.ok(failed, "no history shows what the rule is for");
            assert.match(String(errorInstance), law);
        });
    }
});
