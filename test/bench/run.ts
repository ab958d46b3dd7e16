import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Refusal } from "../../core/refusal";
import { toolDirectory } from "../../sandbox/toolchain/toolchain";
import { World } from "../../sandbox/world/world";
import { benchWorld } from "./benchWorld";
import { judgeCluster, measureCluster } from "./cluster";
import { describeCluster } from "./clusterReport";
import { clusterWorld } from "./clusterWorld";
import { conditions } from "./conditions";
import { describePlans, measurePlans } from "./plannerReport";
import { describeMutations, measureMutations, missedOf } from "./mutations/run";
import { measurePromotions } from "./promotion";
import { countRequests, measureResolves } from "./registry";
import { measureReleases } from "./releases";
import { describeReleases } from "./releasesReport";
import { describe, type Figures } from "./report";
import { bar, judge, measureStarts } from "./starts";

/**
 * `npm run bench`: how long a no-change `up` takes beside an empty program and beside the default template, and what
 * else is worth knowing. With `--kubernetes`: how long the services take to a real control plane, beside a plain Pulumi
 * program, kubectl and helm. Everything is taken in one run, on the sandbox's doubles. With `--planner`: what is built over
 * the real history of a monorepo, beside other ways to decide it. With `--mutations`: whether random histories notice each rule
 * that is taken away and each comparison that is turned. With `--releases`: what releases and promotions of 10, 100 and 200 services
 * ask of a registry, and leave in it.
 *
 * @param argv `--rounds N` (default 7, with `--kubernetes` 5), `--json`, `--kubernetes`, `--planner`, `--mutations`, `--releases`, `--only part of a file's name`
 * @returns 1 where a median is above its bar or no random history noticed a mutant that changes something, else 0
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { rounds, json, kubernetes, planner, mutations, releases, only } = readArguments(argv);
    const root = mkdtempSync(join(tmpdir(), "oneflow-bench-"));
    const bench = { root, rounds, json, before: loadavg()[0], progress: (line: string) => void process.stderr.write(`${line}\n`) };
    try {
        if (mutations) return await benchMutations(bench, only);
        if (releases) return await benchReleases(bench);
        if (planner) return await benchPlanner(bench);
        return await (kubernetes ? benchCluster(bench) : benchStarts(bench));
    } finally {
        await World.stop(join(root, "world"));
        rmSync(root, { recursive: true, force: true });
    }
}

interface Bench {
    root: string;
    rounds: number;
    json: boolean;
    /** The machine's load before. */
    before: number;
    progress: (line: string) => void;
}

async function benchStarts({ root, rounds, json, before, progress }: Bench): Promise<number> {
    progress("A world: platform up, first push, dev up.");
    const { world, delivery, commit } = await benchWorld(join(root, "world"));
    const starts = await measureStarts({ root, world, commit, rounds, progress });
    progress("The registry.");
    const requests = await countRequests(world);
    const resolves = await measureResolves(world, 500);
    progress("Promotions of one changed service.");
    const promotions = await measurePromotions(delivery, { rounds: 3, progress });
    const figures: Figures = { conditions: await conditions([before, loadavg()[0]]), starts, requests, resolves, promotions };
    console.log(json ? JSON.stringify({ ...figures, verdict: judge(starts) }, null, 2) : describe(figures));
    return judge(starts).ratio > bar ? 1 : 0;
}

async function benchCluster({ root, rounds, json, before, progress }: Bench): Promise<number> {
    await toolDirectory(["kubectl", "helm"]);
    progress("A world with a real control plane: platform up, and a round to warm up.");
    const taken = await measureCluster(await clusterWorld(join(root, "world")), { root, rounds, progress });
    const on = await conditions([before, loadavg()[0]]);
    const verdict = judgeCluster(taken);
    console.log(json ? JSON.stringify({ conditions: on, rounds: taken, verdict }, null, 2) : describeCluster(taken, on));
    return verdict.met ? 0 : 1;
}

async function benchPlanner({ root, json, progress }: Bench): Promise<number> {
    const compared = await measurePlans(root, join(__dirname, "..", ".."), progress);
    console.log(json ? JSON.stringify(compared, null, 2) : describePlans(compared));
    return 0;
}

async function benchReleases({ root, json, progress }: Bench): Promise<number> {
    const costs = await measureReleases(root, [10, 100, 200], progress);
    console.log(json ? JSON.stringify(costs, null, 2) : describeReleases(costs));
    return 0;
}

async function benchMutations({ json, progress }: Bench, only: string | undefined): Promise<number> {
    const verdicts = await measureMutations(only, progress);
    console.log(json ? JSON.stringify(verdicts, null, 2) : describeMutations(verdicts));
    return missedOf(verdicts).length === 0 ? 0 : 1;
}

interface Arguments {
    rounds: number;
    json: boolean;
    kubernetes: boolean;
    planner: boolean;
    mutations: boolean;
    releases: boolean;
    only?: string;
}

function readArguments(argv: readonly string[]): Arguments {
    const { values } = parseArgs({
        args: [...argv],
        options: {
            rounds: { type: "string" },
            json: { type: "boolean", default: false },
            kubernetes: { type: "boolean", default: false },
            planner: { type: "boolean", default: false },
            mutations: { type: "boolean", default: false },
            releases: { type: "boolean", default: false },
            only: { type: "string" },
        },
    });
    const { kubernetes, json, planner, mutations, releases, only } = values;
    const rounds = Number(values.rounds ?? (kubernetes ? 5 : 7));
    if (!Number.isInteger(rounds) || rounds < 1) {
        const message = `is ${JSON.stringify(values.rounds)}; expected a whole number from 1 on`;
        throw new Refusal("Nothing was measured", [{ subject: "--rounds", message, remedy: "npm run bench -- --rounds 7" }]);
    }
    return { rounds, json, kubernetes, planner, mutations, releases, ...(only !== undefined && { only }) };
}
