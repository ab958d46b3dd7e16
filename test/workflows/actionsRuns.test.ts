import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../../sandbox/git/repository";
import type { Run } from "../../sandbox/github/actions/model";
import { ActionsWorld } from "./actionsWorld";

const workflow = ".github/workflows/push.yml";
const runsOn = { "runs-on": "ubuntu-24.04" };
const script = (...lines: string[]) => ({ shell: "bash", run: lines.join("\n") });
const job = (...lines: string[]) => ({ ...runsOn, steps: [script(...lines)] });

describe("a run of the sandbox's GitHub Actions", function () {
    this.timeout(60_000);
    let world: ActionsWorld;
    let repository: Repository;
    let name: string;
    let count = 0;
    before(async () => (world = await ActionsWorld.create()));
    after(() => world.end());
    beforeEach(async () => {
        name = `acme/repository-${count++}`;
        repository = await world.addRepository(name);
    });

    const { conclusions } = ActionsWorld;
    const push = (value: object, files: Readonly<Record<string, unknown>> = {}, branch = "main") =>
        world.push({ [workflow]: { name: "Push", on: "push", ...value }, ...files }, { branch, to: repository });
    const run = async (value: object, files?: Readonly<Record<string, unknown>>): Promise<Run> => {
        const [only] = await world.runs(await push(value, files));
        return only;
    };
    /** Waits until a job of a run stands somewhere. */
    const until = async (id: number, is: (run: Run) => boolean) => {
        while (!is(world.actions.files.get(id)!)) await world.actions.changed(id);
    };

    it("skips what needs a job that failed, but not what wants to know of it", async () => {
        const done = await run({
            jobs: {
                build: job("exit 3"),
                deploy: { needs: "build", ...job("echo deployed") },
                report: { needs: "build", if: "failure() && needs.build.result == 'failure'", ...job("echo reported") },
                tidy: { needs: ["deploy", "report"], if: "!cancelled()", ...job("echo tidied") },
                last: { needs: "tidy", ...job("echo last") },
            },
        });
        assert.equal(done.conclusion, "failure");
        assert.deepEqual(conclusions(done), {
            build: "failure",
            deploy: "skipped",
            report: "success",
            tidy: "success",
            last: "skipped",
        });
        assert.match(world.log(done, "report"), /\| reported/);
    });

    it("makes a job for each value of a matrix that another job names, and ends the others where one fails", async () => {
        const list = script(`echo 'build=[{"name":"a"},{"name":"b"}]' >> "$GITHUB_OUTPUT"`);
        const gate = join(world.directory, `gate-${count}`);
        const build = script(
            'echo "built $NAME"',
            `if [ "$NAME" = b ]; then touch '${gate}'; else until [ -e '${gate}' ]; do sleep 0.05; done; exit 1; fi`,
            "sleep 20",
        );
        const done = await run({
            jobs: {
                plan: { ...runsOn, outputs: { build: "${{ steps.plan.outputs.build }}" }, steps: [{ id: "plan", ...list }] },
                build: {
                    name: "Build ${{ matrix.service.name }}",
                    needs: "plan",
                    strategy: { matrix: { service: "${{ fromJSON(needs.plan.outputs.build) }}" } },
                    ...runsOn,
                    steps: [{ ...build, env: { NAME: "${{ matrix.service.name }}" } }],
                },
            },
        });
        assert.deepEqual(
            done.jobs.map(({ id, name: shown, conclusion }) => [id, shown, conclusion]),
            [
                ["plan", "plan", "success"],
                ["build[0]", "Build a", "failure"],
                ["build[1]", "Build b", "cancelled"],
            ],
        );
        assert.equal(done.conclusion, "failure");
    });

    it("hands values to a workflow that it calls, and takes its outputs", async () => {
        const called = {
            on: {
                workflow_call: {
                    inputs: { environment: { type: "string", required: true }, dry: { type: "boolean" } },
                    outputs: { said: { value: "${{ jobs.work.outputs.said }}" } },
                },
            },
            jobs: {
                work: {
                    ...runsOn,
                    name: "Work for ${{ inputs.environment }}",
                    outputs: { said: "${{ steps.say.outputs.said }}" },
                    steps: [
                        {
                            id: "say",
                            ...script('echo "said=$IN $DRY" >> "$GITHUB_OUTPUT"'),
                            env: { IN: "${{ inputs.environment }}", DRY: "${{ inputs.dry }}" },
                        },
                    ],
                },
            },
        };
        const done = await run(
            {
                jobs: {
                    call: { name: "Call", uses: `${name}/.github/workflows/called.yml@main`, with: { environment: "dev" } },
                    after: {
                        needs: "call",
                        ...runsOn,
                        steps: [{ ...script('echo "heard $SAID"'), env: { SAID: "${{ needs.call.outputs.said }}" } }],
                    },
                },
            },
            { ".github/workflows/called.yml": called },
        );
        assert.equal(done.conclusion, "success");
        assert.deepEqual(
            done.jobs.map((one) => [one.id, one.name]),
            [
                ["call/work", "Call / Work for dev"],
                ["after", "after"],
            ],
        );
        assert.match(world.log(done, "after"), /\| heard dev false/);
    });

    it("does not start where a job that is called asks for more than it is given", async () => {
        const called = { on: { workflow_call: {} }, permissions: { "id-token": "write" }, jobs: { work: job("echo") } };
        const done = await run(
            { permissions: { contents: "read" }, jobs: { call: { uses: "./.github/workflows/called.yml" } } },
            { ".github/workflows/called.yml": called },
        );
        assert.deepEqual([done.conclusion, done.jobs], ["startup_failure", []]);
        assert.match(
            done.message!,
            /The nested job 'work' is requesting 'id-token: write', but is only allowed 'id-token: none'\./,
        );
    });

    it("takes no workflow of a private repository that does not share its own", async () => {
        const other = await world.addRepository(`acme/operations-${count}`);
        const path = `acme/operations-${count}/.github/workflows/called.yml@main`;
        await world.push({ ".github/workflows/called.yml": { on: "workflow_call", jobs: { work: job("echo") } } }, { to: other });
        const value = { jobs: { call: { uses: path } } };
        const refused = await run(value);
        assert.match(refused.message!, /error parsing called workflow ".*": workflow was not found\./);

        world.cloud.store.put(`github/acme/operations-${count}/actions/access`, { accessLevel: "organization" });
        assert.deepEqual(conclusions(await run(value, { again: "" })), { "call/work": "success" });
    });

    it("tells a job where tokens come from only where it may have one", async () => {
        const ask = 'echo "url ${ACTIONS_ID_TOKEN_REQUEST_URL:-none}"';
        const get = `node -e 'fetch(process.env.ACTIONS_ID_TOKEN_REQUEST_URL + "&audience=google", { headers: { authorization: "bearer " + process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN } }).then((r) => r.json()).then(({ value }) => console.log(value))'`;
        const done = await run({
            permissions: {},
            jobs: {
                without: job(ask),
                with: { permissions: { "id-token": "write" }, ...job(get) },
            },
        });
        assert.equal(done.conclusion, "success");
        assert.match(world.log(done, "without"), /\| url none/);
        assert.match(world.log(done, "with"), new RegExp(`\\| token of ${name}/${workflow}@refs/heads/main for google`));
    });

    it("lets a job push and open pull requests only with the permission to, and starts nothing for it", async () => {
        const change = [
            "git switch --quiet --create change",
            "echo more > more.txt",
            "git add .",
            "git -c user.name=bot -c user.email=bot@x commit --quiet -m More",
        ];
        const steps = [{ uses: "actions/checkout@v6" }, script(...change, "git push --quiet origin change")];
        const open = {
            ...script('gh pr view change || gh pr create --base main --head change --title "More" --body "of it"'),
            env: { GH_TOKEN: "${{ github.token }}" },
        };
        const reads = await run({
            permissions: { contents: "read", "pull-requests": "write" },
            jobs: { work: { ...runsOn, steps } },
        });
        assert.equal(reads.conclusion, "failure");
        assert.match(world.log(reads, "work"), /The requested URL returned error: 403/);

        const writes = await run({ permissions: { contents: "write" }, jobs: { work: { ...runsOn, steps: [...steps, open] } } });
        assert.match(world.log(writes, "work"), /Resource not accessible by integration/);

        const permissions = { contents: "write", "pull-requests": "write" };
        world.cloud.store.put(`github/${name}/actions/workflow`, { canApprovePullRequestReviews: true });
        const change2 = steps.map((step) => JSON.parse(JSON.stringify(step).replaceAll("origin change", "--force origin change")));
        const opens = await run({ permissions, jobs: { work: { ...runsOn, steps: [...change2, open] } } });
        assert.equal(opens.conclusion, "success", world.log(opens, "work"));
        assert.deepEqual(world.cloud.store.get(`github/${name}/pulls/1`), {
            number: 1,
            title: "More",
            body: "of it",
            base: "main",
            head: "change",
            state: "open",
            author: "github-actions[bot]",
        });
        assert.deepEqual(
            world.actions.files.all().filter(({ repository: of, ref }) => of === name && ref !== "refs/heads/main"),
            [],
        );
    });

    it("deploys an environment only from the branches that it takes", async () => {
        const environment = `github/${name}/environments/prod`;
        world.cloud.store.put(environment, { deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true } });
        world.cloud.store.put(`${environment}/policies/main`, { branchPattern: "main" });
        const value = {
            jobs: { deploy: { environment: "prod", ...job("echo deployed") }, other: { environment: "new", ...job("echo") } },
        };
        const [refused] = await world.runs(await push(value, {}, "feature"));
        const [deploy] = refused.jobs;
        assert.deepEqual([deploy.conclusion, deploy.log], ["failure", undefined]);
        assert.equal(deploy.message, 'Branch "feature" is not allowed to deploy to prod due to environment protection rules.');
        assert.ok(world.cloud.store.get(`github/${name}/environments/new`));

        const [taken] = await world.runs(await push(value, { again: "" }));
        assert.deepEqual(conclusions(taken), { deploy: "success", other: "success" });
    });

    it("waits for who has to approve an environment", async () => {
        world.cloud.store.put(`github/${name}/environments/prod`, { reviewers: [{ teams: [7], users: [] }] });
        const value = { jobs: { deploy: { environment: "prod", ...job("echo deployed") } } };
        const [{ id }] = await world.actions.handle(await push(value));
        await until(id, ({ jobs }) => jobs[0]?.status === "waiting");
        world.actions.approve(id, "prod");
        assert.deepEqual(conclusions(await world.actions.finished(id)), { deploy: "success" });

        world.actions.rerun(id);
        await until(id, ({ jobs }) => jobs[0]?.status === "waiting");
        world.actions.approve(id, "prod", { approved: false });
        const rejected = await world.actions.finished(id);
        assert.deepEqual([rejected.attempt, rejected.conclusion], [2, "failure"]);
        assert.equal(rejected.jobs[0].message, "The deployment was rejected or didn't satisfy other protection rules.");
    });

    it("runs a rerun on the same commit, as its next attempt", async () => {
        const first = await run({
            jobs: { say: { ...runsOn, steps: [script('echo "$GITHUB_RUN_ID attempt $GITHUB_RUN_ATTEMPT of $GITHUB_SHA"')] } },
        });
        await world.push({ "other.txt": "later" }, { to: repository });
        world.actions.rerun(first.id);
        const again = await world.actions.finished(first.id);
        assert.deepEqual([again.number, again.attempt, again.sha], [1, 2, first.sha]);
        assert.match(world.log(again, "say"), new RegExp(`\\| ${first.id} attempt 2 of ${first.sha}`));
    });

    it("says at the job why it could not be run", async () => {
        const done = await run({ jobs: { work: { ...runsOn, steps: [{ uses: "acme/nowhere@v1" }] } } });
        const [work, ...others] = done.jobs;
        assert.deepEqual([done.conclusion, work.conclusion, others], ["failure", "failure", []]);
        assert.equal(work.message, "Unable to resolve action `acme/nowhere@v1`, repository not found");
    });

    it("takes the values of a button, and none that it does not have", async () => {
        const inputs = { ref: { type: "string", required: true }, dry: { type: "boolean", default: true } };
        const say = {
            ...script('echo "ref $REF dry $DRY on $GITHUB_REF"'),
            env: { REF: "${{ inputs.ref }}", DRY: "${{ inputs.dry && 'yes' }}" },
        };
        await push({ on: { workflow_dispatch: { inputs } }, jobs: { say: { ...runsOn, steps: [say] } } });
        const press = { name: "workflow_dispatch", repository: name, actor: "ada", workflow: "push.yml", ref: "main" } as const;
        const [done] = await world.runs({ ...press, inputs: { ref: "v1.0.0" } });
        assert.match(world.log(done, "say"), /\| ref v1\.0\.0 dry yes on refs\/heads\/main/);
        await assert.rejects(world.actions.handle(press), /Required input 'ref' not provided/);
        await assert.rejects(
            world.actions.handle({ ...press, inputs: { ref: "a", b: "c" } }),
            /Unexpected inputs provided: \["b"\]/,
        );
    });

    it("starts at a change of the paths that it names", async () => {
        const on = { push: { branches: ["main"], paths: ["Pulumi.prod.yaml"] } };
        await push({ on, jobs: { deploy: job("echo") } });
        assert.deepEqual(await world.runs(await world.push({ "Pulumi.stage.yaml": "a" }, { to: repository })), []);
        const [done] = await world.runs(await world.push({ "Pulumi.prod.yaml": "a" }, { to: repository }));
        assert.equal(done.conclusion, "success");
    });

    it("keeps all runs of a group in order where its queue is max, and drops the one that waits where it is not", async () => {
        const results: Record<string, unknown> = {};
        for (const queue of [{ queue: "max" }, {}]) {
            const gate = join(world.directory, `gate-${count}-${queue.queue}`);
            const wait = `until [ -e '${gate}' ]; do sleep 0.05; done`;
            const value = { concurrency: { group: "deploy", ...queue }, jobs: { deploy: job(wait) } };
            const events = [await push(value, { a: `${JSON.stringify(queue)}1` })];
            for (const change of ["2", "3"])
                events.push(await world.push({ a: change + JSON.stringify(queue) }, { to: repository }));
            const ids: number[] = [];
            for (const event of events) ids.push((await world.actions.handle(event))[0].id);
            await until(ids[0], ({ status }) => status === "in_progress");
            await until(ids[2], ({ status }) => status === "pending");
            writeFileSync(gate, "");
            const runs = await Promise.all(ids.map((id) => world.actions.finished(id)));
            results[queue.queue ?? "default"] = runs.map(({ conclusion }) => conclusion);
            const ends = runs.filter(({ conclusion }) => conclusion === "success").map(({ finishedAt }) => finishedAt!);
            assert.deepEqual([...ends].sort(), ends);
        }
        assert.deepEqual(results, { max: ["success", "success", "success"], default: ["success", "cancelled", "success"] });
    });

    it("ends a job that takes too long, or that somebody cancels", async () => {
        const gate = join(world.directory, `begun-${count}`);
        const late = await run({ jobs: { slow: { "timeout-minutes": 0.01, ...job("sleep 20") } } });
        assert.deepEqual([late.conclusion, late.jobs[0].conclusion], ["cancelled", "cancelled"]);
        assert.match(late.jobs[0].message!, /has exceeded the maximum execution time/);

        const [{ id }] = await world.actions.handle(
            await push({ jobs: { slow: job(`touch '${gate}'`, "sleep 20"), next: { needs: "slow", ...job("echo") } } }),
        );
        await until(id, ({ status }) => status === "in_progress");
        world.actions.cancel(id);
        assert.deepEqual(conclusions(await world.actions.finished(id)), { slow: "cancelled", next: "cancelled" });
    });
});
