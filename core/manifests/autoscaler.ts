import type { Autoscale, Service } from "../settings/model";
import type { AutoscalerObject, ObjectMetadata } from "./objects";

/** What keeps the number of a service's pods between its bounds. */
export function renderAutoscaler(
    { name, kind }: Pick<Service, "name" | "kind">,
    { min, max, cpu }: Autoscale,
    metadata: ObjectMetadata,
): AutoscalerObject {
    return {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata,
        spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: kind === "stateful" ? "StatefulSet" : "Deployment", name },
            minReplicas: min,
            maxReplicas: max,
            metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpu } } }],
        },
    };
}
