import type { Values } from "../double";
import { at, records } from "../values";
import { oneOf, portFaults, required } from "./fieldFaults";

export function gatewayFaults(object: Values): string[] {
    const listeners = records(at(object, "spec.listeners"));
    return [
        ...required(at(object, "spec.gatewayClassName"), "spec.gatewayClassName"),
        ...(listeners.length > 0 ? [] : ["spec.listeners: Invalid value: should have at least 1 items"]),
        ...listeners.flatMap((listener, index) => {
            const path = `spec.listeners[${index}]`;
            const encrypted = ["HTTPS", "TLS"].includes(String(listener.protocol));
            const certificates = records(at(listener, "tls.certificateRefs"));
            return [
                ...required(listener.name, `${path}.name`),
                ...portFaults(listener.port, `${path}.port`),
                ...required(listener.protocol, `${path}.protocol`),
                ...hostFaults(listener.hostname, `${path}.hostname`),
                ...oneOf(at(listener, "tls.mode"), ["Terminate", "Passthrough"], `${path}.tls.mode`),
                ...(encrypted && at(listener, "tls.mode") !== "Passthrough" && certificates.length === 0
                    ? [`${path}.tls: Invalid value: certificateRefs or options must be specified when mode is Terminate`]
                    : []),
            ];
        }),
    ];
}

export function routeFaults(object: Values): string[] {
    const parents = records(at(object, "spec.parentRefs"));
    const hostnames = (at(object, "spec.hostnames") ?? []) as unknown[];
    return [
        ...parents.flatMap(({ name }, index) => required(name, `spec.parentRefs[${index}].name`)),
        ...hostnames.flatMap((hostname, index) => hostFaults(hostname, `spec.hostnames[${index}]`)),
        ...records(at(object, "spec.rules")).flatMap((rule, index) =>
            records(rule.backendRefs).flatMap(({ name, kind = "Service", port }, position) => {
                const path = `spec.rules[${index}].backendRefs[${position}]`;
                return [
                    ...required(name, `${path}.name`),
                    ...(kind === "Service" && port === undefined
                        ? [`${path}: Invalid value: Must have port for Service reference`]
                        : []),
                    ...(port === undefined ? [] : portFaults(port, `${path}.port`)),
                ];
            }),
        ),
    ];
}

function hostFaults(hostname: unknown, path: string): string[] {
    const pattern = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
    return hostname === undefined || (pattern.test(String(hostname)) && String(hostname).length <= 253)
        ? []
        : [`${path}: Invalid value: ${JSON.stringify(hostname)}: should match '${pattern.source}'`];
}
