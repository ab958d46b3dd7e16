import assert from "node:assert/strict";
import type { Service } from "../../core/settings/model";
import { breakService, changeService } from "../git/monorepo";
import type { Run } from "../github/actions/model";
import type { EngineRun } from "../world/engine";
import type { EnvironmentName } from "../world/names";
import type { Delivery } from "./delivery";
import { describeJobs } from "./jobs";
import type { Narrator } from "./narrator";
import { recorded, registryAs, running, shortDigest } from "./readback";

/** Online Boutique from an empty cloud to prod and back. Every sentence that it prints was read back before. */
export class Story {
    constructor(
        private readonly delivery: Delivery,
        private readonly narrator: Narrator,
    ) {}

    async tell(): Promise<void> {
        await this.platform();
        await this.firstBuild();
        const first = await this.firstDeployment();
        const second = await this.changeOneService();
        await this.promoteByButton("stage", first);
        await this.refused(second);
        await this.promote("prod", first);
        const failed = await this.failedRollout(second);
        await this.revert("dev", failed, second);
    }

    private async platform(): Promise<void> {
        const { delivery, narrator } = this;
        const { cloud } = delivery.world;
        narrator.heading("An administrator brings up the platform: clusters, registries, identities, namespaces");
        assert.deepEqual(await delivery.world.registry.repositories(), [], "the registry is empty before");
        const run = await this.command("pulumi up -s platform", () => delivery.up("platform"));
        delivery.world.fetchCredentials();
        const names = cloud.resourceNames("projects");
        const count = (kind: string) => names.filter((name) => new RegExp(`/${kind}/[^/]+$`).test(name)).length;
        narrator.found(
            `${count("clusters")} clusters, ${count("repositories")} registry repositories, ${count("serviceAccounts")} identities and no key`,
        );
        narrator.took(run.seconds);
    }

    private async firstBuild(): Promise<void> {
        const { delivery, narrator } = this;
        narrator.heading("The workflow files come as a pull request. Its merge is the first push: eleven services are built, once");
        const run = await this.merge("main");
        assert.deepEqual(await running(delivery.world, "dev"), {});
        narrator.found(`the lock of ${short(run.sha)} stands; each job had a token of GitHub's for minutes, and no key`);
    }

    private async firstDeployment(): Promise<string> {
        this.narrator.heading("The same files on develop: nothing is built twice, and dev follows latest");
        const { sha } = await this.merge("develop");
        await this.runs("dev", sha);
        return sha;
    }

    private async promote(environment: EnvironmentName, commit: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading(`${environment} by hand: one changed line and pulumi up. The merge of the line then finds nothing to do`);
        narrator.command(`pulumi config set commit ${short(commit)} -s ${environment}`);
        await delivery.set(environment, ["commit", commit]);
        const run = await this.command(`pulumi up -s ${environment}`, () => delivery.up(environment));
        this.quoteChange(run);
        await this.runs(environment, commit);
        const record = await recorded(delivery.world, environment);
        const branch = `${environment}-${short(commit)}`;
        await delivery.propose(branch, `Let ${environment} run ${short(commit)}`);
        narrator.command(`git switch -c ${branch} && git commit -a && git push && gh pr create`);
        await this.merge("main", `deploy-${environment}.yml`);
        assert.deepEqual(await recorded(delivery.world, environment), record);
    }

    private async changeOneService(): Promise<string> {
        const { narrator, delivery } = this;
        narrator.heading("A change in one service: one image is built, the others only get the new commit's tag");
        const before = await running(delivery.world, "dev");
        const run = await this.push("checkoutservice", "Round totals to the cent", changeService);
        assert.equal(run.jobs.filter(({ name }) => / Build \w+$/.test(name)).length, 1);
        this.succeeded(run);
        await this.runs("dev", run.sha);
        const after = await running(delivery.world, "dev");
        const changed = Object.keys(after).filter((service) => before[service] !== after[service]);
        assert.deepEqual(changed, ["checkoutservice"]);
        narrator.found(
            `only checkoutservice changed in dev: ${shortDigest(before.checkoutservice)} → ${shortDigest(after.checkoutservice)}`,
        );
        return run.sha;
    }

    private async promoteByButton(environment: EnvironmentName, commit: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading(`${environment} by a button: it opens a pull request with the preview, whose merge deploys`);
        narrator.command(`gh workflow run promote-${environment}.yml -f ref=${short(commit)}`);
        const proposal = await delivery.press(`promote-${environment}.yml`, { ref: commit });
        this.tellRun(proposal);
        this.succeeded(proposal);
        assert.deepEqual(await running(delivery.world, environment), {}, "a proposal deploys nothing");
        await this.merge("main", `deploy-${environment}.yml`);
        await this.runs(environment, commit);
    }

    private async refused(commit: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading("prod asks for what stage never ran: refused, and nothing was changed");
        const bytes = await delivery.world.registry.contentHash();
        const before = await running(delivery.world, "prod");
        narrator.command(`pulumi config set commit ${short(commit)} -s prod`);
        narrator.command("pulumi up -s prod");
        await delivery.set("prod", ["commit", commit]);
        const run = await delivery.up("prod");
        assert.notEqual(run.code, 0, "the promotion is refused");
        narrator.quote(refusalIn(run.output));
        assert.equal(await delivery.world.registry.contentHash(), bytes);
        assert.deepEqual(await running(delivery.world, "prod"), before);
        narrator.found("not one byte of any registry and no pod of prod changed");
        narrator.took(run.seconds);
    }

    private async failedRollout(good: string): Promise<string> {
        const { narrator, delivery } = this;
        narrator.heading("A version that builds but crashes: dev's rollout fails, and dev goes back by itself");
        const before = await running(delivery.world, "dev");
        const run = await this.push("cartservice", "Cache prices", (worktree, service) => breakService(worktree, service, "crash"));
        assert.equal(run.conclusion, "failure", "the rollout fails");
        narrator.quote(wayBackIn(delivery.world.runs.log(run, "deploy/deploy")));
        assert.deepEqual(await running(delivery.world, "dev"), before);
        assert.equal((await recorded(delivery.world, "dev"))?.request.commit, good);
        narrator.found(`dev still serves ${short(good)}; the bad commit has no healthy record, so no environment will take it`);
        return run.sha;
    }

    private async revert(environment: EnvironmentName, bad: string, good: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading("The revert is a push like any other: its content was built before, so nothing is built");
        narrator.command(`git revert ${short(bad)} && git push origin develop`);
        await delivery.developer.revert(bad);
        const [run] = await delivery.pushed();
        this.tellRun(run);
        this.succeeded(run);
        assert.deepEqual(
            run.jobs.filter(({ name, startedAt }) => / Build \w+$/.test(name) && startedAt !== undefined),
            [],
        );
        await this.runs(environment, run.sha);
        const same = await running(delivery.world, environment);
        const record = Object.entries((await recorded(delivery.world, environment))!.images);
        assert.deepEqual(
            same,
            Object.fromEntries(record.filter(([name]) => name in same).map(([name, { digest }]) => [name, digest])),
        );
        narrator.found(`${environment} runs the digests of ${short(good)} again`);
    }

    /** Reads back that an environment runs a commit: pods, run record, and the digests that the registry's tags mean. */
    private async runs(environment: EnvironmentName, commit: string): Promise<void> {
        const { world } = this.delivery;
        const record = (await recorded(world, environment))!;
        const pods = await running(world, environment);
        const services = Object.keys(world.catalog().services).sort();
        assert.deepEqual(Object.keys(pods).sort(), services);
        const { registry, tier } = world.environment(environment);
        const auditor = registryAs(world, "auditor");
        for (const service of services) {
            assert.equal(pods[service], record.images[service].digest, `${service}: pods and record agree`);
            assert.equal((await auditor.resolve(`${registry}/${tier}/${service}:${commit}`))?.digest, pods[service]);
        }
        this.narrator.found(
            `${services.length} workloads of ${environment} run ${short(commit)}: pods, run record and ${tier} agree on every digest`,
        );
    }

    /** Changes a service in the developer's checkout, pushes it, and waits for what the push starts. */
    private async push(
        name: string,
        message: string,
        change: (worktree: string, service: Service, what: string) => Promise<void>,
    ): Promise<Run> {
        const { delivery, narrator } = this;
        await change(delivery.developer.directory, delivery.world.catalog().services[name], message);
        await delivery.developer.commit(message);
        narrator.command(`git commit -m "${message}" && git push origin develop`);
        const [run] = await delivery.pushed();
        this.tellRun(run);
        return run;
    }

    /** Merges the open pull request, and tells of the run of one workflow that the merge started. */
    private async merge(base: "main" | "develop", workflow = "oneflow-push.yml"): Promise<Run> {
        const { delivery, narrator } = this;
        const { pull, runs } = await delivery.merge(base);
        narrator.command(`gh pr merge ${pull.number}   # into ${base}: ${pull.title}`);
        const run = runs.find(({ path }) => path.endsWith(`/${workflow}`))!;
        this.tellRun(run);
        for (const one of runs) this.succeeded(one);
        return run;
    }

    private tellRun(run: Run): void {
        this.narrator.quote(describeJobs(run).join("\n"));
    }

    private succeeded(run: Run): void {
        const { runs } = this.delivery.world;
        const logs = run.jobs.filter(({ conclusion }) => conclusion === "failure").map(({ id }) => runs.log(run, id));
        assert.equal(run.conclusion, "success", [`${run.path} ${run.message ?? "failed"}:`, ...logs].join("\n"));
    }

    private async command(text: string, run: () => Promise<EngineRun>): Promise<EngineRun> {
        this.narrator.command(text);
        const result = await run();
        assert.equal(result.code, 0, `${text} failed:\n${result.output}`);
        return result;
    }

    /** The lines in which the program says what changes. */
    private quoteChange({ output }: EngineRun): void {
        const [headline, ...changes] = diagnostic(output, /^ {4}\w+ (goes forward to|goes back to|runs for the first time, at) /);
        const shown = changes.length > 4 ? [...changes.slice(0, 2), `  … and ${changes.length - 2} more`] : changes;
        this.narrator.quote([headline, ...shown].join("\n"));
    }
}

export function short(commit: string): string {
    return commit.slice(0, 7);
}

/** The report of a refusal, out of the engine's diagnostics. */
function refusalIn(output: string): string {
    const [title, ...reasons] = diagnostic(output, /^ {4}error: .*refused, nothing was changed/);
    return [title.replace("error: ", ""), ...reasons].join("\n");
}

/** What `oneflow deploy` says of a rollout that failed, out of its job's log. */
function wayBackIn(log: string): string {
    const lines = log.split("\n").map((line) => line.replace(/^\[[^\]]*\] {3}\| /, ""));
    const start = lines.findIndex((line) => /^Deployment of \w+ failed, and/.test(line));
    const end = lines.findIndex((line, index) => index > start && !/^ {2}/.test(line));
    return lines.slice(start, end).join("\n");
}

/** The lines from one that matches to the next empty one, in the diagnostics that the engine prints at the end. */
function diagnostic(output: string, first: RegExp): string[] {
    const lines = output.slice(output.indexOf("\nDiagnostics:")).split("\n");
    const start = lines.findIndex((line) => first.test(line));
    const end = lines.findIndex((line, index) => index > start && line.trim() === "");
    return lines.slice(start, end).map((line) => line.replace(/^ {4}/, ""));
}
