import assert from "node:assert/strict";
import { atMost, inTurn } from "../../sandbox/ci/turns";

describe("turns", () => {
    it("let work of one key wait for the one before, however that ended, and work of another key pass", async () => {
        const events: string[] = [];
        const gate = opened();
        const first = inTurn("a", async () => {
            await gate.passed;
            events.push("first ends");
            throw new Error("first failed");
        });
        const second = inTurn("a", async () => events.push("second runs"));
        await inTurn("b", async () => events.push("other key runs"));
        gate.open();
        await assert.rejects(first, /^Error: first failed$/);
        await second;
        assert.deepEqual(events, ["other key runs", "first ends", "second runs"]);
    });

    it("do no more than the limit at once and keep the order of results", async () => {
        let running = 0;
        const counts: number[] = [];
        const results = await atMost(4, [1, 2, 3, 4, 5, 6, 7, 8, 9], async (item) => {
            counts.push(++running);
            await new Promise(setImmediate);
            running--;
            return item * item;
        });
        assert.deepEqual(results, [1, 4, 9, 16, 25, 36, 49, 64, 81]);
        assert.equal(Math.max(...counts), 4);
    });

    it("begin nothing after an error and throw it only when nothing runs any more", async () => {
        const begun: number[] = [];
        const ended: number[] = [];
        const gate = opened();
        const all = atMost(2, [0, 1, 2, 3], async (item) => {
            begun.push(item);
            if (item === 0) {
                setImmediate(gate.open);
                throw new Error("broken");
            }
            await gate.passed;
            ended.push(item);
        });
        await assert.rejects(all, /^Error: broken$/);
        assert.deepEqual([begun, ended], [[0, 1], [1]]);
    });
});

function opened(): { passed: Promise<void>; open: () => void } {
    let open = () => {};
    const passed = new Promise<void>((resolve) => (open = resolve));
    return { passed, open };
}
