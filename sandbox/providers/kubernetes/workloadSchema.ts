import { metadata, podTemplate, selector, strings } from "./podSchema";
import type { Shape } from "./shape";

export const deployment: Shape = {
    fields: {
        ...{
            replicas: "integer",
            selector,
            minReadySeconds: "integer",
            progressDeadlineSeconds: "integer",
            revisionHistoryLimit: "integer",
            paused: "boolean",
        },
        strategy: {
            fields: {
                type: "string",
                rollingUpdate: { fields: { maxSurge: "integerOrString", maxUnavailable: "integerOrString" } },
            },
        },
        template: podTemplate,
    },
};

const claim: Shape = {
    fields: {
        metadata,
        spec: {
            fields: {
                ...{ accessModes: strings, selector, storageClassName: "string", volumeName: "string", volumeMode: "string" },
                ...{ volumeAttributesClassName: "string", dataSource: "any", dataSourceRef: "any" },
                resources: { fields: { requests: { map: "quantity" }, limits: { map: "quantity" } } },
            },
        },
    },
};

export const statefulSet: Shape = {
    fields: {
        ...{ replicas: "integer", selector, serviceName: "string", minReadySeconds: "integer", revisionHistoryLimit: "integer" },
        podManagementPolicy: "string",
        persistentVolumeClaimRetentionPolicy: { fields: { whenDeleted: "string", whenScaled: "string" } },
        ordinals: { fields: { start: "integer" } },
        updateStrategy: {
            fields: { type: "string", rollingUpdate: { fields: { partition: "integer", maxUnavailable: "integerOrString" } } },
        },
        volumeClaimTemplates: { list: claim },
        template: podTemplate,
    },
};

export const job: Shape = {
    fields: {
        ...{ parallelism: "integer", completions: "integer", activeDeadlineSeconds: "integer", backoffLimit: "integer" },
        ...{ selector, manualSelector: "boolean", completionMode: "string", suspend: "boolean", podReplacementPolicy: "string" },
        ...{ ttlSecondsAfterFinished: "integer", podFailurePolicy: "any", successPolicy: "any", managedBy: "string" },
        ...{ backoffLimitPerIndex: "integer", maxFailedIndexes: "integer" },
        template: podTemplate,
    },
};

export const cronJob: Shape = {
    fields: {
        ...{ schedule: "string", timeZone: "string", concurrencyPolicy: "string", suspend: "boolean" },
        ...{ startingDeadlineSeconds: "integer", successfulJobsHistoryLimit: "integer", failedJobsHistoryLimit: "integer" },
        jobTemplate: { fields: { metadata, spec: job } },
    },
};
