import { stackVariables } from "../../sandbox/world/engine";
import type { World } from "../../sandbox/world/world";
import { succeeded } from "./benchWorld";
import { emptyProgram, setUp, templateProgram, upQuietly } from "./programs";
import { resourceChanges } from "./resourceChanges";
import { median } from "./statistics";
import { TimedPulumi, type TimedRun } from "./timedPulumi";

/** What one `up` took, in seconds. */
export interface Start {
    wall: number;
    cpu: number;
}

/** Three starts, one after the other: what a figure is compared with was taken within the same minute. */
export interface Round {
    /** dev, when nothing changes. */
    oneflow: Start;
    /** A program with no resources. */
    empty: Start;
    /** The default template's start, type checking included. */
    template: Start;
    /** How many resources dev has. */
    resources: number;
}

/** How many times as long as the empty program a no-change `up` of dev may take: the median of the paired ratios. */
export const bar = 1.6;

/** The median of the wall ratios, round by round, to the empty program. */
export function judge(starts: readonly Round[]): { ratio: number; bar: number } {
    return { ratio: median(starts.map(({ oneflow, empty }) => oneflow.wall / empty.wall)), bar };
}

/** Runs the three in turn: one round to warm up, which is not counted, then as many as asked for. */
export async function measureStarts({
    root,
    world,
    commit,
    rounds,
    progress,
}: {
    root: string;
    world: World;
    /** What dev runs. */
    commit: string;
    rounds: number;
    progress: (line: string) => void;
}): Promise<Round[]> {
    const pulumi = await TimedPulumi.in(root);
    const variables = await stackVariables(world.layout, world.daemon, "dev");
    const programs = { root, pulumi, variables };
    const up = [...upQuietly, "--stack", "dev", "--config", `commit=${commit}`];
    const oneflow = async () => succeeded(await pulumi.run(up, world.layout.devJob, variables));
    const empty = await setUp(emptyProgram, programs);
    const template = await setUp(templateProgram, programs);
    const taken: Round[] = [];
    for (let number = 0; number <= rounds; number++) {
        const dev = await oneflow();
        const round = {
            oneflow: start(dev),
            empty: start(await empty()),
            template: start(await template()),
            resources: unchanged(dev),
        };
        if (number > 0) {
            taken.push(round);
            const seconds = [round.oneflow, round.empty, round.template].map(({ wall }) => wall.toFixed(2));
            progress(`Round ${number} of ${rounds}: dev, empty program, template: ${seconds.join(", ")} s.`);
        }
    }
    return taken;
}

/** How many resources a run left as they are. @throws Error where it changed one */
function unchanged(run: TimedRun): number {
    const { unchanged: count, ...changed } = resourceChanges(run.output);
    if (count === undefined || Object.keys(changed).length > 0) {
        throw new Error(`the up of dev was to change nothing:\n${run.output}`);
    }
    return count;
}

function start({ seconds, cpu }: TimedRun): Start {
    return { wall: seconds, cpu };
}
