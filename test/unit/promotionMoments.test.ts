import assert from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../core/promotion/decide";
import { frozenAt } from "../../core/promotion/freeze";
import type { PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import { imageSet, setKey } from "../../core/release/lock";
import type { FreezeWindow } from "../../core/settings/model";
import { isFrozen, nextChange, wallText } from "./promotionCalendar";
import { catalogOf, commit, digest, environmentOf, lockOf, nothingKnown } from "./promotionExamples";

const seed = 20260131;
const half = 30 * 60_000;

/** Time zone → moments at which its clocks are put forward or back. One of them is changed by half an hour. */
const changes: readonly [string, string][] = [
    ["Europe/Berlin", "2026-03-29T01:00:00Z"],
    ["Europe/Berlin", "2026-10-25T01:00:00Z"],
    ["America/New_York", "2026-03-08T07:00:00Z"],
    ["America/New_York", "2026-11-01T06:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
    ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
    ["UTC", "2026-06-01T00:00:00Z"],
];

/** Random histories seldom come to a moment at which a second or a change of clocks decides: here nothing else happens. */
describe("At the very moment", () => {
    it("freezes keep the laws of clocks: a window is closed from the first time that they show its beginning to the last before its end", () => {
        const around = fc.record({
            change: fc.constantFrom(...changes),
            // Half hours from the change to one bound of the window, and from there to the other.
            near: fc.integer({ min: -4, max: 6 }),
            length: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 335 }), fc.integer({ min: 330, max: 335 })),
            ends: fc.boolean(),
            weekly: fc.boolean(),
            minutes: fc.integer({ min: -5 * 60, max: 5 * 60 }),
        });
        const check = fc.property(around, ({ change: [timezone, at], near, length, ends, weekly, minutes }) => {
            const moment = Date.parse(at);
            const shown =
                Date.parse(
                    `${wallText(moment - 1, timezone)
                        .slice(4)
                        .replace(" ", "T")}Z`,
                ) + 60_000;
            const bound = shown + near * half;
            const [from, to] = ends ? [bound - length * half, bound] : [bound, bound + length * half];
            const window: FreezeWindow = { from: words(from, weekly), to: words(to, weekly), timezone };
            const now = moment + minutes * 60_000;

            const frozen = frozenAt([window], new Date(now).toISOString());
            assert.equal(frozen !== undefined, isFrozen([window], now));
            const end = frozen && nextChange([window], now);
            if (end !== undefined) {
                assert.equal(frozen!.until, `${wallText(end, timezone)} ${timezone}`);
            }
        });
        fc.assert(check, { seed, numRuns: 1500 });
    });

    it("soaks keep the laws of seconds: a stretch that is as long as asked for is enough, and one of a second less is not", () => {
        const [dev, stage] = (["dev", "stage"] as const).map(environmentOf);
        const wanted = commit("9f8e02b");
        const images = { cart: { commit: wanted, digest: digest("ca2") } };
        const what = setKey(imageSet(images));
        const now = Date.parse("2026-01-31T12:00:00Z");
        const iso = (seconds: number) => new Date(now - seconds * 1000).toISOString().replace(".000", "");
        const stretch = fc.record({ length: fc.integer({ min: -2, max: 2 }), ended: fc.option(fc.integer({ min: 1, max: 9 })) });
        const stretches = fc.array(stretch, { minLength: 1, maxLength: 3 });
        const check = fc.property(fc.integer({ min: 3, max: 3600 }), stretches, (soakSeconds, lived) => {
            const request: PromotionRequest = {
                environment: { ...stage, soakSeconds },
                before: dev,
                catalog: catalogOf("cart"),
                commit: wanted,
                pins: {},
            };
            const facts: PromotionFacts = {
                ...nothingKnown,
                locks: { [wanted]: lockOf(wanted, images, catalogOf("cart")) },
                ranBefore: new Set([what]),
                stretchesBefore: lived.map(({ length, ended }) => ({
                    what,
                    from: iso(soakSeconds + length + (ended ?? 0)),
                    ...(ended !== null && { to: iso(ended) }),
                })),
                now: new Date(now).toISOString(),
            };
            const decision = decide(request, facts);
            const refused = "problems" in decision ? decision.problems.map(({ subject }) => subject) : [];
            assert.deepEqual(refused, lived.some(({ length }) => length >= 0) ? [] : ["soak"]);
        });
        fc.assert(check, { seed, numRuns: 300 });
    });
});

/** A time of the wall, given as if it were UTC's: `Mon 08:00`, or `2026-02-02 08:00`. */
function words(wall: number, weekly: boolean): string {
    const text = wallText(wall, "UTC");
    return weekly ? `${text.slice(0, 3)} ${text.slice(-5)}` : text.slice(4);
}
