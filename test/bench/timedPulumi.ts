import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { runPulumi, type EngineRun } from "../../sandbox/world/engine";

/** What a run of `pulumi` took. */
export interface TimedRun extends EngineRun {
    /** Processor seconds, user and system, of the engine and of every process that it started and waited for. */
    cpu: number;
}

/** Runs `pulumi` as the sandbox does, and asks the shell that started it for the processor time of all its descendants. */
export class TimedPulumi {
    private readonly times: string;

    private constructor(
        private readonly directory: string,
        private readonly engine: string,
    ) {
        this.times = join(directory, "times");
    }

    /** @param root an empty folder, for what stands before `pulumi` on the search path */
    static async in(root: string): Promise<TimedPulumi> {
        const directory = join(root, "timed");
        mkdirSync(directory, { recursive: true });
        const script = join(directory, "pulumi");
        // Node does not tell what its children's children took; every POSIX shell does.
        writeFileSync(script, `#!/bin/sh\n"$BENCH_ENGINE" "$@"\ncode=$?\ntimes > "$BENCH_TIMES"\nexit $code\n`);
        chmodSync(script, 0o755);
        return new TimedPulumi(directory, await toolPath("pulumi"));
    }

    async run(args: readonly string[], checkout: string, variables: Readonly<Record<string, string>>): Promise<TimedRun> {
        const run = await runPulumi(args, {
            checkout,
            variables: {
                ...variables,
                PATH: `${this.directory}:${variables.PATH}`,
                BENCH_ENGINE: this.engine,
                BENCH_TIMES: this.times,
            },
        });
        return { ...run, cpu: childrenSeconds(readFileSync(this.times, "utf8")) };
    }
}

/**
 * User and system seconds of a shell's children, from what its `times` prints: the shell's own line, then theirs.
 *
 * @throws Error where the text is something else
 */
export function childrenSeconds(times: string): number {
    const found = [...times.matchAll(/(\d+)m(\d+(?:[.,]\d+)?)s/g)].map(
        ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds.replace(",", ".")),
    );
    if (found.length !== 4) {
        throw new Error(`the shell's times are ${JSON.stringify(times)}, expected two lines of two times`);
    }
    return found[2] + found[3];
}
