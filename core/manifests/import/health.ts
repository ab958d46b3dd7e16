import type { Port } from "../../settings/model";
import type { HealthEntry, ProbeEntry } from "../../settings/schema/health";
import { at, isTree, numberAt, present, textAt, type Tree, treesAt } from "./objects";

/** The `health` that gives a container its probes. Ports that are named in the container are resolved. */
export function readHealth(container: Tree, ports: readonly Port[]): HealthEntry | undefined {
    const probe = (role: string) => {
        const found = container[role];
        return isTree(found) ? readProbe(found, container, ports) : undefined;
    };
    const [startup, readiness, liveness] = ["startupProbe", "readinessProbe", "livenessProbe"].map(probe);
    if (readiness !== undefined && startup === undefined && JSON.stringify(readiness) === JSON.stringify(liveness)) {
        return readiness;
    }
    const apart = present({ readiness, liveness, startup });
    return Object.keys(apart).length === 0 ? undefined : apart;
}

function readProbe(probe: Tree, container: Tree, ports: readonly Port[]): ProbeEntry | undefined {
    const check = readCheck(probe, container, ports);
    if (!check) {
        return undefined;
    }
    const entry = {
        ...check,
        ...present({
            initialDelay: duration(probe.initialDelaySeconds),
            period: duration(probe.periodSeconds),
            timeout: duration(probe.timeoutSeconds),
            failureThreshold: numberAt(probe, "failureThreshold"),
        }),
    };
    const [[way, value], ...more] = Object.entries(entry);
    if (more.length > 0) {
        return entry;
    }
    return way === "http" ? String(value) : value === true ? way : entry;
}

type Check = Pick<Exclude<ProbeEntry, string>, "grpc" | "tcp" | "http" | "exec" | "headers" | "port">;

function readCheck(probe: Tree, container: Tree, ports: readonly Port[]): Check | undefined {
    const command = at(probe, "exec", "command");
    if (Array.isArray(command)) {
        return { exec: command.map(String) };
    }
    const port = (way: string) => containerPort(at(probe, way, "port"), container);
    const [grpc, tcp, http] = [port("grpc"), port("tcpSocket"), port("httpGet")];
    if (grpc !== undefined) {
        return { grpc: grpc === meant("grpc", ports) || grpc };
    }
    if (tcp !== undefined) {
        return { tcp: tcp === meant("tcp", ports) || tcp };
    }
    if (http !== undefined) {
        const headers = treesAt(probe, "httpGet", "httpHeaders").map(({ name, value }) => [String(name), String(value)]);
        return {
            http: textAt(probe, "httpGet", "path") ?? "/",
            ...(headers.length > 0 && { headers: Object.fromEntries(headers) as Record<string, string> }),
            ...(http === meant("http", ports) ? {} : { port: http }),
        };
    }
    return undefined;
}

/** The port that a check goes to which names none: the only one, else the one named after the check. */
function meant(way: string, ports: readonly Port[]): number | undefined {
    return (ports.length === 1 ? ports[0] : ports.find(({ name }) => name === way))?.target;
}

/** The number of a port of the container, by number or by name. */
export function containerPort(port: unknown, container: Tree): number | undefined {
    if (typeof port === "number") {
        return port;
    }
    const named = treesAt(container, "ports").find(({ name }) => name === port && port !== undefined);
    return named ? numberAt(named, "containerPort") : typeof port === "string" && /^[0-9]+$/.test(port) ? Number(port) : undefined;
}

function duration(seconds: unknown): string | undefined {
    return typeof seconds === "number" ? `${seconds}s` : undefined;
}
