import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { pullLock } from "../../core/release/lockStore";
import { Repository } from "../../sandbox/git/repository";
import type { Run } from "../../sandbox/github/actions/model";
import { openPullRequest, openPullRequests, type PullRequest } from "../../sandbox/github/pullRequests";
import { Delivery } from "../../sandbox/story/delivery";
import { registryAs } from "../../sandbox/story/readback";
import { organisation, type EnvironmentName } from "../../sandbox/world/names";
import type { Delivered, WorldSettings } from "../../sandbox/world/settings";
import { World } from "../../sandbox/world/world";

/** Online Boutique on the sandbox's GitHub, whose workflows run as they were generated, and the hands of its people. */
export class PipelineWorld {
    readonly delivery: Delivery;

    private constructor(readonly world: World) {
        this.delivery = new Delivery(world, project);
    }

    /** An organisation whose platform is up. Its workflow files stand in pull requests. */
    static async create(delivers?: Delivered, more: Partial<WorldSettings> = {}): Promise<PipelineWorld> {
        const settings: WorldSettings = { kubernetes: "double", ...(delivers ? { delivers } : {}), ...more };
        const world = await World.create(mkdtempSync(join(tmpdir(), "oneflow-pipelines-")), project, settings);
        const pipelines = new PipelineWorld(world);
        const { code, output } = await pipelines.delivery.up("platform");
        assert.equal(code, 0, output);
        world.fetchCredentials();
        return pipelines;
    }

    async end(): Promise<void> {
        await World.stop(this.world.layout.root);
        rmSync(this.world.layout.root, { recursive: true, force: true });
    }

    /** Merges the one open pull request into a branch, as a person does. @returns the runs that the merge started, ended */
    async merge(base: string, of = this.world.repository): Promise<Run[]> {
        const open = this.pullRequests(of).filter((pull) => pull.base === base);
        assert.equal(open.length, 1, `${open.length} pull requests into ${base} of ${of} are open`);
        const { runs } = await this.world.actions.merge(of, open[0].number, "ada");
        return this.ended(runs);
    }

    pullRequests(of = this.world.repository): PullRequest[] {
        return openPullRequests(this.world, of);
    }

    /** Opens a pull request as a developer does. @returns its number */
    openPullRequest(request: Pick<PullRequest, "base" | "head" | "title">): number {
        return openPullRequest(this.world, repository, { ...request, body: "", author: "robin" }).number;
    }

    /** Ends what a commit's push started, before it comes to its end. */
    async cancel(commit: string): Promise<void> {
        for (const { id } of this.world.runsOf(commit)) {
            await this.world.actions.cancel(id);
            const { conclusion } = await this.world.actions.finished(id);
            assert.equal(conclusion, "cancelled");
        }
    }

    /** Commits an edit on top of a branch and pushes it. @returns the commit, whose workflows have begun */
    async push(branch: string, message: string, edit: (worktree: string) => Promise<void> | void): Promise<string> {
        const { developer } = this.delivery;
        await this.stand(developer, branch);
        await edit(developer.directory);
        const commit = await developer.commit(message);
        await developer.push(`HEAD:refs/heads/${branch}`);
        return commit;
    }

    /** The same, when its workflows have ended. */
    async pushed(...push: Parameters<PipelineWorld["push"]>): Promise<{ commit: string; run: Run }> {
        const commit = await this.push(...push);
        return { commit, run: await this.only(commit) };
    }

    /** The one run that a commit started, ended. */
    async only(commit: string): Promise<Run> {
        const runs = await this.world.waitForRuns(commit);
        assert.deepEqual(
            runs.map(({ path }) => path),
            [".github/workflows/oneflow-push.yml"],
        );
        return runs[0];
    }

    ended(runs: readonly Run[]): Promise<Run[]> {
        return Promise.all(runs.map(({ id }) => this.world.actions.finished(id)));
    }

    /** Presses the button of a workflow. @returns its run, ended */
    press(workflow: string, inputs: Record<string, string>): Promise<Run> {
        return this.delivery.press(workflow, inputs);
    }

    /** Does something while somebody lacks one of their rights. */
    async without<T>({ resource, role, member }: Grant, work: () => Promise<T>): Promise<T> {
        const { iam } = this.world.cloud;
        assert.ok(
            iam.bindings(resource).some((binding) => binding.role === role && binding.member === member),
            `${member} has ${role} on ${resource}`,
        );
        iam.revoke(resource, role, member);
        try {
            return await work();
        } finally {
            iam.grant(resource, role, member);
        }
    }

    /** All logs of a run's jobs, for what a failed assertion shows. */
    logs(run: Run): string {
        return run.jobs
            .map(({ id, conclusion, message = "" }) => `${id} ${conclusion} ${message}\n${this.world.runs.log(run, id)}`)
            .join("\n");
    }

    /** @throws AssertionError with the logs where the run did not succeed */
    green(run: Run): Run {
        assert.equal(run.conclusion, "success", `${run.path} ${run.message ?? ""}\n${this.logs(run)}`);
        return run;
    }

    /** What runs, pod by pod: a pod that was not touched keeps its name. */
    pods(environment: EnvironmentName): Record<string, string> {
        const { project, region, namespace, clusters } = this.world.environment(environment);
        const pods = this.world.cloud.objects(`${project}/${region}/${clusters[0].name}`).readyPods(namespace);
        return Object.fromEntries(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
    }

    async lockOf(commit: string, of = this.world.repository) {
        return pullLock(registryAs(this.world, "auditor"), this.world.environment("dev"), of, commit);
    }

    async latest(): Promise<string | undefined> {
        return (await this.lockOf("latest"))?.source.commit;
    }

    private async stand(at: Repository, branch: string): Promise<void> {
        await at.fetch();
        await at.checkout((await at.find(`origin/${branch}`)) ? `origin/${branch}` : "origin/main");
    }
}

/** A role that somebody has on a resource of the cloud. */
export interface Grant {
    resource: string;
    role: string;
    member: string;
}

/** What jobs came to, by their ids; jobs of a matrix by what they are named after, `Build cartservice`. */
export function jobsOf({ jobs }: Run): Record<string, string | undefined> {
    return Object.fromEntries(
        jobs.map(({ id, name, conclusion }) => [id.endsWith("]") ? name.split(" / ").at(-1)! : id, conclusion]),
    );
}

/** Sets keys of a YAML file; the rest stays as it was written. */
export function setIn(file: string, path: readonly string[], value: unknown): void {
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(path, value);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
}

export const { repository } = organisation;
const project = join(__dirname, "..", "..");
