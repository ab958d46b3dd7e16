import assert from "node:assert/strict";
import { type ClusterRound, judgeCluster, shares } from "../bench/cluster";
import { takenBy } from "../bench/engineWay";
import { resourceChanges } from "../bench/resourceChanges";
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

    it("takes as oneflow's own what it takes longer than the plain program beside it, and judges every step", () => {
        const taken = (oneflow: number, plain: number) => ({
            ...{ oneflow: { wall: oneflow }, plain: { wall: plain } },
            ...{ kubectl: { wall: 1 }, helm: { wall: 1 } },
        });
        const round = (oneflow: number, plain: number): ClusterRound => ({
            taken: { create: taken(10, 10), change: taken(oneflow, plain), repeat: taken(4, 5) },
            objects: 53,
        });
        const rounds = [round(6, 5), round(30, 20), round(5.5, 5)];
        assert.deepEqual(
            shares(rounds, "change").map((share) => share.toFixed(2)),
            ["0.20", "0.50", "0.10"],
        );
        const { shares: medians, met } = judgeCluster(rounds);
        assert.deepEqual([medians.create, medians.repeat.toFixed(2), met], [0, "-0.20", true]);
        assert.equal(judgeCluster([round(6.1, 5)]).met, false);
    });

    const summary = (lines: string) => `Outputs:\n    commit: "1"\n\nResources:\n${lines}\n\nDuration: 3s\n`;

    it("reads from an up's summary how many resources it changed, and in which way", () => {
        const output = summary("    + 1 created\n    ~ 2 updated\n    - 3 deleted\n    +-1 replaced\n    7 changes. 60 unchanged");
        assert.deepEqual(resourceChanges(output), { created: 1, updated: 2, deleted: 3, replaced: 1, unchanged: 60 });
        assert.deepEqual(resourceChanges(summary("    66 unchanged")), { unchanged: 66 });
        assert.deepEqual(resourceChanges("error: no stack selected"), {});
    });

    it("takes no figure of an up that did something else than what is measured", () => {
        const run = (lines: string) => ({ code: 0, output: summary(lines), seconds: 3, cpu: 4 });
        assert.deepEqual(takenBy("change", run("    ~ 3 updated\n    63 unchanged")), { wall: 3, cpu: 4 });
        assert.deepEqual(takenBy("create", run("    + 66 created")), { wall: 3, cpu: 4 });
        assert.throws(() => takenBy("repeat", run("    ~ 1 updated\n    65 unchanged")), /the step repeat was expected/);
        assert.throws(() => takenBy("create", run("    + 60 created\n    ~ 6 updated")), /the step create was expected/);
        assert.throws(() => takenBy("change", run("    66 unchanged")), /the step change was expected/);
    });
});
