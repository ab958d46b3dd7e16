import type { PodTemplate } from "../../core/manifests/objects";
import type { WorkloadObjects } from "../../core/manifests/workload";

/** Every kind of pod that a service's objects make, that of the service itself first. */
export function podTemplates({ deployment, statefulSet, cronJob, migrate, verify }: WorkloadObjects): PodTemplate[] {
    const workloads = [deployment?.spec, statefulSet?.spec, cronJob?.spec.jobTemplate.spec, migrate?.spec, verify?.spec];
    return workloads.flatMap((spec) => spec?.template ?? []);
}
