import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { pullLock } from "../../core/release/lockStore";
import { runPipeline, type PipelineReport } from "../ci/pipeline";
import { pushAs } from "../ci/push";
import { stackFile } from "../../core/settings/stackFile";
import { runGit } from "../git/command";
import { Repository } from "../git/repository";
import type { Run } from "../github/actions/model";
import { openPullRequest, openPullRequests, type PullRequest } from "../github/pullRequests";
import { stackVariables, writeExports, type EngineRun } from "../world/engine";
import { tokenOf } from "../world/credentials";
import type { EnvironmentName } from "../world/names";
import { linkDependencies } from "../world/operations";
import type { World } from "../world/world";
import { registryAs } from "./readback";

/** What the flows of a delivery do in the sandbox, as the people and jobs who do them. */
export class Delivery {
    /** Takes the engine's output as it comes. @default nobody listens */
    onOutput?: (text: string) => void;

    constructor(
        readonly world: World,
        private readonly project: string,
    ) {}

    /** The developer's checkout of develop. */
    get developer(): Repository {
        return new Repository(this.world.layout.developer);
    }

    get operations(): Repository {
        return new Repository(this.world.layout.operations);
    }

    /** Pushes develop's head. @returns the runs of the workflows that the push started, when they have ended */
    async pushed(): Promise<Run[]> {
        await this.developer.push("HEAD:refs/heads/develop");
        return this.world.waitForRuns(await this.developer.commitAt("HEAD"));
    }

    /**
     * Merges the open pull request into a branch, as a person does on GitHub's page, and takes it into the checkout of that branch.
     *
     * @returns it, and the runs that the merge started, when they have ended
     */
    async merge(base: "main" | "develop"): Promise<{ pull: PullRequest; runs: Run[] }> {
        const { repository } = this.world;
        const [pull, ...others] = openPullRequests(this.world, repository).filter((one) => one.base === base);
        assert.deepEqual([pull?.base, others], [base, []], `one pull request into ${base} is open`);
        const { runs } = await this.world.actions.merge(repository, pull.number, "ada");
        const checkout = base === "main" ? this.operations : this.developer;
        await checkout.pull();
        return { pull, runs: await Promise.all(runs.map(({ id }) => this.world.actions.finished(id))) };
    }

    /** Presses the button of a workflow on main. @returns its run, when it has ended */
    async press(workflow: string, inputs: Readonly<Record<string, string>>): Promise<Run> {
        const { id } = await this.world.dispatch(workflow, inputs);
        return this.world.actions.finished(id);
    }

    /** Pushes develop's head, and builds it at once as the builder: without workflows, for what begins after a build. */
    async push(): Promise<PipelineReport> {
        await this.developer.push("develop");
        return this.build(await this.developer.commitAt("HEAD"));
    }

    /** The build of one pushed head of develop. */
    build(commit: string): Promise<PipelineReport> {
        const password = tokenOf(this.world.layout, "builder");
        return runPipeline({
            git: new Repository(this.world.layout.github(this.world.repository)),
            repository: this.world.repository,
            branch: "develop",
            commit,
            catalog: this.world.catalog(this.world.layout.developer),
            tier: this.world.environment("dev"),
            registry: registryAs(this.world, "builder"),
            push: pushAs({
                for: () => Promise.resolve({ username: "oauth2accesstoken", password, source: "the builder's token" }),
            }),
        });
    }

    /**
     * The dev job: resolves `latest` once and deploys it from a throw-away checkout of that commit. Nothing happens where
     * no build has moved `latest` yet.
     */
    async deployDev(...args: string[]): Promise<EngineRun> {
        const commit = await this.checkOutLatest();
        return this.up("dev", [...commit, ...args], this.world.layout.devJob);
    }

    /** Makes the dev job's checkout of the commit that is `latest` now. @returns the options by which `pulumi` deploys that one */
    async checkOutLatest(): Promise<string[]> {
        const { layout } = this.world;
        const lock = await pullLock(
            registryAs(this.world, "deployer-dev"),
            this.world.environment("dev"),
            this.world.repository,
            "latest",
        );
        rmSync(layout.devJob, { recursive: true, force: true });
        const bare = new Repository(layout.github(this.world.repository));
        const checkout = await Repository.clone(bare, layout.devJob, { branch: "develop" });
        await checkout.checkout(lock?.source.commit ?? "develop");
        linkDependencies(this.project, layout.devJob);
        writeExports(layout.devJob, "dev", await stackVariables(layout, this.world.daemon, "dev"));
        return lock ? ["--config", `commit=${lock.source.commit}`] : [];
    }

    /** Promotes as a release manager does: one changed line in the stack's config, committed, and `pulumi up`. */
    async promote(environment: EnvironmentName, commit: string): Promise<EngineRun> {
        await this.configure(environment, ["commit", commit]);
        return this.up(environment);
    }

    /** `pulumi config set`, and a commit of the changed stack file on main. */
    async configure(environment: EnvironmentName, setting: readonly string[]): Promise<void> {
        await this.set(environment, setting);
        await this.commitSettings(`Set ${setting.join(" ")} in ${environment}`);
    }

    /** `pulumi config set` in the operations repository's checkout. */
    async set(environment: EnvironmentName, setting: readonly string[]): Promise<void> {
        const { code, output } = await this.world.pulumi(environment, ["config", "set", ...setting]);
        if (code !== 0) {
            throw new Error(`pulumi config set ${setting.join(" ")} -s ${environment} failed:\n${output}`);
        }
    }

    /** Takes back what was set and not committed. */
    async discard(environment: EnvironmentName): Promise<void> {
        await runGit(this.operations.directory, ["checkout", "--quiet", "--", stackFile(environment)]);
    }

    /** Opens a pull request of what was set, as a person does on GitHub's page. */
    async propose(branch: string, title: string): Promise<void> {
        const { operations, world } = this;
        await operations.branch(branch);
        await operations.commit(title);
        await operations.push(branch);
        await operations.checkout("main");
        openPullRequest(world, world.repository, { base: "main", head: branch, title, body: "", author: "ada" });
    }

    /** Commits what was set and pushes it to main. @returns the commit */
    async commitSettings(message: string): Promise<string> {
        const commit = await this.operations.commit(message);
        await this.operations.push("main");
        return commit;
    }

    up(stack: string, args: readonly string[] = [], checkout?: string): Promise<EngineRun> {
        return this.world.pulumi(stack, ["up", "--yes", "--skip-preview", ...args], { checkout, onOutput: this.onOutput });
    }
}
