import type { Findings, Path } from "./findings";
import type { Port, Probe, Service } from "./model";
import type { HealthEntry, ProbeEntry } from "./schema/health";
import { seconds } from "./quantity";

type ProbeObject = Exclude<ProbeEntry, string>;

/** The probes that a service's `health` asks for. Simple forms are for readiness and liveness. */
export function readProbes(
    health: HealthEntry | undefined,
    ports: readonly Port[],
    path: Path,
    findings: Findings,
): Service["probes"] {
    if (health === undefined) {
        return {};
    }
    if (typeof health === "string") {
        const probe = readProbe(health, ports, path, findings);
        return probe ? { readiness: probe, liveness: probe } : {};
    }
    const { startup, readiness, liveness, ...both } = health;
    const apart = Object.entries({ startup, readiness, liveness }).filter(([, entry]) => entry !== undefined);
    const common = Object.keys(both).length > 0;
    if (common && (readiness !== undefined || liveness !== undefined)) {
        findings.add(
            path,
            `${Object.keys(both).join(", ")} stand beside readiness or liveness; expected one check for both, or each apart`,
        );
        return {};
    }
    const shared = common ? readProbe(both, ports, path, findings) : undefined;
    const single = apart.map(([role, entry]) => [role, readProbe(entry!, ports, [...path, role], findings)] as const);
    if (!common && apart.length === 0 && !findings.touches(path)) {
        findings.add(path, "is empty; expected a check, or readiness, liveness and startup");
    }
    return Object.fromEntries(
        [
            ...(shared
                ? ([
                      ["readiness", shared],
                      ["liveness", shared],
                  ] as const)
                : []),
            ...single,
        ].filter(([, probe]) => probe),
    );
}

/** The name that a service's only port gets: the protocol that its health check speaks. */
export function portNameFor(health: HealthEntry | undefined): string {
    const entries = typeof health === "object" ? [health.readiness, health.liveness, health] : [health];
    const speaks = (simple: RegExp, key: "grpc" | "http") =>
        entries.some((entry) => (typeof entry === "string" ? simple.test(entry) : entry?.[key] !== undefined));
    if (speaks(/^grpc$/, "grpc")) {
        return "grpc";
    }
    return speaks(/^\//, "http") ? "http" : "tcp";
}

function readProbe(entry: ProbeEntry, ports: readonly Port[], path: Path, findings: Findings): Probe | undefined {
    const spelled = typeof entry === "string" ? spell(entry) : entry;
    const ways = (["grpc", "tcp", "http", "exec"] as const).filter((way) => spelled[way] !== undefined);
    if (ways.length !== 1) {
        if (!findings.touches(path)) {
            const said = ways.length === 0 ? "names no check" : `names ${ways.length} checks, ${ways.join(" and ")}`;
            findings.add(path, `${said}; expected one of grpc, tcp, http and exec`);
        }
        return undefined;
    }
    for (const key of (["port", "headers"] as const).filter((key) => spelled[key] !== undefined && ways[0] !== "http")) {
        findings.add(
            [...path, key],
            `goes with http only, and the check is ${ways[0]}`,
            key === "port" ? `write ${ways[0]}: <port>` : undefined,
        );
    }
    const check = readCheck(ways[0], spelled, ports, path, findings);
    return (
        check && {
            check,
            ...(spelled.initialDelay === undefined ? {} : { initialDelaySeconds: seconds(spelled.initialDelay) }),
            ...positive("period", spelled, path, findings),
            ...positive("timeout", spelled, path, findings),
            ...(spelled.failureThreshold === undefined ? {} : { failureThreshold: spelled.failureThreshold }),
        }
    );
}

function readCheck(
    way: "grpc" | "tcp" | "http" | "exec",
    entry: ProbeObject,
    ports: readonly Port[],
    path: Path,
    findings: Findings,
): Probe["check"] | undefined {
    if (way === "exec") {
        return { exec: entry.exec! };
    }
    const asked = way === "http" ? entry.port : entry[way];
    const port =
        typeof asked === "number" ? asked : portNamed(typeof asked === "string" ? asked : undefined, way, ports, path, findings);
    if (port === undefined) {
        return undefined;
    }
    return way === "http"
        ? { http: { port, path: entry.http!, headers: entry.headers ?? {} } }
        : way === "grpc"
          ? { grpc: { port } }
          : { tcp: { port } };
}

/** The container's port that a check means: by name, else the only one, else the one named after the check. */
function portNamed(
    name: string | undefined,
    way: string,
    ports: readonly Port[],
    path: Path,
    findings: Findings,
): number | undefined {
    const meant = name === undefined && ports.length === 1 ? ports[0] : ports.find((port) => port.name === (name ?? way));
    const service = path.slice(0, 2);
    const portsKnown = !findings.touches([...service, "port"]) && !findings.touches([...service, "ports"]);
    if (!meant && portsKnown && !findings.touches(path)) {
        const names = ports.map((port) => port.name);
        const there = names.length === 0 ? "the service has no port" : `the service's ports are ${names.join(", ")}`;
        findings.add(
            path,
            name === undefined ? `the ${way} check names no port, and ${there}` : `there is no port ${name}; ${there}`,
            `name one: { ${way === "http" ? "http: /path, port: 8080" : `${way}: 8080`} }`,
        );
    }
    return meant?.target;
}

function spell(simple: string): ProbeObject {
    return simple.startsWith("/") ? { http: simple } : simple === "grpc" ? { grpc: true } : { tcp: true };
}

function positive(key: "period" | "timeout", entry: ProbeObject, path: Path, findings: Findings) {
    const duration = entry[key];
    if (duration === undefined) {
        return {};
    }
    if (seconds(duration) < 1) {
        findings.add([...path, key], `${JSON.stringify(duration)} is no time; expected a second or more`);
    }
    return { [`${key}Seconds`]: seconds(duration) };
}
