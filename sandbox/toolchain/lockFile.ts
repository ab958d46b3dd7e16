import { closeSync, futimesSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

/** Who holds a lock. */
export interface Holder {
    pid: number;
    host: string;
    /** What for, in words. */
    purpose: string;
}

const heartbeat = 5_000;
const silence = 60_000;
const pollInterval = 200;

/**
 * Does something while no other process that asks for the same file does.
 *
 * A holder that is gone (its process ended here, or nothing was heard of it for a minute) is not waited for.
 * Two waiters may see that at the same time and then both go on, so what they do must bear it: the lock saves work, it guards nothing.
 */
export async function withLock<T>(
    file: string,
    purpose: string,
    onWait: (holder: Holder) => void,
    action: () => Promise<T>,
): Promise<T> {
    let reported = false;
    let handle = take(file, purpose);
    while (handle === undefined) {
        const holder = holderOf(file);
        if (holder === "gone") rmSync(file, { force: true });
        else {
            if (holder && !reported) onWait(holder);
            reported ||= holder !== undefined;
            await pause(pollInterval);
        }
        handle = take(file, purpose);
    }
    const held = handle;
    const beat = setInterval(() => futimesSync(held, new Date(), new Date()), heartbeat).unref();
    try {
        return await action();
    } finally {
        clearInterval(beat);
        closeSync(held);
        rmSync(file, { force: true });
    }
}

/** The open lock; nothing where somebody has it. */
function take(file: string, purpose: string): number | undefined {
    try {
        const handle = openSync(file, "wx");
        writeSync(handle, JSON.stringify({ pid: process.pid, host: hostname(), purpose } satisfies Holder));
        return handle;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return undefined;
    }
}

/** Nothing where the lock was let go just now, or is being written. */
function holderOf(file: string): Holder | "gone" | undefined {
    let text: string;
    let heardOf: number;
    try {
        text = readFileSync(file, "utf8");
        heardOf = statSync(file).mtimeMs;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return undefined;
    }
    if (Date.now() - heardOf > silence) return "gone";
    if (text === "") return undefined;
    const holder = JSON.parse(text) as Holder;
    return holder.host === hostname() && !isAlive(holder.pid) ? "gone" : holder;
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
