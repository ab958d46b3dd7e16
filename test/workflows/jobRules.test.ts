import assert from "node:assert/strict";
import { join } from "node:path";
import { textHash } from "../../core/deployment/proposed";
import { requestJob } from "../../core/workflows/documents/request";
import type { RunStep } from "../../core/workflows/model";
import type { Repository } from "../../sandbox/git/repository";
import { mergePullRequest, openPullRequests } from "../../sandbox/github/pullRequests";
import { installPushHook } from "../../sandbox/github/pushHook";
import { ActionsWorld } from "./actionsWorld";

const workflow = ".github/workflows/work.yml";
const bash = (run: string, env: Readonly<Record<string, string>> = {}) => ({ shell: "bash", run, env });
const checkout = { uses: "actions/checkout@v6" };
const token = "${{ github.token }}";

describe("what a repository lets its jobs do", function () {
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

    /** Starts a workflow of one job by its button. */
    const run = async (steps: readonly object[], permissions: Readonly<Record<string, string>>) => {
        const work = { "runs-on": "ubuntu-24.04", permissions, steps };
        const branch = "main";
        await world.push({ [workflow]: { on: "workflow_dispatch", jobs: { work } } }, { branch, to: repository });
        return press();
    };
    const press = async () => {
        const button = { repository: name, actor: "ada", workflow: "work.yml", ref: "main" };
        const [done] = await world.runs({ name: "workflow_dispatch", ...button });
        return { conclusion: done.conclusion, log: world.log(done, "work") };
    };
    const git = () => world.repositories.git(name);
    const layout = { github: (fullName: string) => world.repositories.git(fullName).directory };
    const allow = () => world.cloud.store.put(`github/${name}/actions/workflow`, { canApprovePullRequestReviews: true });

    describe("with pull requests", () => {
        const permissions = { contents: "write", "pull-requests": "write" };
        const proposal = {
            branch: "promote/stage/3c2d91a9f0e8",
            title: "Promote 3c2d91a9f0e8 to stage",
            body: "From nothing.",
            file: "Pulumi.stage.yaml",
            was: textHash("a: 1\n"),
            text: "a: 2\n",
        };
        const { steps } = requestJob({ repository: name, branch: "main" }, "preview");
        const open = (steps.at(-1) as RunStep).run.join("\n");
        const request = [checkout, bash(open, { GH_TOKEN: token, BASE: "main", PROPOSAL: JSON.stringify(proposal) })];
        const proposed = () => openPullRequests(world, name).map(({ number, head, base }) => [number, head, base]);
        beforeEach(() => world.push({ "Pulumi.stage.yaml": "a: 1\n" }, { to: repository }));

        it("opens one for a proposal, none while that waits, and another one when it was merged and taken back", async () => {
            allow();
            for (const start of [() => run(request, permissions), press]) {
                const { conclusion, log } = await start();
                assert.equal(conclusion, "success", log);
                assert.deepEqual(proposed(), [[1, proposal.branch, "main"]]);
            }
            await mergePullRequest({ cloud: world.cloud, layout }, name, 1);
            await repository.fetch();
            await repository.merge("origin/main", "Take what was merged");
            await world.push({ "Pulumi.stage.yaml": "a: 1\n" }, { to: repository });

            assert.equal((await press()).conclusion, "success");
            assert.deepEqual(proposed(), [[2, proposal.branch, "main"]]);
        });

        it("opens none where the repository does not let Actions, which is how GitHub begins", async () => {
            const { conclusion, log } = await run(request, permissions);
            assert.equal(conclusion, "failure");
            assert.match(log, /GitHub Actions is not permitted to create or approve pull requests\./);
            assert.deepEqual(proposed(), []);
        });
    });

    describe("with pushes, as its rulesets say", () => {
        const commit = "git -c user.name=bot -c user.email=bot@x commit --quiet --allow-empty -m More";
        const push = (reference: string) => run([checkout, bash(`${commit}\ngit push origin ${reference}`)], { contents: "write" });
        const protect = (ruleset: { name: string; target: string; rules: object; includes: readonly string[] }) => {
            const { includes, ...more } = ruleset;
            const conditions = { refName: { includes, excludes: [] } };
            const administrator = { actorType: "RepositoryRole", actorId: 5, bypassMode: "always" };
            const record = { ...more, enforcement: "active", conditions, bypassActors: [administrator] };
            world.cloud.store.put(`github/${name}/rulesets/${ruleset.name}`, record);
        };
        const refused = (reference: string, why: string) =>
            new RegExp(
                `remote: error: GH013: Repository rule violations found for ${reference}\\.[^]*` +
                    `remote: Review all repository rules at \\S+/${name}/rules\\?ref=${encodeURIComponent(reference)}[^]*` +
                    `remote: - ${why}\\.[^]*\\[remote rejected\\]`,
            );

        it("keeps a branch from a job that may write, and lets a person who pushes by path", async () => {
            protect({ name: "main", target: "branch", rules: { pullRequest: {} }, includes: ["refs/heads/main"] });
            const { conclusion, log } = await push("HEAD:main");
            assert.equal(conclusion, "failure");
            assert.match(log, refused("refs/heads/main", "Changes must be made through a pull request"));
            assert.equal(await git().find("main"), await repository.commitAt("HEAD"));
        });

        it("keeps the history of a branch, and the branch", async () => {
            protect({
                name: "stays",
                target: "branch",
                rules: { nonFastForward: true, deletion: true },
                includes: ["refs/heads/main"],
            });
            const lines = [
                "git switch --quiet --orphan new",
                commit,
                "git push --force origin new:main || true",
                "git push origin :main || true",
                "git push origin new",
            ];
            const { conclusion, log } = await run([checkout, bash(lines.join("\n"))], { contents: "write" });
            assert.equal(conclusion, "success", log);
            assert.match(log, refused("refs/heads/main", "Cannot force-push to this protected ref"));
            assert.match(log, refused("refs/heads/main", "Cannot delete this protected ref"));
            assert.equal(await git().find("main"), await repository.commitAt("HEAD"));
            assert.ok(await git().find("new"));
        });

        it("makes no tag that only releasers make, and any other", async () => {
            protect({ name: "releases", target: "tag", rules: { creation: true }, includes: ["refs/tags/v*"] });
            const { conclusion, log } = await push("HEAD:refs/tags/v1.0.0");
            assert.equal(conclusion, "failure");
            assert.match(log, refused("refs/tags/v1.0.0", "Cannot create ref due to creations being restricted"));
            assert.equal(await git().find("refs/tags/v1.0.0"), undefined);

            assert.equal((await push("HEAD:refs/tags/nightly")).conclusion, "success");
        });

        it("starts nothing", async () => {
            const directory = join(world.directory, "actions");
            installPushHook(git().directory, { directory, repository: name });
            const runs = () => world.actions.files.all().filter((one) => one.repository === name).length;
            const on = { push: { branches: ["other"] } };
            const jobs = { work: { "runs-on": "ubuntu-24.04", steps: [bash("echo")] } };
            await world.push({ ".github/workflows/other.yml": { on, jobs } }, { to: repository });
            assert.equal((await push("HEAD:other")).conclusion, "success");
            assert.equal(runs(), 1);
        });
    });
});
