import { setTimeout as pause } from "node:timers/promises";
import { ApiRefused, type ClusterClient, type ClusterObject } from "./clusterClient";

/**
 * Has each object of a collection looked after, as it is and after each change, until told to stop. Never twice at a time for one object:
 * what changes meanwhile is looked at afterwards. What breaks is reported on standard error and tried again.
 */
export function follow<T extends ClusterObject>(
    client: ClusterClient,
    collection: string,
    handle: (object: T) => Promise<void>,
    signal: AbortSignal,
): void {
    const latest = new Map<string, T>();
    const busy = new Set<string>();

    const attend = async (uid: string): Promise<void> => {
        if (busy.has(uid)) return;
        busy.add(uid);
        let done: T | undefined;
        for (let object = latest.get(uid); object && object !== done && !signal.aborted; object = latest.get(uid)) {
            done = (await succeeds(() => handle(object!))) ? object : undefined;
        }
        busy.delete(uid);
    };
    const succeeds = async (action: () => Promise<void>): Promise<boolean> => {
        try {
            await action();
            return true;
        } catch (error) {
            if (signal.aborted || isGone(error)) return true;
            console.error(`${collection}: ${String(error)}`);
            await pauseUnlessStopped(signal);
            return false;
        }
    };
    const watch = async (): Promise<void> => {
        for await (const objects of client.states<T>(collection, signal)) {
            const before = new Map(latest);
            latest.clear();
            for (const object of objects) {
                const { uid = "", resourceVersion } = object.metadata;
                const known = before.get(uid);
                const changed = known?.metadata.resourceVersion !== resourceVersion;
                latest.set(uid, changed ? object : known!);
                if (changed) void attend(uid);
            }
        }
    };
    void (async () => {
        while (!signal.aborted) {
            await succeeds(watch);
            await pauseUnlessStopped(signal);
        }
    })();
}

/** Of an object that was deleted while it was handled nothing more is wanted. */
function isGone(error: unknown): boolean {
    return error instanceof ApiRefused && error.code === 404;
}

async function pauseUnlessStopped(signal: AbortSignal): Promise<void> {
    // Told to stop, it rejects; whoever waits sees that at the signal.
    await pause(500, undefined, { signal, ref: false }).catch(() => undefined);
}
