import assert from "node:assert/strict";
import type { PipelineReport } from "../ci/pipeline";
import { breakService, changeService } from "../git/monorepo";
import type { EngineRun } from "../world/engine";
import type { EnvironmentName } from "../world/names";
import type { Delivery } from "./delivery";
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
        const first = await this.firstPush();
        await this.deployDev(first);
        const second = await this.changeOneService();
        await this.promote("stage", first);
        await this.refused(second);
        await this.promote("prod", first);
        await this.failedRollout(second);
        await this.rollBack("dev", first);
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

    private async firstPush(): Promise<string> {
        const { narrator } = this;
        narrator.heading("A developer pushes to develop: eleven services are built, once");
        const report = await this.build("git push origin develop");
        narrator.found(`${outcomes(report)}; lock of ${short(report.commit)} written; latest ${report.latest}`);
        return report.commit;
    }

    private async deployDev(commit: string): Promise<void> {
        this.narrator.heading("dev follows latest");
        const run = await this.command(`pulumi up -s dev --config commit=${short(commit)}`, () => this.delivery.deployDev());
        await this.runs("dev", commit);
        this.narrator.took(run.seconds);
    }

    private async promote(environment: EnvironmentName, commit: string): Promise<void> {
        const { narrator, delivery } = this;
        const before = await running(delivery.world, environment);
        narrator.heading(`A promotion to ${environment} is one changed line and pulumi up`);
        narrator.command(`pulumi config set commit ${short(commit)} -s ${environment}`);
        const run = await this.command(`pulumi up -s ${environment}`, () => delivery.promote(environment, commit));
        this.quoteChange(run);
        await this.runs(environment, commit);
        const after = await running(delivery.world, environment);
        const kept = Object.keys(before).filter((service) => before[service] === after[service]);
        if (kept.length > 0) {
            narrator.found(`${kept.length} of ${Object.keys(after).length} workloads were not touched`);
        }
        narrator.took(run.seconds);
    }

    private async changeOneService(): Promise<string> {
        const { narrator, delivery } = this;
        narrator.heading("A change in one service: one image is built, the others only get the new commit's tag");
        await this.edit("checkoutservice", "Round totals to the cent", changeService);
        const report = await this.build('git commit -m "Round totals to the cent" && git push origin develop');
        narrator.found(`${outcomes(report)}; latest ${report.latest}`);
        const before = await running(delivery.world, "dev");
        const run = await this.command(`pulumi up -s dev --config commit=${short(report.commit)}`, () => delivery.deployDev());
        await this.runs("dev", report.commit);
        const after = await running(delivery.world, "dev");
        const changed = Object.keys(after).filter((service) => before[service] !== after[service]);
        assert.deepEqual(changed, ["checkoutservice"]);
        narrator.found(
            `only checkoutservice changed in dev: ${shortDigest(before.checkoutservice)} → ${shortDigest(after.checkoutservice)}`,
        );
        narrator.took(run.seconds);
        return report.commit;
    }

    private async refused(commit: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading("prod asks for what stage never ran: refused, and nothing was changed");
        const bytes = await delivery.world.registry.contentHash();
        const before = await running(delivery.world, "prod");
        narrator.command(`pulumi config set commit ${short(commit)} -s prod`);
        narrator.command("pulumi up -s prod");
        const run = await delivery.promote("prod", commit);
        assert.notEqual(run.code, 0, "the promotion is refused");
        narrator.quote(refusalIn(run.output));
        assert.equal(await delivery.world.registry.contentHash(), bytes);
        assert.deepEqual(await running(delivery.world, "prod"), before);
        narrator.found("not one byte of any registry and no pod of prod changed");
        narrator.took(run.seconds);
    }

    private async failedRollout(good: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading("A version that builds but crashes: dev's rollout fails, and what ran goes on serving");
        await this.edit("cartservice", "Cache prices", (worktree, service) => breakService(worktree, service, "crash"));
        const report = await this.build('git commit -m "Cache prices" && git push origin develop');
        const before = await running(delivery.world, "dev");
        narrator.command(`pulumi up -s dev --config commit=${short(report.commit)}`);
        const run = await delivery.deployDev();
        assert.notEqual(run.code, 0, "the rollout fails");
        narrator.quote(failureIn(run.output));
        assert.deepEqual(await running(delivery.world, "dev"), before);
        assert.equal((await recorded(delivery.world, "dev"))?.request.commit, good);
        narrator.found(`dev still serves ${short(good)}; the bad commit has no run record, so no environment will take it`);
        narrator.took(run.seconds);
    }

    private async rollBack(environment: EnvironmentName, commit: string): Promise<void> {
        const { narrator, delivery } = this;
        narrator.heading(`Rollback of ${environment}: the config goes back to what ran healthy there`);
        narrator.command(`pulumi config set commit ${short(commit)} -s ${environment}`);
        const run = await this.command(`pulumi up -s ${environment}`, () => delivery.promote(environment, commit));
        this.quoteChange(run);
        await this.runs(environment, commit);
        narrator.took(run.seconds);
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

    private async edit(
        name: string,
        message: string,
        change: (worktree: string, service: ReturnType<typeof this.service>, what: string) => Promise<void>,
    ): Promise<void> {
        const { developer } = this.delivery;
        await change(developer.directory, this.service(name), message);
        await developer.commit(message);
    }

    private service(name: string) {
        return this.delivery.world.catalog().services[name];
    }

    private async build(command: string): Promise<PipelineReport> {
        this.narrator.command(command);
        const report = await this.delivery.push();
        assert.deepEqual(report.failures, []);
        return report;
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

function outcomes({ images }: PipelineReport): string {
    const counts = new Map<string, number>();
    for (const { outcome } of Object.values(images)) {
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

/** The report of a refusal, out of the engine's diagnostics. */
function refusalIn(output: string): string {
    const [title, ...reasons] = diagnostic(output, /^ {4}error: .*refused, nothing was changed/);
    return [title.replace("error: ", ""), ...reasons].join("\n");
}

/** What the Kubernetes provider says of the failed rollout. */
function failureIn(output: string): string {
    return diagnostic(output, /^ {4}error: \d+ errors? occurred:/).join("\n");
}

/** The lines from one that matches to the next empty one, in the diagnostics that the engine prints at the end. */
function diagnostic(output: string, first: RegExp): string[] {
    const lines = output.slice(output.indexOf("\nDiagnostics:")).split("\n");
    const start = lines.findIndex((line) => first.test(line));
    const end = lines.findIndex((line, index) => index > start && line.trim() === "");
    return lines.slice(start, end).map((line) => line.replace(/^ {4}/, ""));
}
