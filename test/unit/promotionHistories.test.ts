import assert from "node:assert/strict";
import fc from "fast-check";
import { rules } from "../../core/promotion/rules";
import { PromotionWorld, type EnvironmentName, type Happening, type Luck, type Ref } from "./promotionWorld";

const number = fc.nat({ max: 60 });
const environment = fc.constantFrom<EnvironmentName>("dev", "stage", "prod");
const luck = fc.oneof(
    { weight: 8, arbitrary: fc.constant<Luck>("healthy") },
    { weight: 1, arbitrary: fc.constantFrom<Luck>("rolloutFails", "recordBreaksOff") },
);
const ref: fc.Arbitrary<Ref> = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Ref>({ kind: "before" }) },
    { weight: 4, arbitrary: number.map((index): Ref => ({ kind: "commit", index })) },
    { weight: 1, arbitrary: fc.constantFrom<Ref>({ kind: "latest" }, { kind: "unknown" }, { kind: "malformed" }) },
);
const pins = fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ service: number, ref }), { minLength: 1, maxLength: 2 }) },
);
const seldom = fc.integer({ min: 0, max: 15 }).map((value) => value === 0);
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
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("promote" as const), to: environment, ref, pins, luck }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("again" as const), to: environment, luck }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("catalog" as const), image: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("outsider" as const), service: number, commit: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cleanup" as const), service: number, commit: number }) },
);
const firstPush: Happening = { kind: "push", changed: [], broken: false, forgetful: false };
const history = fc.array(happening, { minLength: 10, maxLength: 40, size: "max" }).map((rest) => [firstPush, ...rest]);
/** Histories are the same in every run: a failure here is a failure everywhere. */
const seed = 20260131;

describe("any history of pushes, promotions, rollbacks, pins and mishaps", () => {
    it("keeps the laws: order, one digest for a commit, nothing moves by itself, a refusal changes nothing, a retry ends the same", async () => {
        const tally = { refused: 0, dev: 0, stage: 0, prod: 0 };
        await fc.assert(
            fc.asyncProperty(history, async (happenings) => {
                const world = new PromotionWorld();
                for (const one of happenings) {
                    await world.live(one);
                }
                for (const key of ["refused", "dev", "stage", "prod"] as const) {
                    tally[key] += world.tally[key];
                }
            }),
            { seed, numRuns: 180 },
        );
        assert.ok(Math.min(...Object.values(tally)) > 80, `too little happened: ${JSON.stringify(tally)}`);
    });

    const laws: Record<string, RegExp> = {
        refForm: /was never pushed/,
        pinnedServices: /is pinned, so it is a service/,
        locksExist: /was never pushed|is what was asked for/,
        lockTotal: /is what was asked for/,
        wholeServices: /is what was asked for/,
        imagesExist: /could not be carried out/,
        movedTag: /has one digest|already means/,
        order: /ran in (dev|stage)/,
    };

    it("has a law for every rule", () => {
        assert.deepEqual(Object.keys(laws).sort(), rules.map(({ name }) => name).sort());
    });

    for (const [name, law] of Object.entries(laws)) {
        it(`breaks a law once the rule ${name} is taken away`, async () => {
            const others = rules.filter((rule) => rule.name !== name);
            const { failed, errorInstance } = await fc.check(
                fc.asyncProperty(history, async (happenings) => {
                    const world = new PromotionWorld(others);
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
