import type { ClusterClient, ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import type { Place } from "./place";

/** A Deployment as the API server gives it. */
export interface Deployment extends ClusterObject {
    metadata: ClusterObject["metadata"] & { generation: number };
    spec: { replicas: number };
    status: {
        observedGeneration?: number;
        replicas?: number;
        updatedReplicas?: number;
        availableReplicas?: number;
        conditions?: { type: string; status: string; reason: string; message: string }[];
    };
}

/** A Pod as the API server gives it. */
export interface Pod extends ClusterObject {
    spec: { nodeName?: string; containers: { name: string; image: string }[]; initContainers?: { name: string; image: string }[] };
    status: {
        phase: string;
        conditions?: { type: string; status: string }[];
        containerStatuses?: {
            image: string;
            imageID: string;
            ready: boolean;
            state?: { waiting?: { reason: string; message?: string } };
        }[];
        initContainerStatuses?: { image: string }[];
    };
}

/** As `kubectl rollout status` judges it. */
export function isRolledOut({ metadata, spec, status }: Deployment): boolean {
    const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    if (observedGeneration < metadata.generation) return false;
    return updatedReplicas === spec.replicas && replicas === spec.replicas && availableReplicas === spec.replicas;
}

/** Whether a pod gets requests. */
export function serves({ metadata, status }: Pod): boolean {
    return metadata.deletionTimestamp === undefined && conditionOf(status, "Ready") === "True";
}

export function conditionOf(
    { conditions = [] }: { conditions?: readonly { type: string; status: string }[] },
    type: string,
): string | undefined {
    return conditions.find((condition) => condition.type === type)?.status;
}

/** Path of the pods of a service. */
export function podsOf(place: Place, service: string): string {
    return place.path("v1", `pods?labelSelector=app%3D${service}`);
}

/** Waits until the Deployment of a service is as asked. */
export async function untilDeployment(
    client: ClusterClient,
    place: Place,
    name: string,
    asked: (deployment: Deployment) => boolean,
): Promise<Deployment> {
    const path = place.path("apps/v1", `deployments?fieldSelector=metadata.name%3D${name}`);
    const [deployment] = await client.until<Deployment>(path, ([found]) => found !== undefined && asked(found));
    return deployment;
}
