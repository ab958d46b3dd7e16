import type { Cluster, Environment } from "./model";

/**
 * What tells a cluster from the others of its environment: its region, or its own name where the file gives it one, or
 * the context of one that a team brought. It never depends on the other clusters, so adding one renames nothing.
 */
export function clusterKey(project: string, { name }: Pick<Environment, "name">, cluster: Cluster): string {
    if (!cluster.managed) {
        return cluster.context;
    }
    return cluster.name === `${project}-${name}` ? cluster.region : cluster.name;
}
