import assert from "node:assert/strict";
import { pullRelease } from "../../core/release/releaseStore";
import { readSettings } from "../../core/settings/load";
import { isRelease, type LockedImage } from "../../core/release/lock";
import type { Service } from "../../core/settings/model";
import type { Run } from "../github/actions/model";
import type { EngineRun } from "../world/engine";
import type { EnvironmentName } from "../world/names";
import type { Delivery } from "./delivery";
import { describeJobs } from "./jobs";
import type { Narrator } from "./narrator";
import { recorded, registryAs, running } from "./readback";

/** What every chapter does: shows the command, lets it run, and reads back what came of it. */
export class Teller {
    constructor(
        readonly delivery: Delivery,
        readonly narrator: Narrator,
    ) {}

    /** Reads back that an environment runs a commit or a release: pods, run record, and the digests that the registry has for it. */
    async runs(environment: EnvironmentName, ref: string): Promise<void> {
        const { world } = this.delivery;
        const record = (await recorded(world, environment))!;
        const pods = await running(world, environment);
        const services = Object.keys(world.catalog().services).sort();
        assert.deepEqual(Object.keys(pods).sort(), services);
        const { registry, tier } = world.environment(environment);
        const auditor = registryAs(world, "auditor");
        const released = isRelease(ref) ? await this.released(ref) : undefined;
        for (const service of services) {
            assert.equal(pods[service], record.images[service].digest, `${service}: pods and record agree`);
            const there = `${registry}/${tier}/${service}${released ? `@${released[service].digest}` : `:${ref}`}`;
            assert.equal((await auditor.resolve(there))?.digest, pods[service]);
        }
        const witnesses = released ? `pods, run record, ${tier} and release` : `pods, run record and ${tier}`;
        this.narrator.found(`${services.length} workloads of ${environment} run ${short(ref)}: ${witnesses} agree on every digest`);
    }

    /** Changes a service in the developer's checkout, pushes it, and waits for what the push starts. */
    async push(
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
    async merge(base: "main" | "develop", workflow = "oneflow-push.yml"): Promise<Run> {
        const { delivery, narrator } = this;
        const { pull, runs } = await delivery.merge(base);
        narrator.command(`gh pr merge ${pull.number}   # into ${base}: ${pull.title}`);
        const run = runs.find(({ path }) => path.endsWith(`/${workflow}`))!;
        this.tellRun(run);
        for (const one of runs) this.succeeded(one);
        return run;
    }

    tellRun(run: Run): void {
        this.narrator.quote(describeJobs(run).join("\n"));
    }

    succeeded(run: Run): void {
        const { runs } = this.delivery.world;
        const logs = run.jobs.filter(({ conclusion }) => conclusion === "failure").map(({ id }) => runs.log(run, id));
        assert.equal(run.conclusion, "success", [`${run.path} ${run.message ?? "failed"}:`, ...logs].join("\n"));
    }

    async command(text: string, run: () => Promise<EngineRun>): Promise<EngineRun> {
        this.narrator.command(text);
        const result = await run();
        assert.equal(result.code, 0, `${text} failed:\n${result.output}`);
        return result;
    }

    /** The lines in which the program says what changes. */
    quoteChange({ output }: EngineRun): void {
        const [headline, ...changes] = diagnostic(output, /^ {4}\w+ (goes forward to|goes back to|runs for the first time, at) /);
        const shown = changes.length > 4 ? [...changes.slice(0, 2), `  … and ${changes.length - 2} more`] : changes;
        this.narrator.quote([headline, ...shown].join("\n"));
    }

    /** `oneflow` as a release manager types it, in the operations checkout with the exports of a stack. */
    async oneflow(stack: string, ...args: string[]): Promise<EngineRun> {
        const shown = args.map((one) => (/^[0-9a-f]{40}$/.test(one) ? short(one) : /\s/.test(one) ? JSON.stringify(one) : one));
        this.narrator.command(`npx oneflow ${shown.join(" ")}`);
        const run = await this.delivery.world.oneflow(stack, args, this.delivery.onOutput);
        assert.equal(run.code, 0, `oneflow ${args.join(" ")} failed:\n${run.output}`);
        return run;
    }

    /** The images of a release, read from the deploy registry by whoever may only look. */
    async released(version: string): Promise<Readonly<Record<string, LockedImage>>> {
        const { world } = this.delivery;
        const { project, delivery } = readSettings({ directory: world.layout.operations, stack: "prod" });
        const pulled = await pullRelease(registryAs(world, "auditor"), { deploy: delivery.deploy, project }, version.slice(1));
        return pulled!.release.lock.images;
    }
}

/** A commit as people name it; a release as it is. */
export function short(ref: string): string {
    return /^[0-9a-f]{40}$/.test(ref) ? ref.slice(0, 7) : ref;
}

/** The report of a refusal, out of the engine's diagnostics. */
export function refusalIn(output: string): string {
    const [title, ...reasons] = diagnostic(output, /^ {4}error: .*refused, nothing was changed/);
    return [title.replace("error: ", ""), ...reasons].join("\n");
}

/** What `oneflow deploy` says of a rollout that failed, out of its job's log. */
export function wayBackIn(log: string): string {
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
