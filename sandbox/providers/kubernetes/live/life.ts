import { isAnnotated } from "../inputs";
import { awaiters } from "./awaiters";
import { awaitLife, type Outcome, verdictNow } from "./awaiting";
import type { LiveCluster, LiveKind } from "./liveCluster";
import type { Awaiter, LiveObject } from "./observed";

/** As long as the real provider waits, unless the program says otherwise. */
export const defaultTimeoutSeconds = 600;

/** Whether objects of a cluster do what they are there for. */
export class Life {
    constructor(
        private readonly cluster: LiveCluster,
        /** How long a pod may be kept from starting, in milliseconds. */
        private readonly standstill: number,
    ) {}

    /** Waits until an object is live, has failed or time is over. @throws ProviderError */
    async wait(kind: LiveKind, object: LiveObject, timeoutSeconds = defaultTimeoutSeconds): Promise<Outcome> {
        const awaiter = awaiterOf(kind, object);
        if (!awaiter) return { object, live: true, reasons: [], failed: false };
        const collection = this.cluster.path(kind, object.metadata.namespace);
        const patience = { timeout: timeoutSeconds * 1000, standstill: this.standstill };
        return this.cluster.asked(() => awaitLife(this.cluster.client, object, collection, awaiter, patience));
    }

    /** What has gone wrong with an object. Nothing where it is live, or may be on its way. @throws ProviderError */
    async troubles(kind: LiveKind, object: LiveObject): Promise<readonly string[]> {
        const awaiter = awaiterOf(kind, object);
        if (!awaiter) return [];
        const verdict = await this.cluster.asked(() => verdictNow(this.cluster.client, object, awaiter));
        const { live, failed = false, stuck = {}, reasons } = verdict;
        return !live && (failed || Object.keys(stuck).length > 0) ? reasons : [];
    }
}

function awaiterOf({ apiVersion, kind }: LiveKind, object: LiveObject): Awaiter | undefined {
    return isAnnotated(object, "pulumi.com/skipAwait") ? undefined : awaiters[`${apiVersion}/${kind}`];
}
