import type { Probe, Service } from "../settings/model";
import { labelSelector } from "./labels";
import type { DeploymentObject, ObjectMetadata } from "./objects";
import { renderPodTemplate } from "./pod";
import type { RenderContext } from "./workload";

/** The Deployment of a service that has its environment's overrides. */
export function renderDeployment(service: Service, metadata: ObjectMetadata, context: RenderContext): DeploymentObject {
    const { name } = service;
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata,
        spec: {
            ...podCount(service),
            selector: labelSelector(name),
            // Kubernetes rounds a surge up: of one replica, 25% is one.
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
            minReadySeconds: minReadySeconds(service),
            progressDeadlineSeconds: progressDeadlineSeconds(service),
            // The way back is a promotion of a set that ran; old ReplicaSets only serve whoever looks into the cluster.
            revisionHistoryLimit: 3,
            template: renderPodTemplate(service, context),
        },
    };
}

/** How many pods. With an autoscaler it is the only one to say so, else each `up` would take back what it did. */
export function podCount({ autoscale, replicas }: Service): { replicas?: number } {
    return autoscale ? {} : { replicas };
}

/** A pod without a readiness probe is ready once its process has started, so it must stay up for a while before the rollout believes it. */
export function minReadySeconds({ probes }: Service): number {
    return probes.readiness ? 0 : 5;
}

/**
 * Seconds after which a rollout that does not move has failed. In them a node may have to be made for the pod, the image pulled,
 * the init containers run; what the probes allow a process for its start comes on top.
 */
function progressDeadlineSeconds(service: Service): number {
    const { startup, readiness } = service.probes;
    return 300 + (startup ? longestWait(startup) : 0) + (readiness?.initialDelaySeconds ?? 0) + minReadySeconds(service);
}

/** Seconds that a probe lets pass before it fails, with the defaults of Kubernetes. */
function longestWait({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: Probe): number {
    return initialDelaySeconds + periodSeconds * failureThreshold;
}
