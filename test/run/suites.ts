import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** How the tests of some files ended. */
export interface SuiteResult {
    passed: number;
    /** Of each test that failed its full title and why, in lines. */
    failures: string[];
    /** Full titles. */
    skipped: string[];
}

/** How test files are run. */
export interface SuiteOptions {
    /** Only tests whose title has this. @default all */
    grep?: string;
    /** How many mocha processes, each with files of its own. Tests that share a world share a process. */
    processes: number;
    /** Takes the report. @default printed */
    write?: (text: string) => void;
}

const root = join(__dirname, "..", "..");
// Far more than the last sockets need to close, far less than a job's time limit.
const patience = 60_000;

/**
 * Runs test files in mocha. The first process's output is shown as it comes, that of the others after it, so that no two are mixed.
 */
export async function runSuites(name: string, files: readonly string[], options: SuiteOptions): Promise<SuiteResult> {
    const { grep, processes, write = (text) => process.stdout.write(text) } = options;
    write(`\n${name}\n`);
    const runs = shareOut(files, processes).map((share, index) => {
        const kept: string[] = [];
        const take = index === 0 ? write : (text: string) => void kept.push(text);
        return { kept, ended: runMocha(name, share, grep, take) };
    });
    const results: SuiteResult[] = [];
    for (const { kept, ended } of runs) {
        results.push(await ended);
        write(kept.join(""));
    }
    return mergeResults(results);
}

/** Deals files out to processes, the longest first, each to the process that has least: what a file takes is not known before. */
export function shareOut(files: readonly string[], processes: number, size: (file: string) => number = lines): string[][] {
    const shares = Array.from({ length: Math.min(processes, files.length) }, () => ({ files: [] as string[], size: 0 }));
    const longestFirst = files.map((file) => ({ file, size: size(file) })).sort((a, b) => b.size - a.size);
    for (const one of longestFirst) {
        const least = shares.reduce((a, b) => (b.size < a.size ? b : a));
        least.files.push(one.file);
        least.size += one.size;
    }
    return shares.map((share) => share.files.sort());
}

export function mergeResults(results: readonly SuiteResult[]): SuiteResult {
    return {
        passed: results.reduce((sum, { passed }) => sum + passed, 0),
        failures: results.flatMap(({ failures }) => failures),
        skipped: results.flatMap(({ skipped }) => skipped),
    };
}

function lines(file: string): number {
    return readFileSync(resolve(root, file), "utf8").split("\n").length;
}

async function runMocha(
    name: string,
    files: readonly string[],
    grep: string | undefined,
    write: (text: string) => void,
): Promise<SuiteResult> {
    const mocha = join(root, "node_modules", "mocha", "bin", "mocha.js");
    const options = ["--fail-zero", "--reporter", join(__dirname, "reporter.ts")];
    if (process.env.CI) options.push("--forbid-only");
    if (grep !== undefined) options.push("--grep", grep);
    const child = spawn(process.execPath, [mocha, ...options, ...files], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [child.stdout!, child.stderr!]) {
        stream.setEncoding("utf8").on("data", write);
    }
    let result: SuiteResult | undefined;
    let stuck = false;
    let timer: NodeJS.Timeout | undefined;
    child.on("message", (message) => {
        result = message as SuiteResult;
        timer = setTimeout(() => (stuck = child.kill("SIGKILL")), patience);
    });
    let interrupted = false;
    const forward = (signal: NodeJS.Signals) => (interrupted = child.kill(signal));
    process.on("SIGINT", forward).on("SIGTERM", forward);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
        child.once("close", (...end) => resolve(end));
    });
    clearTimeout(timer);
    process.off("SIGINT", forward).off("SIGTERM", forward);
    if (signal && interrupted) process.kill(process.pid, signal);
    const broken = stuck
        ? [`${name} did not end ${patience / 1000} s after its last test: something was left open`]
        : !result
          ? [`${name} ended before its last test, with ${signal ?? `exit code ${code}`}`]
          : code !== 0 && result.failures.length === 0
            ? [`${name} ended with ${signal ?? `exit code ${code}`}, though no test failed`]
            : [];
    const { passed = 0, failures = [], skipped = [] } = result ?? {};
    return { passed, failures: [...failures, ...broken], skipped };
}
