import { clusterKey } from "../settings/clusterKey";
import type { Environment } from "../settings/model";
import { keptResources, refuseHalfway } from "./keptResources";
import { stackState, type StateResource } from "./stackState";

/** Key of a suspended cluster → what stays there as it is. */
export type Kept = Readonly<Record<string, readonly StateResource[]>>;

/**
 * What the environment's suspended clusters have, by the state of the stack that runs in this process. Nothing is read where no
 * cluster is suspended.
 *
 * A resource that a program no longer asks for is deleted, so it asks for what is there, whatever came since: that a cluster is left
 * out takes no answer from it.
 *
 * @throws Refusal where one was left halfway
 */
export async function readKept(project: string, environment: Environment, directory = process.cwd()): Promise<Kept> {
    const suspended = environment.clusters.filter((cluster) => cluster.suspended);
    if (suspended.length === 0) {
        return {};
    }
    const { resources } = await stackState(environment.name, directory);
    return Object.fromEntries(
        suspended.map((cluster) => {
            const key = clusterKey(project, environment, cluster);
            const kept = keptResources(resources, key);
            refuseHalfway(environment, cluster, kept);
            return [key, kept];
        }),
    );
}
