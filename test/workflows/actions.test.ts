import assert from "node:assert/strict";
import { ActionsWorld } from "./actionsWorld";

const hello = (text: string) => ({ "runs-on": "ubuntu-24.04", steps: [{ run: `echo ${text}` }] });

describe("the sandbox's GitHub Actions", function () {
    this.timeout(60_000);
    let world: ActionsWorld;
    beforeEach(async () => (world = await ActionsWorld.create()));
    afterEach(() => world.end());

    it("runs the jobs of a push one after another, and hands on what the first says", async () => {
        const event = await world.push({
            "README.md": "# Shop\n",
            ".github/workflows/push.yml": {
                name: "Push",
                on: { push: { branches: ["main"] } },
                jobs: {
                    plan: {
                        "runs-on": "ubuntu-24.04",
                        outputs: { said: "${{ steps.say.outputs.said }}" },
                        steps: [
                            { uses: "actions/checkout@v6" },
                            { id: "say", shell: "bash", run: 'echo "said=$(cat README.md)" >> "$GITHUB_OUTPUT"' },
                        ],
                    },
                    build: {
                        needs: "plan",
                        "runs-on": "ubuntu-24.04",
                        steps: [{ shell: "bash", run: 'echo "heard $SAID"', env: { SAID: "${{ needs.plan.outputs.said }}" } }],
                    },
                },
            },
        });
        const [run, ...others] = await world.runs(event);
        assert.deepEqual(others, []);
        assert.deepEqual([run.workflow, run.sha, run.conclusion], ["Push", event.after, "success"], world.log(run, "plan"));
        assert.match(world.log(run, "build"), /\| heard # Shop\n/);
    });

    it("starts nothing that the branch's filter keeps out", async () => {
        const on = { push: { branches: ["develop"] } };
        const event = await world.push({ ".github/workflows/push.yml": { on, jobs: { hello: hello("hello") } } });
        assert.deepEqual(await world.runs(event), []);
    });
});
