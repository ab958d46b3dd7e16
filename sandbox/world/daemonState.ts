import { existsSync, readFileSync } from "node:fs";
import type { Layout } from "./layout";

/** What is known of the process that plays the world. */
export interface DaemonState {
    pid: number;
    /** Address of the registry that plays Artifact Registry, `127.0.0.1:PORT`; the same after every restart. */
    registry: string;
    /** Address of the registry that plays Docker Hub. */
    upstream: string;
    /** Where GitHub's REST API is, `http://127.0.0.1:PORT`; the same after every restart. */
    github: string;
    /** Where GitHub is to the jobs of its workflows, `http://127.0.0.1:PORT`; the same after every restart. */
    actions: string;
    /** Where a job's Google Cloud is, `http://127.0.0.1:PORT`; the same after every restart. */
    google: string;
    /** Identity → value of `PULUMI_DEBUG_PROVIDERS`: the providers that it may start. */
    providers: Readonly<Record<string, string>>;
    startedAt: string;
}

/** The daemon that the folder knows of, running or not. */
export function readDaemon({ daemon }: Layout): DaemonState | undefined {
    return existsSync(daemon) ? (JSON.parse(readFileSync(daemon, "utf8")) as DaemonState) : undefined;
}

/** Whether the process of that number is still this sandbox's daemon, and not another that got the number since. */
export function isRunning({ pid }: DaemonState, { root }: Layout): boolean {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(root);
    } catch {
        return existsSync("/proc/self") ? false : answersSignal(pid);
    }
}

/** Without /proc, as on macOS, the number is all there is to go by. */
function answersSignal(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}
