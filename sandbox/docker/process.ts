import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Waits for the line in which a daemon says that it listens.
 *
 * @throws Error with its last words where it ends before
 */
export async function listening(child: ChildProcess, name: string, line: string): Promise<void> {
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
        child.once("error", reject);
        const lines = createInterface({ input: child.stderr! });
        lines.on("line", (text) => {
            said.push(text);
            if (text.includes(line)) resolve();
        });
        lines.once("close", () => reject(new Error(`${name} did not start; its last words:\n${said.slice(-10).join("\n")}`)));
    });
}

/** Asks a daemon to end, since only it ends what it started. */
export async function ended(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        return;
    }
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
}
