import type { ClusterObject } from "../../../kubernetes/clusterClient";
import { at, records, text } from "../../values";

/** An object as a real API server has it. */
export type LiveObject = ClusterObject & Readonly<Record<string, unknown>>;

/** A collection as it was watched. */
export interface Watched {
    readonly now: readonly LiveObject[];
    /** What went away since, as it was last seen. */
    readonly gone: readonly LiveObject[];
}

/** How an object stands at one moment. */
export interface Verdict {
    /** It does what it is there for. */
    live: boolean;
    /** Why it is not live, in the words of Kubernetes and the provider. */
    reasons: readonly string[];
    /** It will not come to life any more. @default false */
    failed?: boolean;
    /** What holds it up, by uid of a pod or another name. @default nothing */
    stuck?: Readonly<Record<string, Obstacle>>;
    /** It counts as live once this has been so for the time that endpoints take to settle. @default false */
    settling?: boolean;
}

/**
 * `held`: kept from starting by something that seldom passes by itself. `unready`: it runs, and nobody may use it.
 */
export type Obstacle = "held" | "unready";

/** How to tell whether objects of a kind have come to life. */
export interface Awaiter {
    /** Collections to watch beside the object: name → path. @default none */
    beside?(object: LiveObject): Readonly<Record<string, string>>;
    /** Judges what was seen since a time, in milliseconds of the epoch. */
    judge(object: LiveObject, beside: Readonly<Record<string, Watched>>, since: number): Verdict;
}

/** Path of a collection in an object's namespace: `apps/v1`, `replicasets`. */
export function collectionBeside(
    { metadata: { namespace } }: LiveObject,
    apiVersion: string,
    resource: string,
    query: string,
): string {
    return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/namespaces/${namespace}/${resource}?${query}`;
}

/** The query for what a workload's selector finds. */
export function selectedBy(object: LiveObject): string {
    const labels = Object.entries((at(object, "spec.selector.matchLabels") ?? {}) as Record<string, string>);
    const expressions = records(at(object, "spec.selector.matchExpressions")).map(({ key, operator, values }) => {
        const list = `(${((values ?? []) as string[]).join(",")})`;
        return {
            In: `${String(key)} in ${list}`,
            NotIn: `${String(key)} notin ${list}`,
            Exists: String(key),
            DoesNotExist: `!${String(key)}`,
        }[String(operator)];
    });
    const selector = [...labels.map(([key, value]) => `${key}=${value}`), ...expressions].join(",");
    return `labelSelector=${encodeURIComponent(selector)}`;
}

export function isOwnedBy({ metadata }: LiveObject, owner: LiveObject | undefined): boolean {
    const owners = (metadata as { ownerReferences?: { uid: string }[] }).ownerReferences ?? [];
    return owner !== undefined && owners.some(({ uid }) => uid === owner.metadata.uid);
}

/** Whether the kind's controller has seen the object as it is now. */
export function isObserved(object: LiveObject): boolean {
    return count(object, "status.observedGeneration") >= (object.metadata.generation ?? 0);
}

/** A number that is absent where it is 0. */
export function count(object: LiveObject, path: string): number {
    return Number(at(object, path) ?? 0);
}

/** A condition of the object's status. */
export function conditionOf(object: LiveObject, type: string): Condition | undefined {
    const found = records(at(object, "status.conditions")).find((condition) => condition.type === type);
    return (
        found && {
            holds: found.status === "True",
            reason: text(found, "reason") ?? "",
            message: text(found, "message") ?? "",
        }
    );
}

export interface Condition {
    holds: boolean;
    reason: string;
    message: string;
}

/** `[ProgressDeadlineExceeded] ReplicaSet "cart-5d4f" has timed out progressing.` */
export function told({ reason, message }: Pick<Condition, "reason" | "message">): string {
    return `[${reason}] ${message}`;
}
