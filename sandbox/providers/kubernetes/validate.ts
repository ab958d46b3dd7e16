import type { Values } from "../double";
import { at, records, text } from "../values";
import { annotationFaults, labelFaults, oneOf, portFaults, required } from "./fieldFaults";
import { nameOf, type Kind } from "./kinds";
import { gatewayFaults, routeFaults } from "./routeFaults";
import { quantity } from "./shape";
import { cronJobFaults, deploymentFaults, jobFaults, statefulSetFaults } from "./workloadFaults";

/** What the API server finds wrong with an object that fits its schema; each fault names its field. */
export function objectFaults(kind: Kind, object: Values): string[] {
    return [
        ...nameFaults(kind, nameOf(object)),
        ...labelFaults(at(object, "metadata.labels"), "metadata.labels"),
        ...annotationFaults(at(object, "metadata.annotations"), "metadata.annotations"),
        ...(faults[kind.kind]?.(object) ?? []),
    ];
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

function nameFaults({ names }: Kind, name: string): string[] {
    const invalid = (words: string) => [`metadata.name: Invalid value: ${JSON.stringify(name)}: ${words}`];
    switch (names) {
        case "dns1035Label":
            return name.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)
                ? []
                : invalid(
                      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, end with an alphanumeric character and have at most 63 characters",
                  );
        case "dns1123Label":
            return name.length <= 63 && label.test(name)
                ? []
                : invalid(
                      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', start and end with an alphanumeric character and have at most 63 characters",
                  );
        case "path":
            return name !== "" && name !== "." && name !== ".." && !/[/%]/.test(name)
                ? []
                : invalid("may not be '.' or '..' and may not contain '/' or '%'");
        default:
            return name.length <= 253 && name.split(".").every((part) => label.test(part))
                ? []
                : invalid(
                      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
                  );
    }
}

const faults: Readonly<Record<string, (object: Values) => string[]>> = {
    Deployment: deploymentFaults,
    StatefulSet: statefulSetFaults,
    Job: jobFaults,
    CronJob: cronJobFaults,
    Gateway: gatewayFaults,
    HTTPRoute: routeFaults,
    Service: serviceFaults,
    Secret: (object) =>
        Object.entries((object.data ?? {}) as Values)
            .filter(
                ([, value]) =>
                    Buffer.from(String(value), "base64").toString("base64").replace(/=+$/, "") !== String(value).replace(/=+$/, ""),
            )
            .map(([key]) => `data.${key}: Invalid value: illegal base64 data`),
    SecretSync: secretSyncFaults,
    RoleBinding: bindingFaults,
    ClusterRoleBinding: bindingFaults,
    Role: (object) => ruleFaults(object),
    ClusterRole: (object) => ruleFaults(object),
    ResourceQuota: (object) =>
        Object.entries((at(object, "spec.hard") ?? {}) as Values)
            .filter(([, value]) => !(quantity(value) >= 0))
            .map(
                ([key, value]) => `spec.hard[${key}]: Invalid value: ${JSON.stringify(value)}: must be greater than or equal to 0`,
            ),
    PodDisruptionBudget: (object) => [
        ...required(at(object, "spec.selector"), "spec.selector"),
        ...(at(object, "spec.minAvailable") !== undefined && at(object, "spec.maxUnavailable") !== undefined
            ? ["spec: Invalid value: minAvailable and maxUnavailable cannot be both set"]
            : []),
    ],
    NetworkPolicy: (object) =>
        ((at(object, "spec.policyTypes") ?? []) as unknown[]).flatMap((type, index) =>
            oneOf(type, ["Ingress", "Egress"], `spec.policyTypes[${index}]`),
        ),
    HorizontalPodAutoscaler: (object) => [
        ...required(at(object, "spec.scaleTargetRef.name"), "spec.scaleTargetRef.name"),
        ...(Number(at(object, "spec.maxReplicas") ?? 0) >= Number(at(object, "spec.minReplicas") ?? 1)
            ? []
            : ["spec.maxReplicas: Invalid value: must be greater than or equal to `minReplicas`"]),
    ],
};

function secretSyncFaults(object: Values): string[] {
    const path = "spec.secretObject.data";
    const key = /^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\/([0-9]+))*$/;
    const data = records(at(object, path));
    return [
        ...["spec.serviceAccountName", "spec.secretProviderClassName", "spec.secretObject.type"].flatMap((field) =>
            required(at(object, field), field),
        ),
        ...(data.length > 0 ? [] : [`${path}: Invalid value: should have at least 1 items`]),
        ...data.flatMap((item, index) =>
            ["sourcePath", "targetKey"]
                .filter((field) => !(key.test(String(item[field])) && String(item[field]).length <= 253))
                .map(
                    (field) =>
                        `${path}[${index}].${field}: Invalid value: ${JSON.stringify(item[field])}: should match '${key.source}'`,
                ),
        ),
    ];
}

function serviceFaults(object: Values): string[] {
    const ports = records(at(object, "spec.ports"));
    const names = ports.map(({ name }) => name);
    return [
        ...oneOf(at(object, "spec.type"), ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"], "spec.type"),
        ...(ports.length === 0 && text(object, "spec.type") !== "ExternalName" && text(object, "spec.clusterIP") !== "None"
            ? ["spec.ports: Required value"]
            : []),
        ...ports.flatMap(({ name, port, targetPort, protocol }, index) => [
            ...(ports.length > 1 ? required(name, `spec.ports[${index}].name`) : []),
            ...(name === undefined || (String(name).length <= 63 && label.test(String(name)))
                ? []
                : [`spec.ports[${index}].name: Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 label is expected`]),
            ...(names.indexOf(name) === index || name === undefined
                ? []
                : [`spec.ports[${index}].name: Duplicate value: ${JSON.stringify(name)}`]),
            ...portFaults(port, `spec.ports[${index}].port`),
            ...(typeof targetPort === "number" ? portFaults(targetPort, `spec.ports[${index}].targetPort`) : []),
            ...oneOf(protocol, ["TCP", "UDP", "SCTP"], `spec.ports[${index}].protocol`),
        ]),
        ...labelFaults(at(object, "spec.selector"), "spec.selector"),
    ];
}

function bindingFaults(object: Values): string[] {
    return [
        ...required(at(object, "roleRef.name"), "roleRef.name"),
        ...oneOf(at(object, "roleRef.kind"), ["Role", "ClusterRole"], "roleRef.kind"),
        ...records(object.subjects).flatMap(({ kind, name, namespace }, index) => [
            ...required(name, `subjects[${index}].name`),
            ...oneOf(kind, ["User", "Group", "ServiceAccount"], `subjects[${index}].kind`),
            ...(kind === "ServiceAccount" ? required(namespace, `subjects[${index}].namespace`) : []),
        ]),
    ];
}

function ruleFaults(object: Values): string[] {
    return records(object.rules).flatMap((rule, index) => [
        ...required((rule.verbs as unknown[] | undefined)?.[0], `rules[${index}].verbs`),
        ...(rule.nonResourceURLs === undefined
            ? [
                  ...required((rule.apiGroups as unknown[] | undefined)?.length, `rules[${index}].apiGroups`),
                  ...required((rule.resources as unknown[] | undefined)?.[0], `rules[${index}].resources`),
              ]
            : []),
    ]);
}
