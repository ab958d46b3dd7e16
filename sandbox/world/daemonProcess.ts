import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isRunning, readDaemon, type DaemonState } from "./daemonState";
import type { Layout } from "./layout";

/** Starts the process that plays the world, or finds the one that runs already. It outlives this process. */
export async function startDaemon(layout: Layout): Promise<DaemonState> {
    const known = readDaemon(layout);
    if (known && isRunning(known, layout)) {
        return known;
    }
    const log = openSync(layout.log, "a");
    const child = spawn(process.execPath, ["-r", tsNode, join(__dirname, "daemon.ts"), layout.root], {
        detached: true,
        stdio: ["ignore", log, log],
        // ts-node looks for its configuration from the working directory, which may be anywhere.
        env: { ...process.env, TS_NODE_PROJECT: join(__dirname, "..", "..", "tsconfig.json") },
    });
    let ended = false;
    child.once("exit", () => (ended = true));
    child.unref();
    for (let waited = 0; waited < startSeconds * 20; waited++) {
        const state = readDaemon(layout);
        if (state && state.pid === child.pid) {
            return state;
        }
        if (ended) {
            break;
        }
        await pause(50);
    }
    throw new Error(
        `the sandbox's servers did not start; the end of ${layout.log}:\n${readFileSync(layout.log, "utf8").slice(-2000)}`,
    );
}

/** Ends the process. @returns whether one was running */
export async function stopDaemon(layout: Layout): Promise<boolean> {
    const state = readDaemon(layout);
    if (!state || !isRunning(state, layout)) {
        return false;
    }
    process.kill(state.pid, "SIGTERM");
    while (isRunning(state, layout)) {
        await pause(20);
    }
    return true;
}

// Control planes of three clusters are up after twenty, where Kubernetes is real.
const startSeconds = 120;
const tsNode = require.resolve("ts-node/register/transpile-only");
