import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { rules } from "../../core/promotion/rules";
import { type House, histories, houses, sundays } from "./promotionHappenings";
import { foreseen } from "./promotionWitness";
import { PromotionWorld } from "./promotionWorld";

/** Histories are the same in every run: a failure here is a failure everywhere. */
const seed = 20260131;
const runs = Number(process.env.ONEFLOW_HISTORIES ?? 80);

describe("any history of pushes, promotions, rollbacks, pins, hotfixes, releases, waits and mishaps", () => {
    it("keeps the laws: order, one digest for a commit, nothing moves by itself, a refusal changes nothing, a retry ends the same", async () => {
        const tally = { refused: 0, dev: 0, stage: 0, prod: 0, hotfixes: 0, releases: 0, overridden: 0 };
        await fc.assert(
            fc.asyncProperty(histories, houses, async (happenings, chosen) => {
                // Nothing in a history waits: without a turn of the loop no timeout would ever be noticed.
                await turn();
                const world = new PromotionWorld(rules, chosen, foreseen);
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
                numRuns: runs,
                endOnFailure: process.env.ONEFLOW_MUTANT !== undefined,
            },
        );
        const { hotfixes, releases, overridden, ...often } = tally;
        assert.ok(
            Math.min(...Object.values(often)) > 15 && Math.min(hotfixes, releases, overridden) > 2,
            `too little happened: ${JSON.stringify(tally)}`,
        );
    }).timeout(60_000 + runs * 1000);

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
    const chosenFor: Record<string, Partial<House>> = {
        accepts: { releases: ["prod"], frozen: undefined, soakMinutes: 0 },
        "settings-differ": { hotfixes: true, shallow: false },
        soak: { soakMinutes: 30, frozen: undefined },
        freeze: { frozen: { environment: "stage", windows: sundays }, releases: [], soakMinutes: 0 },
    };

    it("has a law for every rule", () => {
        // Databases and signatures have laws of their own, databaseSchemas.test.ts and promotionSignature.test.ts.
        const elsewhere = ["schema", "signature"];
        assert.deepEqual([...Object.keys(laws), ...elsewhere].sort(), rules.map(({ name }) => name).sort());
    });

    for (const [name, law] of Object.entries(laws)) {
        it(`breaks a law once the rule ${name} is taken away`, async () => {
            const others = rules.filter((rule) => rule.name !== name);
            const { failed, errorInstance } = await fc.check(
                fc.asyncProperty(histories, houses, async (happenings, chosen) => {
                    const world = new PromotionWorld(others, { ...chosen, ...chosenFor[name] });
                    for (const one of happenings) {
                        await world.live(one);
                    }
                }),
                { seed, numRuns: 400, endOnFailure: true },
            );
            assert.ok(failed, "no history shows what the rule is for");
            assert.match(String(errorInstance), law);
        }).timeout(120_000);
    }
});
