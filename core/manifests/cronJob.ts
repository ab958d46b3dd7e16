import type { Schedule, Service } from "../settings/model";
import type { CronJobObject, ObjectMetadata } from "./objects";
import { renderPodTemplate } from "./pod";
import type { RenderContext } from "./workload";

/** The CronJob of a service that has its environment's overrides. A run that is due while one runs is left out. */
export function renderCronJob(
    service: Service,
    { cron, timezone }: Schedule,
    metadata: ObjectMetadata,
    context: RenderContext,
): CronJobObject {
    return {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata,
        spec: {
            schedule: cron,
            // Else it is the control plane's, which nobody here knows.
            timeZone: timezone ?? "Etc/UTC",
            concurrencyPolicy: "Forbid",
            // Without one, a CronJob that missed a hundred runs never runs again.
            startingDeadlineSeconds: 600,
            successfulJobsHistoryLimit: 3,
            failedJobsHistoryLimit: 3,
            jobTemplate: {
                metadata: { labels: metadata.labels },
                spec: { backoffLimit: 2, template: renderPodTemplate(service, context) },
            },
        },
    };
}
