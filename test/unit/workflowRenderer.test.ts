import assert from "node:assert/strict";
import { actions, type ActionName } from "../../core/workflows/actions";
import { choose, github, inputs, steps, text } from "../../core/workflows/expressions";
import type { Job, Permissions, WorkJob, Workflow } from "../../core/workflows/model";
import { renderWorkflow } from "../../core/workflows/render";

const none: Permissions = {};
const job = (more: Partial<WorkJob> = {}): WorkJob => ({
    name: "One",
    permissions: none,
    timeoutMinutes: 5,
    steps: [{ name: "Say", run: ["echo hello"] }],
    ...more,
});
const workflow = (one: Job, more: Partial<Workflow> = {}): Workflow => ({
    name: "example",
    about: "An example.",
    on: { push: { branches: ["main"] } },
    jobs: { one },
    ...more,
});
const linesOf = (rendered: string) => rendered.split("\n").map((line) => line.trim());

describe("the renderer of workflows", () => {
    it("writes the whole file: the marker, who may do what, and the work", () => {
        const rendered = renderWorkflow(
            workflow(
                job({
                    permissions: { contents: { access: "read", why: "checks out the commit" } },
                    environment: inputs("environment"),
                    concurrency: { group: text`deploy-${inputs("environment")}`, cancelInProgress: false, queue: "max" },
                    steps: [
                        { name: "Check out", action: "actions/checkout", with: { "persist-credentials": false } },
                        { name: "Say", env: { SHA: github("sha") }, run: ['echo "$SHA"', "exit 0"] },
                    ],
                }),
            ),
        );
        assert.equal(
            rendered,
            `# Written by oneflow; do not edit, the next \`npx oneflow render\` writes it anew.
# To change it: services.yaml, Pulumi.<environment>.yaml, Pulumi.platform.yaml or core/workflows of the operations repository.

# An example.

name: example
on:
  push:
    branches: [main]
permissions: {}
defaults:
  run:
    shell: bash
jobs:
  one:
    name: One
    permissions:
      contents: read # checks out the commit
    concurrency:
      group: deploy-\${{ inputs.environment }}
      cancel-in-progress: false
      queue: max
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    environment: \${{ inputs.environment }}
    steps:
      - name: Check out
        uses: actions/checkout@${actions["actions/checkout"].sha} # ${actions["actions/checkout"].version}
        with:
          persist-credentials: false
      - name: Say
        env:
          SHA: \${{ github.sha }}
        run: |
          echo "$SHA"
          exit 0
`,
        );
    });

    it("refuses an expression in a script, where GitHub would paste whatever a stranger wrote into it", () => {
        const spoiled = workflow(job({ steps: [{ name: "Say", run: ["echo ${{ github.event.pull_request.title }}"] }] }));
        assert.throws(() => renderWorkflow(spoiled), /jobs\.one\.steps\[0\]\.run: a text holds \$\{\{ … \}\}: echo/);
    });

    it("refuses an expression in any other text that does not say that it holds one", () => {
        assert.throws(() => renderWorkflow(workflow(job({ environment: "${{ inputs.environment }}" }))), /jobs\.one\.environment/);
        assert.throws(() => renderWorkflow(workflow(job({ name: text`a ${"${{ b }}"}` }))), /a template: a text holds/);
    });

    it("refuses a job that says nothing of its permissions, also where no type was checked", () => {
        const { permissions: _, ...silent } = job();
        assert.throws(() => renderWorkflow(workflow(silent as WorkJob)), {
            message: "job one says nothing of its permissions: {} is the least",
        });
    });

    it("writes a long script line and a long text as one line", () => {
        const long = "x ".repeat(300).trim();
        const rendered = renderWorkflow(workflow(job({ name: long, steps: [{ name: "Say", run: [`echo ${long}`] }] })));
        assert.ok(linesOf(rendered).includes(`name: ${long}`));
        assert.ok(linesOf(rendered).includes(`echo ${long}`));
    });

    it("names a workflow of another repository by its branch, and says beside it why no SHA stands there", () => {
        const calls = {
            repository: "acme/shop",
            path: ".github/workflows/oneflow-build.yml",
            branch: "main",
            why: "it is trusted",
        };
        const lines = linesOf(renderWorkflow(workflow({ name: "Build", permissions: none, calls })));
        assert.ok(
            lines.includes(
                "uses: acme/shop/.github/workflows/oneflow-build.yml@main # zizmor: ignore[unpinned-uses] it is trusted",
            ),
        );
    });
});

describe("expressions of workflows", () => {
    it("choose a text by a value, case by case, and nothing for a value that is none of them", () => {
        assert.equal(
            choose(inputs("environment"), { dev: "a", "o'hara": "b" }).expression,
            "inputs.environment == 'dev' && 'a' || inputs.environment == 'o''hara' && 'b' || ''",
        );
    });

    it("stand in a text where they were put", () => {
        assert.deepEqual(text`a-${steps("auth").output("token")}-${"b"}`.parts, [
            "a-",
            { expression: "steps.auth.outputs.token" },
            "-",
            "b",
        ]);
    });
});

describe("the actions of others", () => {
    for (const name of Object.keys(actions) as ActionName[]) {
        it(`are pinned by a commit, and say which release it is: ${name}`, () => {
            assert.match(actions[name].sha, /^[0-9a-f]{40}$/);
            assert.match(actions[name].version, /^v\d+\.\d+\.\d+$/);
        });
    }
});
