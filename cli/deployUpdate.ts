import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { lockHolders, type LockHolder } from "../core/deployment/stateLock";
import { stackFile } from "../core/settings/stackFile";

/** How `pulumi up` ended. */
export type Update =
    | { end: "healthy" }
    /** Somebody else holds the state; nothing was begun. */
    | { end: "locked"; holders: readonly LockHolder[] }
    | { end: "failed"; eventLog: string }
    /** It was told to stop, or was killed: then nobody tells what is there. */
    | { end: "brokenOff"; by: string };

/**
 * Runs `pulumi up` on a stack and passes its output through, but for that of a run which only says that the state is locked.
 *
 * @param stackText a text that stands for the stack's file, which stays as it is. @default - the file
 * @param variables added to the process's own
 */
export async function update(
    { directory, stack, stackText }: { directory: string; stack: string; stackText?: string },
    variables: Readonly<Record<string, string>> = {},
): Promise<Update> {
    const folder = mkdtempSync(join(tmpdir(), "oneflow-deploy-"));
    const file = join(folder, stackFile(stack));
    const events = join(folder, "events.json");
    try {
        if (stackText !== undefined) writeFileSync(file, stackText);
        const options = ["--stack", stack, "--event-log", events, ...(stackText === undefined ? [] : ["--config-file", file])];
        const ended = await pulumi(["up", "--yes", "--skip-preview", "--non-interactive", ...options], directory, {
            // Without it the engine does not know --event-log.
            PULUMI_DEBUG_COMMANDS: "true",
            ...variables,
        });
        if (ended.code === 0) return { end: "healthy" };
        const holders = existsSync(events) ? undefined : lockHolders(ended.said);
        if (holders) return { end: "locked", holders };
        process.stderr.write(ended.heldBack);
        if (ended.stopped !== undefined) return { end: "brokenOff", by: ended.stopped };
        return { end: "failed", eventLog: existsSync(events) ? readFileSync(events, "utf8") : "" };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** Whether the process that holds the state is known to be gone: it was one of this machine, and is no more. */
export function isGone({ host, pid }: LockHolder): boolean {
    if (host !== hostname()) return false;
    try {
        process.kill(pid, 0);
        return false;
    } catch (error) {
        // EPERM: it lives, and is another user's.
        return (error as NodeJS.ErrnoException).code === "ESRCH";
    }
}

interface Ended {
    code: number | null;
    /** What stopped it from outside. Absent: it came to its own end. */
    stopped?: string;
    said: string;
    /** What was not passed on yet: all, where it said nothing on its standard output. */
    heldBack: string;
}

function pulumi(args: readonly string[], cwd: string, variables: Readonly<Record<string, string>>): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const child = spawn("pulumi", args, { cwd, env: { ...process.env, ...variables }, stdio: ["ignore", "pipe", "pipe"] });
        let stopped: string | undefined;
        // In a terminal the child gets the interrupt too, and a second one would kill it in the middle of its work.
        const interrupted = () => {
            stopped = "SIGINT";
            if (!process.stdin.isTTY) child.kill("SIGINT");
        };
        const terminated = () => {
            stopped = "SIGTERM";
            child.kill("SIGINT");
        };
        process.on("SIGINT", interrupted).on("SIGTERM", terminated);
        let said = "";
        let heldBack: string | undefined = "";
        child.stderr.on("data", (chunk: Buffer) => {
            said += chunk.toString();
            if (heldBack === undefined) process.stderr.write(chunk);
            else heldBack += chunk.toString();
        });
        child.stdout.on("data", (chunk: Buffer) => {
            process.stderr.write(heldBack ?? "");
            heldBack = undefined;
            process.stdout.write(chunk);
        });
        child.on("error", (error) =>
            reject(
                new Error(
                    `pulumi cannot be run: ${error.message}\nInstall it (https://www.pulumi.com/docs/install), then try again.`,
                ),
            ),
        );
        child.on("close", (code, signal) => {
            process.off("SIGINT", interrupted).off("SIGTERM", terminated);
            resolve({ code, stopped: stopped ?? signal ?? undefined, said, heldBack: heldBack ?? "" });
        });
    });
}
