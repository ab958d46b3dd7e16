import type { Values } from "../double";
import { at, isRecord, records, text } from "../values";
import { annotationFaults, labelFaults, oneOf, required } from "./fieldFaults";
import { podFaults } from "./podFaults";

export function deploymentFaults(object: Values): string[] {
    const strategy = at(object, "spec.strategy");
    const zero = (value: unknown) => value === 0 || value === "0%";
    return [
        ...selectorFaults(object, "deployment"),
        ...replicaFaults(object),
        ...oneOf(text(strategy, "type"), ["RollingUpdate", "Recreate"], "spec.strategy.type"),
        ...(zero(at(strategy, "rollingUpdate.maxSurge")) && zero(at(strategy, "rollingUpdate.maxUnavailable"))
            ? ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]
            : []),
        ...(Number(at(object, "spec.progressDeadlineSeconds") ?? 600) > Number(at(object, "spec.minReadySeconds") ?? 0)
            ? []
            : ["spec.progressDeadlineSeconds: Invalid value: must be greater than minReadySeconds"]),
        ...templateFaults(at(object, "spec.template"), "spec.template"),
    ];
}

export function statefulSetFaults(object: Values): string[] {
    const claims = records(at(object, "spec.volumeClaimTemplates"));
    return [
        ...selectorFaults(object, "statefulset"),
        ...replicaFaults(object),
        ...oneOf(at(object, "spec.podManagementPolicy"), ["OrderedReady", "Parallel"], "spec.podManagementPolicy"),
        ...oneOf(at(object, "spec.updateStrategy.type"), ["RollingUpdate", "OnDelete"], "spec.updateStrategy.type"),
        ...["whenDeleted", "whenScaled"].flatMap((when) => {
            const path = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
            return oneOf(at(object, path), ["Retain", "Delete"], path);
        }),
        ...claims.flatMap((claim, index) => claimFaults(claim, `spec.volumeClaimTemplates[${index}]`)),
        ...templateFaults(at(object, "spec.template"), "spec.template", {
            volumes: claims.map((claim) => text(claim, "metadata.name") ?? ""),
        }),
    ];
}

export function jobFaults(object: Values): string[] {
    const name = text(object, "metadata.name") ?? "";
    return [
        // It becomes a label of the pods.
        ...(name.length <= 63
            ? []
            : [`spec.template.labels: Invalid value: ${JSON.stringify(name)}: must be no more than 63 characters`]),
        ...jobSpecFaults(at(object, "spec"), "spec"),
    ];
}

export function cronJobFaults(object: Values): string[] {
    const name = text(object, "metadata.name") ?? "";
    const zone = text(object, "spec.timeZone");
    return [
        ...(name.length <= 52 ? [] : [`metadata.name: Invalid value: ${JSON.stringify(name)}: must be no more than 52 characters`]),
        ...scheduleFaults(at(object, "spec.schedule")),
        ...(zone === undefined || isTimeZone(zone)
            ? []
            : [`spec.timeZone: Invalid value: ${JSON.stringify(zone)}: unknown time zone ${zone}`]),
        ...oneOf(at(object, "spec.concurrencyPolicy"), ["Allow", "Forbid", "Replace"], "spec.concurrencyPolicy"),
        ...jobSpecFaults(at(object, "spec.jobTemplate.spec"), "spec.jobTemplate.spec"),
    ];
}

function jobSpecFaults(spec: unknown, path: string): string[] {
    const counts = ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"];
    return [
        ...counts
            .filter((field) => Number(at(spec, field) ?? 0) < 0)
            .map((field) => `${path}.${field}: Invalid value: ${String(at(spec, field))}: must be greater than or equal to 0`),
        ...templateFaults(at(spec, "template"), `${path}.template`, { restarts: ["OnFailure", "Never"] }),
    ];
}

function selectorFaults(object: Values, kind: string): string[] {
    const selector = (at(object, "spec.selector.matchLabels") ?? {}) as Values;
    const labels = (at(object, "spec.template.metadata.labels") ?? {}) as Values;
    return [
        ...(Object.keys(selector).length === 0 ? [`spec.selector: Invalid value: {}: empty selector is invalid for ${kind}`] : []),
        ...(Object.entries(selector).every(([key, value]) => labels[key] === value)
            ? []
            : [
                  `spec.template.metadata.labels: Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
              ]),
    ];
}

function replicaFaults(object: Values): string[] {
    return Number(at(object, "spec.replicas") ?? 0) < 0 ? ["spec.replicas: Invalid value: must be greater than or equal to 0"] : [];
}

function templateFaults(
    template: unknown,
    path: string,
    { restarts = ["Always"], volumes = [] }: { restarts?: readonly string[]; volumes?: readonly string[] } = {},
): string[] {
    const spec = at(template, "spec");
    return [
        ...labelFaults(at(template, "metadata.labels"), `${path}.metadata.labels`),
        ...annotationFaults(at(template, "metadata.annotations"), `${path}.metadata.annotations`),
        ...oneOf(at(spec, "restartPolicy") ?? "Always", restarts, `${path}.spec.restartPolicy`),
        ...podFaults(isRecord(spec) ? spec : {}, `${path}.spec`, volumes),
    ];
}

function claimFaults(claim: Values, path: string): string[] {
    const modes = (at(claim, "spec.accessModes") ?? []) as unknown[];
    return [
        ...required(at(claim, "metadata.name"), `${path}.metadata.name`),
        ...(modes.length > 0 ? [] : [`${path}.spec.accessModes: Required value: at least 1 access mode is required`]),
        ...modes.flatMap((mode, index) =>
            oneOf(
                mode,
                ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"],
                `${path}.spec.accessModes[${index}]`,
            ),
        ),
        ...required(at(claim, "spec.resources.requests.storage"), `${path}.spec.resources[storage]`),
    ];
}

/** Five fields, or one of the words that stand for them. */
function scheduleFaults(schedule: unknown): string[] {
    const given = String(schedule ?? "");
    const fields = given.split(/\s+/);
    const isWord = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/.test(given);
    const isFit = isWord || (fields.length === 5 && fields.every((field) => /^[\dA-Za-z*?][\dA-Za-z*?,/-]*$/.test(field)));
    if (given === "") {
        return ["spec.schedule: Required value"];
    }
    return isFit
        ? []
        : [`spec.schedule: Invalid value: ${JSON.stringify(given)}: expected exactly 5 fields, found ${fields.length}`];
}

function isTimeZone(zone: string): boolean {
    try {
        return zone !== "Local" && new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone.length > 0;
    } catch {
        return false;
    }
}
