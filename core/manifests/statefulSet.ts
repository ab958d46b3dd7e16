import type { Service } from "../settings/model";
import { minReadySeconds, podCount } from "./deployment";
import { labelSelector, podSelector } from "./labels";
import type { ObjectMetadata, ServiceObject, StatefulSetObject } from "./objects";
import { renderPodTemplate } from "./pod";
import { volumeClaims } from "./volumes";
import type { RenderContext } from "./workload";

/** The StatefulSet of a service that has its environment's overrides. Its volumes stay when it goes, or shrinks. */
export function renderStatefulSet(service: Service, metadata: ObjectMetadata, context: RenderContext): StatefulSetObject {
    return {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata,
        spec: {
            serviceName: headlessName(service.name),
            ...podCount(service),
            selector: labelSelector(service.name),
            updateStrategy: { type: "RollingUpdate" },
            podManagementPolicy: "OrderedReady",
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            minReadySeconds: minReadySeconds(service),
            revisionHistoryLimit: 3,
            template: renderPodTemplate(service, context),
            ...volumeClaims(service),
        },
    };
}

/** The Service that gives each pod a name of its own: `<pod>.<service>-headless`. */
export function renderHeadlessService({ name, ports }: Service, metadata: (name: string) => ObjectMetadata): ServiceObject {
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: metadata(headlessName(name)),
        spec: {
            type: "ClusterIP",
            clusterIP: "None",
            // Pods that form a cluster find each other before they are ready.
            publishNotReadyAddresses: true,
            selector: podSelector(name),
            ports: ports.map(({ name: portName, target }) => ({
                name: portName,
                port: target,
                targetPort: target,
                protocol: "TCP",
            })),
        },
    };
}

export function headlessName(service: string): string {
    return `${service}-headless`;
}
