import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Refusal } from "../../core/refusal";
import { World } from "../../sandbox/world/world";
import { benchWorld } from "./benchWorld";
import { conditions } from "./conditions";
import { measurePromotions } from "./promotion";
import { countRequests, measureResolves } from "./registry";
import { describe, type Figures } from "./report";
import { bar, judge, measureStarts } from "./starts";

/**
 * `npm run bench`: how long a no-change `up` takes beside an empty program and beside the default template, and what
 * else is worth knowing. Everything is taken in one run, on the sandbox's doubles.
 *
 * @param argv `--rounds N` (default 7), `--json`
 * @returns 1 where the median ratio to the empty program is above the bar, else 0
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { rounds, json } = readArguments(argv);
    const root = mkdtempSync(join(tmpdir(), "oneflow-bench-"));
    const [before] = loadavg();
    const progress = (line: string) => void process.stderr.write(`${line}\n`);
    try {
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
    } finally {
        await World.stop(join(root, "world"));
        rmSync(root, { recursive: true, force: true });
    }
}

function readArguments(argv: readonly string[]): { rounds: number; json: boolean } {
    const { values } = parseArgs({
        args: [...argv],
        options: { rounds: { type: "string", default: "7" }, json: { type: "boolean", default: false } },
    });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) {
        const message = `is ${JSON.stringify(values.rounds)}; expected a whole number from 1 on`;
        throw new Refusal("Nothing was measured", [{ subject: "--rounds", message, remedy: "npm run bench -- --rounds 7" }]);
    }
    return { rounds, json: values.json };
}
