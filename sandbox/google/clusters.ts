import type { Cloud, Identity } from "../providers/cloud";
import { requirePermission } from "./api";
import { apiFailure } from "./failure";

/** What `gcloud container clusters get-credentials` asks for: where a cluster is reached. */
export interface DescribedCluster {
    name: string;
    location: string;
    controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: string } };
    /** Where the API server really listens, and whose certificate it has. @default - the double plays it by its name */
    controlPlane?: { address: string; certificateAuthority: string };
}

/** @throws GoogleFailure where the caller may not see the cluster, or there is none */
export function describeCluster(
    cloud: Cloud,
    caller: Identity,
    { project, location, name }: { project: string; location: string; name: string },
): DescribedCluster {
    const resource = `projects/${project}/locations/${location}/clusters/${name}`;
    const permission = "container.clusters.get";
    const message = `Required "${permission}" permission(s) for "${resource}".`;
    requirePermission(cloud, caller, permission, resource, "container.googleapis.com", message);
    const cluster = cloud.clusters().find((one) => one.resource === resource);
    if (!cluster) throw apiFailure(404, "NOT_FOUND", `Not found: ${resource}.`);
    return {
        name,
        location,
        controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: new URL(cluster.server).hostname } },
        ...(cluster.controlPlane ? { controlPlane: cluster.controlPlane } : {}),
    };
}
