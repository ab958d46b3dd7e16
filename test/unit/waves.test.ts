import assert from "node:assert/strict";
import fc from "fast-check";
import { movesForward } from "../../core/promotion/movesForward";
import type { Cluster } from "../../core/settings/model";
import { inWaves } from "../../core/settings/waves";

const cluster = (region: string, more: Partial<Cluster> = {}): Cluster => ({
    name: "shop-prod",
    region,
    context: `gke_${region}`,
    managed: true,
    ...more,
});
const regions = (waves: readonly (readonly Cluster[])[]) => waves.map((wave) => wave.map(({ region }) => region));

describe("Waves", () => {
    it("go by their numbers, with gaps or without, and a cluster that names none is in the first", () => {
        const clusters = [
            cluster("us", { wave: 20 }),
            cluster("asia", { wave: 3 }),
            cluster("eu"),
            cluster("africa", { wave: 20 }),
        ];
        assert.deepEqual(regions(inWaves(clusters)), [["eu"], ["asia"], ["us", "africa"]]);
        assert.deepEqual(regions(inWaves([cluster("eu", { wave: 1 }), cluster("us")])), [["eu", "us"]]);
    });

    it("leave out what is suspended, and the whole wave where all of it is", () => {
        const clusters = [cluster("eu"), cluster("asia", { wave: 2, suspended: true }), cluster("us", { wave: 3 })];
        assert.deepEqual(regions(inWaves(clusters)), [["eu"], ["us"]]);
    });

    it("have every cluster that is not suspended once, in rising order, and none of them is empty", () => {
        const clusters = fc.array(fc.record({ wave: fc.option(fc.integer({ min: 1, max: 4 })), suspended: fc.boolean() }));
        fc.assert(
            fc.property(clusters, (entries) => {
                const all = entries.map(({ wave, suspended }, index) =>
                    cluster(`region-${index}`, { ...(wave !== null && { wave }), ...(suspended && { suspended: true }) }),
                );
                const waves = inWaves(all);
                const numbers = waves.map((wave) => wave.map(({ wave: number = 1 }) => number));
                assert.ok(numbers.every((wave) => new Set(wave).size === 1));
                const order = numbers.map(([number]) => number);
                assert.deepEqual(
                    order,
                    [...new Set(order)].sort((a, b) => a - b),
                );
                const places = (some: readonly Cluster[]) => some.map(({ region }) => region).sort();
                assert.deepEqual(places(waves.flat()), places(all.filter(({ suspended }) => !suspended)));
            }),
        );
    });

    it("hold only where a set comes that never ran here", () => {
        const directions = ["first", "forward", "rollback", "unchanged"] as const;
        assert.deepEqual(
            directions.filter((direction) => movesForward({ direction })),
            ["first", "forward"],
        );
    });
});
