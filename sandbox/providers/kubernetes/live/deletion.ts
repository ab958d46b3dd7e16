import { ApiRefused, type ClusterClient } from "../../../kubernetes/clusterClient";
import { ProviderError } from "../../double";
import type { LiveObject } from "./observed";

/**
 * Deletes an object, what it owns first, and waits until it is gone. One that is gone already is no error.
 *
 * @param collection path of its collection
 * @throws ProviderError where it is still there when time is over
 * @throws ApiRefused
 */
export async function deleteObject(
    client: ClusterClient,
    collection: string,
    object: LiveObject,
    { propagationPolicy, timeout }: { propagationPolicy: string; timeout: number },
): Promise<void> {
    const { name, uid } = object.metadata;
    try {
        // One of the same name that came after it is none of ours.
        await client.delete(`${collection}/${name}`, { propagationPolicy, preconditions: { uid } });
    } catch (error) {
        if (error instanceof ApiRefused && (error.code === 404 || error.reason === "Conflict")) return;
        throw error;
    }
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), timeout);
    let last: LiveObject = object;
    try {
        const own = `${collection}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
        for await (const objects of client.states<LiveObject>(own, over.signal)) {
            const found = objects.find(({ metadata }) => metadata.uid === uid);
            if (!found) return;
            last = found;
        }
    } finally {
        clearTimeout(timer);
    }
    const { finalizers = [] } = last.metadata as { finalizers?: string[] };
    const why = finalizers.length > 0 ? `: finalizers might be preventing deletion (${finalizers.join(", ")})` : "";
    throw new ProviderError(`'${name}' timed out waiting to be deleted${why}`);
}
