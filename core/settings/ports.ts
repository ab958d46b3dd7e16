import type { Findings, Path } from "./findings";
import type { Port, Service } from "./model";
import { readRoute } from "./route";
import { portNameFor } from "./probes";
import type { PortsEntry, ServiceEntry } from "./schema/service";

/** The ports of container and Kubernetes Service; none for a worker and a cron. */
export function readServicePorts(name: string, entry: ServiceEntry, findings: Findings): Port[] {
    const path = ["services", name];
    const { kind, port, ports } = entry;
    const given = port !== undefined || ports !== undefined;
    if (port !== undefined && ports !== undefined) {
        findings.add([...path, "ports"], `stands beside port: ${port}; expected one of the two`, "write it among ports, by name");
    }
    const portless = kind === "worker" || kind === "cron";
    if (portless && given) {
        findings.add([...path, ports ? "ports" : "port"], `a ${kind} has no port`, "delete the line, or write kind: service");
    }
    const unread = ["kind", "port", "ports"].some((key) => findings.touches([...path, key]));
    if (!portless && !unread && (!given || (ports && Object.keys(ports).length === 0))) {
        findings.add([...path, "port"], `missing; a ${kind ?? "service"} has a port`, "write port: 8080, or kind: worker");
    }
    return ports === undefined
        ? port === undefined
            ? []
            : [{ name: portNameFor(entry.health), port, target: port }]
        : readPorts(ports, [], [...path, "ports"], findings);
}

/** Ports by name. A bare number leads to the target of the same name in `behind`, if there is one. */
function readPorts(entries: PortsEntry, behind: readonly Port[], path: Path, findings: Findings): Port[] {
    const ports = Object.entries(entries).map(([name, entry]) => {
        const { port, target } = typeof entry === "number" ? { port: entry, target: undefined } : entry;
        return { name, port, target: target ?? behind.find((other) => other.name === name)?.target ?? port };
    });
    const clash = (field: "port" | "target", what: string) => {
        for (const [index, one] of ports.entries()) {
            const other = ports.slice(0, index).find((earlier) => earlier[field] === one[field]);
            if (other && !findings.touches([...path, one.name])) {
                findings.add([...path, one.name], `${what} ${one[field]} is that of ${other.name} already`);
            }
        }
    };
    clash("port", "port");
    if (behind.length === 0) {
        clash("target", "the container's port");
    }
    return ports;
}

/** The second Service, where the entry asks for one. */
export function readExposure(
    name: string,
    { expose }: ServiceEntry,
    ports: readonly Port[],
    findings: Findings,
): Pick<Service, "expose"> {
    if (expose === undefined) {
        return {};
    }
    const path = ["services", name, "expose"];
    const entry = typeof expose === "string" ? { type: expose } : expose;
    const own =
        entry.ports && Object.keys(entry.ports).length > 0 ? readPorts(entry.ports, ports, [...path, "ports"], findings) : ports;
    if (own.length === 0 && !["kind", "port", "ports"].some((key) => findings.touches(["services", name, key]))) {
        findings.add(path, "there is no port to expose", "write port: 8080");
    }
    if (entry.type === "gateway") {
        return readRoute(name, entry, ports, findings);
    }
    for (const key of (["host", "port", "gateway", "tls", "class"] as const).filter((key) => entry[key] !== undefined)) {
        findings.add([...path, key], `goes with a gateway only, and the type is ${entry.type}`, "write type: gateway");
    }
    return {
        expose: {
            type: entry.type === "internal" ? "internal" : "loadBalancer",
            name: entry.name ?? `${name}-external`,
            ports: own,
        },
    };
}
