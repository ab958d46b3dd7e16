import type { Values } from "../double";
import { at, isRecord, records, text } from "../values";
import { oneOf, portFaults, required } from "./fieldFaults";
import { quantity } from "./shape";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * What the API server finds wrong with a pod's spec, whoever makes the pod.
 *
 * @param further names of volumes that come to the pod beside its own
 */
export function podFaults(spec: Values, path: string, further: readonly string[] = []): string[] {
    const volumes = new Set([...further, ...records(spec.volumes).map(({ name }) => name)]);
    const containers = records(spec.containers);
    const init = records(spec.initContainers);
    const names = [...init, ...containers].map(({ name }) => name);
    return [
        ...(containers.length === 0 ? [`${path}.containers: Required value`] : []),
        ...names.flatMap((name, index) =>
            names.indexOf(name) === index ? [] : [`${path}.containers: Duplicate value: ${JSON.stringify(name)}`],
        ),
        ...init.flatMap((container, index) => containerFaults(container, `${path}.initContainers[${index}]`, volumes, true)),
        ...containers.flatMap((container, index) => containerFaults(container, `${path}.containers[${index}]`, volumes, false)),
        ...records(spec.volumes).flatMap((volume, index) => [
            ...(label.test(String(volume.name)) && String(volume.name).length <= 63
                ? []
                : [
                      `${path}.volumes[${index}].name: Invalid value: ${JSON.stringify(volume.name)}: a lowercase RFC 1123 label is expected`,
                  ]),
            ...(Object.keys(volume).length === 2
                ? []
                : [`${path}.volumes[${index}]: Required value: must specify exactly one volume type`]),
        ]),
        ...records(spec.topologySpreadConstraints).flatMap((constraint, index) => [
            ...required(constraint.topologyKey, `${path}.topologySpreadConstraints[${index}].topologyKey`),
            ...(Number(constraint.maxSkew) > 0
                ? []
                : [`${path}.topologySpreadConstraints[${index}].maxSkew: Invalid value: must be greater than zero`]),
            ...oneOf(
                constraint.whenUnsatisfiable ?? "",
                ["DoNotSchedule", "ScheduleAnyway"],
                `${path}.topologySpreadConstraints[${index}].whenUnsatisfiable`,
            ),
        ]),
    ];
}

function containerFaults(container: Values, path: string, volumes: ReadonlySet<unknown>, init: boolean): string[] {
    const name = String(container.name ?? "");
    const ports = records(container.ports);
    const portNames = ports.map((port) => port.name).filter((portName) => portName !== undefined);
    return [
        ...(name.length <= 63 && label.test(name)
            ? []
            : [`${path}.name: Invalid value: ${JSON.stringify(container.name)}: a lowercase RFC 1123 label is expected`]),
        ...required(container.image, `${path}.image`),
        ...(text(container, "image")?.trim() === text(container, "image")
            ? []
            : [`${path}.image: Invalid value: must not have leading or trailing whitespace`]),
        ...oneOf(container.imagePullPolicy, ["Always", "IfNotPresent", "Never"], `${path}.imagePullPolicy`),
        ...ports.flatMap((port, index) => [
            ...portFaults(port.containerPort, `${path}.ports[${index}].containerPort`),
            ...(port.name === undefined || isPortName(String(port.name))
                ? []
                : [
                      `${path}.ports[${index}].name: Invalid value: ${JSON.stringify(port.name)}: must be no more than 15 characters, lower case alphanumeric or '-', with at least one letter`,
                  ]),
        ]),
        ...portNames.flatMap((portName, index) =>
            portNames.indexOf(portName) === index ? [] : [`${path}.ports: Duplicate value: ${JSON.stringify(portName)}`],
        ),
        ...records(container.env).flatMap((variable, index) => [
            ...(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(String(variable.name ?? ""))
                ? []
                : [
                      `${path}.env[${index}].name: Invalid value: ${JSON.stringify(variable.name)}: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit`,
                  ]),
            ...(variable.value !== undefined && variable.value !== "" && variable.valueFrom !== undefined
                ? [`${path}.env[${index}].valueFrom: Invalid value: may not be specified when \`value\` is not empty`]
                : []),
        ]),
        ...["startupProbe", "readinessProbe", "livenessProbe"].flatMap((role) =>
            probeFaults(container[role], `${path}.${role}`, portNames, init),
        ),
        ...records(container.volumeMounts).flatMap((mount, index) => [
            ...required(mount.mountPath, `${path}.volumeMounts[${index}].mountPath`),
            ...(volumes.has(mount.name) ? [] : [`${path}.volumeMounts[${index}].name: Not found: ${JSON.stringify(mount.name)}`]),
        ]),
        ...resourceFaults(container, path),
    ];
}

function probeFaults(probe: unknown, path: string, portNames: readonly unknown[], init: boolean): string[] {
    if (!isRecord(probe)) {
        return [];
    }
    const handlers = ["exec", "grpc", "httpGet", "tcpSocket"].filter((handler) => probe[handler] !== undefined);
    const port = at(probe, `${handlers[0]}.port`);
    const counts = ["periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"].filter(
        (field) => probe[field] !== undefined && Number(probe[field]) < 1,
    );
    return [
        ...(init ? [`${path}: Forbidden: may not be set for init containers without restartPolicy=Always`] : []),
        ...(handlers.length === 0 ? [`${path}: Required value: must specify a handler type`] : []),
        ...(handlers.length > 1 ? [`${path}.${handlers[1]}: Forbidden: may not specify more than 1 handler type`] : []),
        ...(handlers[0] === "exec"
            ? required((at(probe, "exec.command") as unknown[] | undefined)?.[0], `${path}.exec.command`)
            : []),
        ...(typeof port === "number" || (handlers.length > 0 && handlers[0] !== "exec" && port === undefined)
            ? portFaults(port, `${path}.${handlers[0]}.port`)
            : []),
        ...(typeof port === "string" && !portNames.includes(port)
            ? [`${path}.${handlers[0]}.port: Invalid value: ${JSON.stringify(port)}: no port of the container has this name`]
            : []),
        ...counts.map((field) => `${path}.${field}: Invalid value: ${String(probe[field])}: must be greater than 0`),
        ...(!path.endsWith("readinessProbe") && probe.successThreshold !== undefined && probe.successThreshold !== 1
            ? [`${path}.successThreshold: Invalid value: ${String(probe.successThreshold)}: must be 1`]
            : []),
    ];
}

function resourceFaults(container: Values, path: string): string[] {
    const limits = (at(container, "resources.limits") ?? {}) as Values;
    return Object.entries((at(container, "resources.requests") ?? {}) as Values)
        .filter(([name, value]) => limits[name] !== undefined && quantity(value) > quantity(limits[name]))
        .map(
            ([name, value]) =>
                `${path}.resources.requests: Invalid value: ${JSON.stringify(value)}: must be less than or equal to ${name} limit of ${String(limits[name])}`,
        );
}

const isPortName = (name: string) =>
    name.length <= 15 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && /[a-z]/.test(name) && !name.includes("--");
