import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGit } from "../../sandbox/git/command";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import type { Run } from "../../sandbox/github/actions/model";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { jobsOf, PipelineWorld, repository, setIn } from "./pipelineWorld";

const built = [
    ...["adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator"],
    ...["paymentservice", "productcatalogservice", "recommendationservice", "shippingservice"],
];

/** Each test goes on from where the one before left the world. */
describe("The generated workflows, run by act on the sandbox's GitHub,", function () {
    this.timeout(300_000);
    let pipelines: PipelineWorld;
    /** What dev runs, by what the test before left there. */
    let served: Record<string, string>;
    let first: string;
    let second: string;

    before(async () => {
        pipelines = await PipelineWorld.create();
    });
    after(() => pipelines.end());

    const dev = () => running(pipelines.world, "dev");
    const service = (name: string) => pipelines.world.catalog().services[name];
    const change = (name: string, what: string) => (worktree: string) => changeService(worktree, service(name), what);
    const changed = (before: Record<string, string>, after: Record<string, string>) =>
        Object.keys(after).filter((name) => before[name] !== after[name]);
    const digestOf = async (name: string, tag: string) => {
        const { registry, tier } = pipelines.world.environment("dev");
        return (await registryAs(pipelines.world, "auditor").resolve(`${registry}/${tier}/${name}:${tag}`))?.digest;
    };

    it("begin with the merge of their pull request: main gets eleven images and a lock, and deploys nothing", async () => {
        const [run] = await pipelines.merge("main");
        const { "build/plan": plan, "build/lock": lock, deploy, ...builds } = jobsOf(pipelines.green(run));
        assert.deepEqual([plan, lock, deploy], ["success", "success", "skipped"]);
        assert.deepEqual(Object.keys(builds).sort(), built.map((name) => `Build ${name}`).sort());
        assert.equal((await pipelines.lockOf(run.sha))?.source.branch, "main");
        assert.equal(await pipelines.latest(), undefined);
        assert.deepEqual(await dev(), {});
    });

    it("build nothing for develop, whose content main has, and bring dev up with the digests that were built", async () => {
        const [run] = await pipelines.merge("develop");
        first = run.sha;
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "build/build": "skipped", "build/lock": "success", "deploy/deploy": "success" },
            "deploy/request": "skipped",
        });
        assert.equal(await pipelines.latest(), first);
        served = await dev();
        assert.equal(Object.keys(served).length, 12);
        const lock = (await pipelines.lockOf(first))!;
        for (const name of Object.keys(served)) assert.equal(served[name], lock.images[name].digest, name);
        assert.equal((await recorded(pipelines.world, "dev"))?.request.commit, first);
    });

    it("build one image for one changed service, tag the other ten, and restart nothing else in dev", async () => {
        const pods = pipelines.pods("dev");
        const { commit, run } = await pipelines.pushed("develop", "Round totals", change("checkoutservice", "Round totals"));
        second = commit;
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build checkoutservice": "success", "build/lock": "success" },
            ...{ "deploy/deploy": "success", "deploy/request": "skipped" },
        });
        const after = await dev();
        assert.deepEqual(changed(served, after), ["checkoutservice"]);
        assert.deepEqual(
            changed(pipelines.pods("dev"), pods).map((pod) => pod.replace(/-[^-]+-[^-]+$/, "")),
            ["checkoutservice"],
            "of the pods that were there, those of checkoutservice are gone",
        );
        for (const name of built) assert.equal(await digestOf(name, commit), after[name], name);
        served = after;
    });

    it("change nothing where a run is started again", async () => {
        const [before] = pipelines.world.runsOf(second);
        const bytes = await pipelines.world.registry.contentHash();
        const pods = pipelines.pods("dev");
        const again = pipelines.green(
            await pipelines.world.actions.rerun(before.id).then(({ id }) => pipelines.world.actions.finished(id)),
        );
        assert.deepEqual([again.attempt, jobsOf(again)["build/build"]], [2, "skipped"]);
        assert.equal(await pipelines.world.registry.contentHash(), bytes);
        assert.deepEqual(pipelines.pods("dev"), pods);
    });

    it("give a push to main its lock, and leave dev as it is", async () => {
        const { commit, run } = await pipelines.pushed("main", "Cache rates", change("currencyservice", "Cache rates"));
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build currencyservice": "success", "build/lock": "success", deploy: "skipped" },
        });
        assert.equal((await pipelines.lockOf(commit))?.source.branch, "main");
        assert.deepEqual([await pipelines.latest(), await dev()], [second, served]);
    });

    it("build a hotfix, say so in its lock, and deploy it nowhere", async () => {
        const { commit, run } = await pipelines.pushed("hotfix/totals", "Mend totals", change("checkoutservice", "Mend totals"));
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build checkoutservice": "success", "build/lock": "success", deploy: "skipped" },
        });
        assert.equal((await pipelines.lockOf(commit))?.source.branch, "hotfix");
        assert.deepEqual([await pipelines.latest(), await dev()], [second, served]);
        for (const environment of ["stage", "prod"] as const) assert.deepEqual(await running(pipelines.world, environment), {});
    });

    it("leave dev as it is where an image cannot be built, and serve the pushes after it", async () => {
        const failing = await pipelines.pushed("develop", "Break the build", (worktree) =>
            rmSync(join(worktree, "src", "emailservice", "Dockerfile")),
        );
        assert.equal(failing.run.conclusion, "failure");
        const jobs = jobsOf(failing.run);
        assert.deepEqual([jobs["Build emailservice"], jobs["build/lock"], jobs.deploy], ["failure", "skipped", "skipped"]);
        assert.equal(await pipelines.lockOf(failing.commit), undefined);
        assert.deepEqual([await pipelines.latest(), await dev()], [second, served]);

        const mended = await pipelines.pushed("develop", "Mend the build", async (worktree) => {
            await runGit(worktree, ["checkout", "--quiet", "HEAD~1", "--", "src/emailservice/Dockerfile"]);
            await changeService(worktree, service("emailservice"), "Mend the build");
        });
        pipelines.green(mended.run);
        const after = await dev();
        assert.deepEqual(changed(served, after), ["emailservice"]);
        served = after;
    });

    it("end with the later of two pushes, whichever of their runs comes last", async () => {
        const earlier = await pipelines.push("develop", "Translate mails", change("emailservice", "Translate mails"));
        const later = await pipelines.push("develop", "Recommend less", change("recommendationservice", "Recommend less"));
        const [one, other] = [await pipelines.only(earlier), await pipelines.only(later)];
        pipelines.green(one);
        pipelines.green(other);
        assert.equal(await pipelines.latest(), later);
        const after = await dev();
        assert.deepEqual(changed(served, after).sort(), ["emailservice", "recommendationservice"]);
        assert.equal((await recorded(pipelines.world, "dev"))?.request.commit, later);

        const held = await pipelines.push("develop", "Ship faster", change("shippingservice", "Ship faster"));
        await pipelines.cancel(held);
        const last = await pipelines.pushed("develop", "Ship cheaper", change("shippingservice", "Ship cheaper"));
        pipelines.green(last.run);
        served = await dev();
        const pods = pipelines.pods("dev");
        const [late] = pipelines.world.runsOf(held);
        const again = await pipelines.world.actions.rerun(late.id);
        pipelines.green(await pipelines.world.actions.finished(again.id));
        assert.ok(await pipelines.lockOf(held), "the earlier commit has its lock now");
        assert.equal(await pipelines.latest(), last.commit, "latest does not go back");
        assert.deepEqual([await dev(), pipelines.pods("dev")], [served, pods]);
    });

    it("leave dev alone while its file holds a commit, and say so", async () => {
        const hold = (commit: string) => (worktree: string) =>
            setIn(join(worktree, "Pulumi.dev.yaml"), ["config", "acme-shop:commit"], commit);
        const before = (await recorded(pipelines.world, "dev"))!.request.commit;
        pipelines.green((await pipelines.pushed("develop", "Hold dev", hold(before))).run);
        const pods = pipelines.pods("dev");
        const { run } = await pipelines.pushed("develop", "Greet", change("frontend", "Greet"));
        assert.match(pipelines.world.runs.log(pipelines.green(run), "deploy/deploy"), new RegExp(`dev .*held at ${before}`));
        assert.deepEqual([await dev(), pipelines.pods("dev")], [served, pods]);
        pipelines.green((await pipelines.pushed("develop", "Let dev follow latest", hold("latest"))).run);
        const after = await dev();
        assert.deepEqual(changed(served, after), ["frontend"]);
        served = after;
    });

    it("check a pull request without any identity, and push nothing", async () => {
        const bytes = await pipelines.world.registry.contentHash();
        await pipelines.push("try/ads", "Sell more", change("adservice", "Sell more"));
        const number = pipelines.openPullRequest({ base: "develop", head: "try/ads", title: "Sell more" });
        const [run] = await pipelines.world.actions
            .handle({ name: "pull_request", repository, actor: "robin", number, action: "opened" })
            .then((runs) => pipelines.ended(runs));
        assert.equal(run.path, ".github/workflows/oneflow-pull-request.yml");
        pipelines.green(run);
        assert.equal(await pipelines.world.registry.contentHash(), bytes);
    });

    it("promote stage with a button: a pull request that shows its preview, and its merge deploys the same digests", async () => {
        const commit = (await recorded(pipelines.world, "dev"))!.request.commit;
        pipelines.green(await pipelines.press("promote-stage.yml", { ref: commit }));
        const [pull, ...others] = pipelines.pullRequests().filter(({ base }) => base === "main");
        assert.deepEqual(others, []);
        assert.match(pull.body, /checkoutservice/);
        assert.deepEqual(await running(pipelines.world, "stage"), {});
        const runs = await pipelines.merge("main");
        pipelines.green(deployOf(runs));
        assert.deepEqual(await running(pipelines.world, "stage"), served);
        assert.equal((await recorded(pipelines.world, "stage"))?.request.commit, commit);
    });

    it("take dev back where a rollout fails, and name the commit to revert", async () => {
        const { commit, run } = await pipelines.pushed("develop", "Crash", (worktree) =>
            breakService(worktree, service("cartservice"), "crash"),
        );
        assert.deepEqual([jobsOf(run)["build/lock"], jobsOf(run)["deploy/deploy"]], ["success", "failure"]);
        assert.deepEqual(await dev(), served);
        assert.match(pipelines.world.runs.log(run, "deploy/deploy"), new RegExp(`git revert ${commit}`));
        const mended = await pipelines.pushed("develop", "Mend", (worktree) => mendService(worktree, service("cartservice")));
        pipelines.green(mended.run);
        served = await dev();
    });

    it("take stage back where a rollout fails there, and propose the revert, whose merge is quiet", async () => {
        const before = [await running(pipelines.world, "stage"), pipelines.pods("stage")];
        const { commit, run } = await pipelines.pushed("develop", "Keep carts", change("cartservice", "Keep carts"));
        pipelines.green(run);
        pipelines.green(await pipelines.press("promote-stage.yml", { ref: commit }));
        const nodesRead = {
            resource: "projects/acme-stage/locations/europe-west1/repositories/release-candidate",
            role: "roles/artifactregistry.reader",
            member: "serviceAccount:nodes-stage@acme-stage.iam.gserviceaccount.com",
        };
        const deployed = await pipelines.without(nodesRead, async () => deployOf(await pipelines.merge("main")));
        assert.deepEqual(jobsOf(deployed), { "deploy/deploy": "failure", "deploy/request": "success" }, pipelines.logs(deployed));
        assert.match(
            pipelines.world.runs.log(deployed, "deploy/deploy"),
            /cartservice[^]*artifactregistry\.repositories\.downloadArtifacts/,
        );
        assert.deepEqual([await running(pipelines.world, "stage"), pipelines.pods("stage")], before);

        const revert = deployOf(await pipelines.merge("main"));
        pipelines.green(revert);
        assert.deepEqual([await running(pipelines.world, "stage"), pipelines.pods("stage")], before);
        assert.notEqual((await recorded(pipelines.world, "stage"))?.request.commit, commit);
    });

    it("look for drift each morning, as the auditor, and find none", async () => {
        const drift = await pipelines.press("drift.yml", {});
        pipelines.green(drift);
        const { world } = pipelines;
        assert.match(world.runs.log(drift, "drift/drift[1]"), /\d+ unchanged/);
        assert.match(world.runs.log(drift, "drift/drift[2]"), /prod runs nothing, and its file asks for nothing/);
    });

    it("fail where the builder lacks one of its two rights, and name the permission", async () => {
        const builder = "serviceAccount:builder@acme-delivery.iam.gserviceaccount.com";
        const writes = {
            resource: "projects/acme-dev/locations/europe-west1/repositories/develop",
            role: "roles/artifactregistry.writer",
            member: builder,
        };
        const account = "projects/acme-delivery/serviceAccounts/builder@acme-delivery.iam.gserviceaccount.com";
        const [impersonation, ...others] = pipelines.world.cloud.iam.bindings(account);
        assert.deepEqual(others, []);
        const cases = [
            { binding: writes, job: "build/plan", permission: "artifactregistry.repositories.downloadArtifacts" },
            {
                binding: { resource: account, ...impersonation },
                job: "build/plan",
                permission: "iam.serviceAccounts.getAccessToken",
            },
        ];
        for (const { binding, job, permission } of cases) {
            const { commit, run } = await pipelines.without(binding, () =>
                pipelines.pushed("main", `Build without ${binding.role}`, change("adservice", binding.role)),
            );
            assert.deepEqual([run.conclusion, jobsOf(run)[job]], ["failure", "failure"], pipelines.logs(run));
            assert.ok(pipelines.world.runs.log(run, job).includes(permission), pipelines.logs(run));
            assert.equal(await pipelines.lockOf(commit), undefined);
            const [failed] = pipelines.world.runsOf(commit);
            const again = await pipelines.world.actions.rerun(failed.id);
            pipelines.green(await pipelines.world.actions.finished(again.id));
            assert.ok(await pipelines.lockOf(commit), "with its right back, the same run builds");
        }
    });

    it("give no token to a workflow that somebody writes beside them, on develop or on a branch", async () => {
        const bytes = await pipelines.world.registry.contentHash();
        const push = join(".github", "workflows", "oneflow-push.yml");
        for (const branch of ["develop", "try/steal"]) {
            const commit = await pipelines.push(branch, "Take the builder's token", (worktree) => {
                mkdirSync(join(worktree, ".github", "workflows"), { recursive: true });
                writeFileSync(join(worktree, push), stealing);
            });
            const [run] = await pipelines.world.waitForRuns(commit);
            assert.deepEqual(jobsOf(run), { steal: "failure" });
            assert.match(pipelines.world.runs.log(run, "steal"), /unauthorized_client.*rejected by the attribute condition/);
            assert.equal(await pipelines.world.registry.contentHash(), bytes);
        }
    });
});

/** Of what the merge of a promotion starts, the deployment. */
function deployOf(runs: readonly Run[]): Run {
    return runs.find(({ path }) => path === ".github/workflows/deploy-stage.yml")!;
}

/** What somebody who may push to a branch would write to act as the builder. */
const stealing = `
name: oneflow
on: push
jobs:
  steal:
    runs-on: ubuntu-24.04
    permissions: { contents: read, id-token: write }
    steps:
      - uses: google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093
        with:
          workload_identity_provider: \${{ vars.ONEFLOW_IDENTITY_PROVIDER }}
          service_account: builder@acme-delivery.iam.gserviceaccount.com
          token_format: access_token
          create_credentials_file: false
`;
