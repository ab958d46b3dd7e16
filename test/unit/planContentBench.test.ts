import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparePlans, type PastCommit, type Pushes, readHistory } from "../bench/planner";
import { describePlans } from "../bench/plannerReport";

describe("the bench of the planner", () => {
    let directory: string;
    let count = 0;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "oneflow-planner-"))));
    afterEach(() => rmSync(directory, { recursive: true }));

    const history = readHistory(
        [
            "commit\tdate\ttag\tcart\tmail",
            "1\t2026-01-01T10:00:00Z\t\ta1\t-",
            "2\t2026-01-01T11:00:00Z\t\ta2\tb1", // a changed cart, a new mail
            "3\t2026-01-02T10:00:00Z\tv1\ta2\tb1", // nothing of a service
            "4\t2026-01-02T11:00:00Z\t\ta1\tb1", // the cart's change is taken back
            "5\t2026-01-03T10:00:00Z\t\ta3\tb1",
            "6\t2026-01-03T11:00:00Z\t\ta3\tb2",
        ].join("\n"),
    );
    const compare = (pushes: Omit<Pushes, "what"> = {}) =>
        comparePlans(join(directory, String(count++)), history, { what: "pushes", ...pushes });
    const figures = async (pushes?: Omit<Pushes, "what">): Promise<Record<string, unknown>> => {
        const { pushes: number, images, ways } = await compare(pushes);
        const decided = Object.entries(ways).map(([way, { built, needless, wrong }]) => [way, [built, needless, wrong]] as const);
        return { pushes: number, images, ...Object.fromEntries(decided) };
    };

    it("reads what each service's folder held", () => {
        assert.deepEqual(history[0], { date: "2026-01-01T10:00:00Z", content: { cart: "a1" } });
        assert.deepEqual(history[2].content, { cart: "a2", mail: "b1" });
    });

    it("counts as needless what is built although its content has an image: a change that is taken back", async () => {
        // Contents: a1, a2, a3, b1, b2.
        assert.deepEqual(await figures(), {
            pushes: 6,
            images: 11,
            always: [11, 6, 0],
            parent: [6, 1, 0],
            before: [6, 1, 0],
            content: [5, 0, 0],
        });
    });

    it("counts as wrong what a filter on the last commit misses where a push has several", async () => {
        const day = ({ date }: PastCommit) => date.slice(0, 10);
        // Heads are 2, 4 and 6; the filter on the head alone never sees that 5 changed the cart.
        assert.deepEqual(await figures({ pushed: (commit, next) => day(commit) !== (next && day(next)) }), {
            pushes: 3,
            images: 6,
            always: [6, 1, 0],
            parent: [4, 0, 1],
            before: [5, 0, 0],
            content: [5, 0, 0],
        });
    });

    it("counts as wrong what a filter skips after a run that failed, for as long as nothing builds it", async () => {
        // The second run fails: no image of a2 and b1. b1 is never built by a filter, a2 not in 3.
        assert.deepEqual(await figures({ fails: (push) => push === 2 }), {
            pushes: 6,
            images: 11,
            always: [11, 4, 0],
            parent: [6, 1, 4],
            before: [6, 1, 4],
            content: [7, 0, 0],
        });
    });

    // Main starts at develop's first commit, which its own push builds again; then the merge builds both services.
    it("counts what main builds again of what develop built, at its merge", async () => {
        const { content, before } = await figures({ merged: (_, next) => next === undefined });
        assert.deepEqual({ content, before }, { content: [5, 0, 0], before: [9, 4, 0] });
    });

    it("says it in a table", async () => {
        const text = describePlans([{ ...(await compare()), planSeconds: 0.0104 }]);
        assert.equal(
            text,
            [
                "pushes: 6 pushes, 11 images wanted; 10 ms for a plan",
                "                                                            built  of all   built though there  left with another content",
                "  always build                                              11     100.0 %  6                   0",
                "  path filter, the head against its first parent            6      54.5 %   1                   0",
                "  path filter, the head against the branch before the push  6      54.5 %   1                   0",
                "  content plan                                              5      45.5 %   0                   0",
            ].join("\n"),
        );
    });
});
