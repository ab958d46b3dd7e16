import { spawn } from "node:child_process";
import { join } from "node:path";

/** How a mocha process ended. */
export interface SuiteResult {
    passed: number;
    failed: number;
    /** Full titles. */
    skipped: string[];
}

const root = join(__dirname, "..", "..");
// Far more than the last sockets need to close, far less than a job's time limit.
const patience = 15_000;

/**
 * Runs test files in a mocha of their own, whose output is shown as it comes.
 *
 * @param jobs how many files at once, each in a process: 1 where files share what they need
 */
export async function runSuites(
    name: string,
    files: readonly string[],
    { grep, jobs }: { grep?: string; jobs: number },
): Promise<SuiteResult> {
    console.log(`\n${name}`);
    const mocha = join(root, "node_modules", "mocha", "bin", "mocha.js");
    const options = ["--fail-zero", "--reporter", join(__dirname, "reporter.ts")];
    if (process.env.CI) options.push("--forbid-only");
    if (grep !== undefined) options.push("--grep", grep);
    if (jobs > 1) options.push("--parallel", "--jobs", String(jobs));
    const child = spawn(process.execPath, [mocha, ...options, ...files], {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
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
    if (stuck) console.log(`FAILED  ${name} did not end ${patience / 1000} s after its last test: something was left open`);
    else if (!result) console.log(`FAILED  ${name} ended before its last test, with ${signal ?? `exit code ${code}`}`);
    if (!result) return { passed: 0, failed: 1, skipped: [] };
    return { ...result, failed: stuck || (code !== 0 && result.failed === 0) ? result.failed + 1 : result.failed };
}
