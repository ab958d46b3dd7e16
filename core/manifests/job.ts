import type { Job, Service } from "../settings/model";
import { contentHash } from "./contentHash";
import type { JobObject, JobSpec, ObjectMetadata } from "./objects";
import { renderJobTemplate } from "./pod";
import type { RenderContext } from "./workload";

/** A Job of a service that has its environment's overrides. Another image, or another way to run it, is another Job: a Job runs once. */
export function renderJob(
    role: "migrate" | "verify",
    service: Service,
    job: Job,
    metadata: (name: string) => ObjectMetadata,
    context: RenderContext,
): JobObject {
    const spec: JobSpec = {
        backoffLimit: 2,
        activeDeadlineSeconds: job.timeoutSeconds,
        template: renderJobTemplate(service, role, job, context),
    };
    // The longest service's name, role and hash fill a label, which a Job's name becomes.
    const name = `${service.name}-${role}-${contentHash(spec, 8)}`;
    return { apiVersion: "batch/v1", kind: "Job", metadata: metadata(name), spec };
}
