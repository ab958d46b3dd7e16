import assert from "node:assert/strict";
import { judge } from "../bench/starts";
import { median, spread } from "../bench/statistics";
import { childrenSeconds } from "../bench/timedPulumi";

describe("the bench", () => {
    it("judges by the median of the ratios of each round, not by the ratio of the medians", () => {
        const start = (wall: number) => ({ wall, cpu: wall });
        const round = (oneflow: number, empty: number) => ({
            oneflow: start(oneflow),
            empty: start(empty),
            template: start(9),
            resources: 66,
        });
        // A machine that slows down for one round slows both down: 3/2, 30/10, 4/4.
        assert.equal(judge([round(3, 2), round(30, 10), round(4, 4)]).ratio, 1.5);
    });

    it("takes the middle value, or the mean of the two in the middle", () => {
        assert.equal(median([5, 1, 3]), 3);
        assert.equal(median([4, 1, 3, 2]), 2.5);
        assert.equal(spread([2, 1.006, 10]), "1.01 / 2.00 / 10.00");
    });

    it("reads the processor time of a shell's children as dash and bash print it", () => {
        assert.equal(childrenSeconds("0m0.010000s 0m0.020000s\n1m2.500000s 0m0.250000s\n"), 62.75);
        assert.equal(childrenSeconds("0m0.001s 0m0.002s\n0m3.500s 0m0.500s\n"), 4);
    });

    it("refuses what is no shell's times", () => {
        assert.throws(() => childrenSeconds(""), /the shell's times are "", expected two lines of two times/);
    });
});
