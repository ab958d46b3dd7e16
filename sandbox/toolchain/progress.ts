import type { WriteStream } from "node:tty";

/** What happens while a program is made. */
export type Progress = { tool: string } & (
    | { state: "started"; label: string; version?: string; expectedMinutes: number }
    /** Once a second. */
    | { state: "running"; seconds: number }
    | { state: "done"; seconds: number }
    /** One source failed or is not to be had here; the next is tried. */
    | { state: "skipped"; label: string; reason: string }
    | { state: "waiting"; for: string }
);

export type Report = (progress: Progress) => void;

/**
 * Prints progress as lines. A terminal sees the seconds run; a log gets a line a minute, so that nobody takes a build for a hang.
 *
 * @param stream where to. @default - standard error
 */
export function printProgress(stream: NodeJS.WritableStream & Pick<WriteStream, "isTTY"> = process.stderr): Report {
    const clear = stream.isTTY ? "\r\x1b[K" : "";
    return (progress) => {
        if (progress.state !== "running") stream.write(`${clear}${describe(progress)}\n`);
        else if (stream.isTTY) stream.write(`${clear}  ${progress.tool}: ${duration(progress.seconds)}`);
        else if (progress.seconds > 0 && progress.seconds % 60 === 0)
            stream.write(`  ${progress.tool}: ${duration(progress.seconds)} …\n`);
    };
}

/** `8 s`, `4 min 12 s` */
export function duration(seconds: number): string {
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function describe(progress: Exclude<Progress, { state: "running" }>): string {
    const { tool } = progress;
    switch (progress.state) {
        case "started": {
            const { label, version, expectedMinutes } = progress;
            const time = expectedMinutes === 0 ? "less than a minute" : `about ${expectedMinutes} min on two cores`;
            return `  ${tool}${version ? ` ${version}` : ""}: ${label}, ${time}, once`;
        }
        case "done":
            return `  ${tool}: done in ${duration(progress.seconds)}`;
        case "skipped":
            return `  ${tool}: no ${progress.label} (${progress.reason.split("\n")[0]})`;
        case "waiting":
            return `  ${tool}: waiting for ${progress.for}`;
    }
}
