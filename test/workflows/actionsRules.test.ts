import assert from "node:assert/strict";
import fc from "fast-check";
import { ConcurrencyGroups } from "../../sandbox/github/actions/concurrency";
import { evaluate, evaluateText, holds } from "../../sandbox/github/actions/expressions";
import { inlineContexts } from "../../sandbox/github/actions/inlineContexts";
import { combinations } from "../../sandbox/github/actions/matrix";
import { matches } from "../../sandbox/github/actions/patterns";
import { beyond, intersection, permissionsOf, readOnly } from "../../sandbox/github/actions/permissions";
import { InvalidWorkflow, readWorkflow } from "../../sandbox/github/actions/workflowFile";

describe("GitHub's filter patterns", () => {
    it("take names as GitHub's documentation says", () => {
        const taken: [patterns: string[], name: string][] = [
            [["main"], "main"],
            [["releases/**"], "releases/beta/3-alpha"],
            [["hotfix/**"], "hotfix/1.4"],
            [["*"], "main"],
            [["**"], "a/b"],
            [["v[12].[0-9]+.[0-9]+"], "v1.10.1"],
            [["docs/*"], "docs/README.md"],
            [["**/docs/**"], "docs/a/b.md"],
            [["**.js"], "src/index.js"],
            [["*.jsx?"], "page.js"],
            [["releases/**", "!releases/**-alpha", "releases/keep-alpha"], "releases/keep-alpha"],
        ];
        const refused: typeof taken = [
            [["main"], "mainline"],
            [["*"], "a/b"],
            [["docs/*"], "docs/a/b.md"],
            [["**.js"], "index.jsx"],
            [["releases/**", "!releases/**-alpha"], "releases/10-alpha"],
            [["Pulumi.prod.yaml"], "PulumiXprod.yaml"],
        ];
        assert.deepEqual(
            taken.filter(([patterns, name]) => !matches(patterns, name)),
            [],
        );
        assert.deepEqual(
            refused.filter(([patterns, name]) => matches(patterns, name)),
            [],
        );
    });
});

describe("expressions", () => {
    const contexts = { github: { ref: "refs/heads/main" }, needs: { plan: { result: "success", outputs: { build: "[1,2]" } } } };

    it("are GitHub's own", () => {
        assert.deepEqual(evaluate("fromJSON(needs.plan.outputs.build)", contexts), [1, 2]);
        assert.equal(
            evaluateText("on ${{ github.ref }}: ${{ needs.plan.result == 'SUCCESS' }}", contexts),
            "on refs/heads/main: true",
        );
        assert.throws(() => evaluate("nothing.there", contexts), /Unrecognized named-value: 'nothing'/);
    });

    it("let a job run only after jobs that succeeded, unless its condition asks", () => {
        assert.equal(holds(undefined, contexts, "success"), true);
        assert.equal(holds(undefined, contexts, "skipped"), false);
        assert.equal(holds("github.ref == 'refs/heads/main'", contexts, "failure"), false);
        assert.equal(holds("${{ failure() }}", contexts, "failure"), true);
        assert.equal(holds("always() && needs.plan.result == 'failure'", contexts, "cancelled"), false);
        assert.equal(holds("!cancelled()", contexts, "skipped"), true);
        assert.equal(holds("!cancelled()", contexts, "cancelled"), false);
    });

    it("hand a runner what is known, whatever stands in it, and leave to it what is not", () => {
        const known = { inputs: { name: "it's }} here" }, matrix: { service: { args: "A=1\nB=2" } }, github: { sha: "abc" } };
        const step = {
            if: "inputs.name != '' && steps.latest.outputs.commit != 'inputs.name'",
            run: "echo ${{ github.token }} ${{ github.sha }}",
            with: { args: "${{ matrix.service.args }}", all: "${{ matrix.service }}" },
        };
        assert.deepEqual(inlineContexts(step, known), {
            if: `fromJSON('"it\\u0027s }} here"') != '' && steps.latest.outputs.commit != 'inputs.name'`,
            run: "echo ${{ github.token }} ${{ 'abc' }}",
            with: {
                args: `\${{ fromJSON('"A=1\\nB=2"') }}`,
                all: `\${{ fromJSON('{"args":"A=1\\nB=2"}') }}`,
            },
        });
    });

    it("mean the same after a value was put in", () => {
        fc.assert(
            fc.property(fc.jsonValue({ maxDepth: 2 }), (value) => {
                const before = evaluateText("${{ toJSON(inputs.value) }}", { inputs: { value } });
                const inlined = inlineContexts("${{ toJSON(inputs.value) }}", { inputs: { value } }) as string;
                assert.equal(evaluateText(inlined, {}), before);
            }),
        );
    });
});

describe("a matrix", () => {
    it("crosses its vectors, without what is excluded and with what is included", () => {
        const matrix = {
            os: ["linux", "mac"],
            node: [20, 22],
            exclude: [{ os: "mac", node: 20 }],
            include: [{ os: "linux", fast: true }, { os: "windows" }],
        };
        assert.deepEqual(combinations(matrix), [
            { os: "linux", node: 20, fast: true },
            { os: "linux", node: 22, fast: true },
            { os: "mac", node: 22 },
            { os: "windows" },
        ]);
    });

    it("makes 256 jobs at most, and is none without a value", () => {
        const many = Array.from({ length: 257 }, (_, index) => index);
        assert.equal(combinations({ one: many.slice(1) }).length, 256);
        assert.throws(() => combinations({ one: many }), /generating 257 jobs, which exceeds the maximum of 256/);
        assert.throws(() => combinations({ service: [] }), /Matrix vector 'service' does not contain any values/);
    });
});

describe("the permissions of a token", () => {
    it("are what every workflow of a chain gives, and nothing to a fork but reading", () => {
        const [caller, called] = [
            { contents: "write", "id-token": "write" },
            { contents: "read", issues: "write" },
        ] as const;
        assert.deepEqual(intersection(caller, called), { contents: "read" });
        assert.deepEqual(beyond(called, caller), [{ asked: "issues: write", given: "issues: none" }]);
        assert.deepEqual(readOnly(caller), { contents: "read" });
        assert.deepEqual(permissionsOf({ contents: "none", actions: "read" }), { actions: "read" });
    });
});

describe("a concurrency group", () => {
    const wish = { group: "deploy", cancelInProgress: false };

    /** Enters one after another; says who got a turn, and who was told to go. */
    async function entered(wishes: { queue?: string; cancelInProgress?: boolean }[]) {
        const groups = new ConcurrencyGroups();
        const told: number[] = [];
        const turns: string[] = [];
        const entries = wishes.map(async (own, index) => {
            const leave = await groups.enter({ ...wish, ...own }, () => told.push(index));
            turns.push(leave ? `${index}` : `${index} replaced`);
            return leave;
        });
        const leaves: (() => void)[] = [];
        for (const entry of entries) {
            void entry.then((leave) => leave && leaves.push(leave));
        }
        for (let round = 0; round < wishes.length; round++) {
            await new Promise(setImmediate);
            leaves.shift()?.();
        }
        await Promise.all(entries);
        return { turns, told };
    }

    it("drops the one that waits when a newer comes", async () => {
        assert.deepEqual(await entered([{}, {}, {}]), { turns: ["0", "1 replaced", "2"], told: [1] });
    });

    it("keeps all that wait, in order, where its queue is max", async () => {
        const all = [{ queue: "max" }, { queue: "max" }, { queue: "max" }];
        assert.deepEqual(await entered(all), { turns: ["0", "1", "2"], told: [] });
    });

    it("tells the one under way to end where a newer wants it, and waits for it", async () => {
        assert.deepEqual(await entered([{}, { cancelInProgress: true }]), { turns: ["0", "1"], told: [0] });
    });

    it("is one whatever the case of its name", async () => {
        const groups = new ConcurrencyGroups();
        const told = () => undefined;
        const leave = await groups.enter({ ...wish, group: "Deploy" }, told);
        let second = false;
        const waits = groups.enter({ ...wish, group: "deploy" }, told).then(() => (second = true));
        await new Promise(setImmediate);
        assert.equal(second, false);
        leave!();
        assert.equal(await waits, true);
    });
});

describe("a workflow's file", () => {
    it("is refused in GitHub's words where its jobs cannot be put in order", () => {
        const text = "on: push\njobs:\n  a: { needs: b, steps: [] }\n  b: { needs: a, steps: [] }\n";
        const fault = /Job 'a' depends on job 'b' which creates a cycle in the dependency graph\./;
        assert.throws(() => readWorkflow("x.yml", text), fault);
        assert.throws(() => readWorkflow("x.yml", "on: push\njobs: { a: { needs: c, steps: [] } }"), /depends on unknown job 'c'/);
        assert.throws(() => readWorkflow("x.yml", "on: [push\n"), InvalidWorkflow);
    });
});
