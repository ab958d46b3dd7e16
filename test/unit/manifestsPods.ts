import type { PodTemplate } from "../../core/manifests/objects";
import type { WorkloadObjects } from "../../core/manifests/workload";

/** Every kind of pod that a service's objects make, that of the service itself first. */
export function podTemplates({ deployment, statefulSet, cronJob }: WorkloadObjects): PodTemplate[] {
    return [deployment?.spec.template, statefulSet?.spec.template, cronJob?.spec.jobTemplate.spec.template].filter(
        (template) => template !== undefined,
    );
}
