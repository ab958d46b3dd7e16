import { ApiRefused, type ClusterClient } from "../../../kubernetes/clusterClient";
import type { Awaiter, LiveObject, Obstacle, Verdict, Watched } from "./observed";

/** How long what can be waited for. In milliseconds. */
export interface Patience {
    /** How long it may take in all. */
    timeout: number;
    /** How long a pod may be kept from starting before nothing more is hoped for. One that runs unready gets ten times that. */
    standstill: number;
}

/** How a wait ended: with the object as it was then, and what was known against it where it is not live. */
export interface Outcome {
    object: LiveObject;
    reasons: readonly string[];
    live: boolean;
    /** It will not come to life any more, however long somebody waits. */
    failed: boolean;
}

/**
 * Watches an object, and what its kind's awaiter wants to see beside it, until it is live, has failed or time is over.
 *
 * @param collection path of the object's own
 * @throws ApiRefused
 */
export async function awaitLife(
    client: ClusterClient,
    object: LiveObject,
    collection: string,
    { beside, judge }: Awaiter,
    { timeout, standstill }: Patience,
): Promise<Outcome> {
    const begun = Date.now();
    const end = new AbortController();
    const own = `${collection}?fieldSelector=${encodeURIComponent(`metadata.name=${object.metadata.name}`)}`;
    const paths = Object.entries({ ...beside?.(object), [self]: own });
    const watched: Record<string, Watched> = {};
    const obstacles = new Obstacles({ held: standstill, unready: 10 * standstill, settling });
    let timers: NodeJS.Timeout[] = [];

    try {
        return await new Promise<Outcome>((resolve, reject) => {
            const look = () => {
                if (paths.some(([name]) => watched[name] === undefined)) return;
                const [found] = watched[self].now;
                if (!found) {
                    const reason = `${object.kind} ${JSON.stringify(object.metadata.name)} was deleted by somebody else`;
                    return resolve({ object, live: false, reasons: [reason], failed: true });
                }
                // Items of a list do not say what they are.
                const current: LiveObject = { ...found, apiVersion: object.apiVersion, kind: object.kind };
                const verdict = judge(current, watched, begun);
                const { next, over } = obstacles.since(verdict);
                const { live, failed = false, reasons } = verdict;
                if (live || over === "settling") return resolve({ object: current, live: true, reasons: [], failed: false });
                if (failed || over || Date.now() - begun >= timeout)
                    return resolve({ object: current, live: false, reasons, failed });
                timers.forEach(clearTimeout);
                timers = [begun + timeout, next ?? Infinity]
                    .filter(Number.isFinite)
                    .map((moment) => setTimeout(look, Math.max(1, moment - Date.now() + 1)));
            };
            for (const [name, path] of paths) {
                follow(client, path, end.signal, name !== self, (objects) => {
                    watched[name] = after(watched[name], objects);
                    look();
                }).catch(reject);
            }
        });
    } finally {
        end.abort();
        timers.forEach(clearTimeout);
    }
}

/** How an object stands at this moment. @throws ApiRefused */
export async function verdictNow(client: ClusterClient, object: LiveObject, { beside, judge }: Awaiter): Promise<Verdict> {
    const listed = await Promise.all(
        Object.entries(beside?.(object) ?? {}).map(
            async ([name, path]) => [name, { now: await list(client, path), gone: [] }] as const,
        ),
    );
    return judge(object, Object.fromEntries(listed), Date.now());
}

async function list(client: ClusterClient, path: string): Promise<readonly LiveObject[]> {
    try {
        return (await client.get<{ items: LiveObject[] }>(path)).items;
    } catch (error) {
        if (isHidden(error)) return [];
        throw error;
    }
}

/** Hands on each state of a collection until told to stop. A server ends every watch some time: it is begun again. */
async function follow(
    client: ClusterClient,
    path: string,
    signal: AbortSignal,
    mayBeHidden: boolean,
    see: (objects: readonly LiveObject[]) => void,
): Promise<void> {
    while (!signal.aborted) {
        try {
            for await (const objects of client.states<LiveObject>(path, signal)) {
                if (!signal.aborted) see(objects);
            }
        } catch (error) {
            if (mayBeHidden && isHidden(error)) return see([]);
            if (error instanceof ApiRefused) throw error;
            // The way to the server is broken, unlike a watch that it ended.
            if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
        }
    }
}

/** Whoever may not see the pods can still be told what the object itself says. */
function isHidden(error: unknown): boolean {
    return error instanceof ApiRefused && error.code === 403;
}

function after(before: Watched | undefined, now: readonly LiveObject[]): Watched {
    const there = new Set(now.map(({ metadata }) => metadata.uid));
    const left = [...(before?.now ?? []), ...(before?.gone ?? [])].filter(({ metadata }) => !there.has(metadata.uid));
    return { now, gone: left };
}

/** Since when what stands in the way does so. */
class Obstacles {
    private beginnings = new Map<string, number>();

    constructor(private readonly limits: Readonly<Record<Obstacle | "settling", number>>) {}

    /** What has been so for too long, else when that will be. */
    since({ stuck = {}, settling = false }: Verdict): { over?: Obstacle | "settling"; next?: number } {
        const present = Object.entries({ ...stuck, ...(settling ? { "": "settling" as const } : {}) });
        const keys = present.map(([uid, obstacle]) => `${obstacle} ${uid}`);
        this.beginnings = new Map(keys.map((key) => [key, this.beginnings.get(key) ?? Date.now()]));
        const ends = present.map(([, obstacle], index) => ({
            obstacle,
            at: this.beginnings.get(keys[index])! + this.limits[obstacle],
        }));
        const [first] = ends.sort((one, other) => one.at - other.at);
        if (first === undefined) return {};
        return first.at <= Date.now() ? { over: first.obstacle } : { next: first.at };
    }
}

const self = "";
/** As long as the real provider gives endpoints to settle. */
const settling = 10_000;
