import { isDigest, parseReference } from "../registry/reference";
import { Findings, type Path } from "./findings";
import { judge } from "./judge";
import type { Catalog, InitContainer, Port, Service, ServiceOverride, ThirdPartyImage } from "./model";
import { refuseNotYet } from "./notYet";
import { portNameFor, readProbes } from "./probes";
import { amount, seconds, withResources } from "./quantity";
import type { EnvEntry, InitEntry, OverrideEntry, PortsEntry, ServiceEntry, ServicesFile } from "./schema/service";
import type { Shape } from "./shape";

/** The catalog that `services.yaml` describes, defaults applied; what does not fit is left out and reported. */
export function readCatalog(shape: Shape, value: unknown, findings: Findings): Catalog {
    refuseNotYet("services", value, [], findings);
    const file = judge(shape, value, [], findings) as ServicesFile | undefined;
    const services = Object.entries(file?.services ?? {}).map(
        ([name, entry]) => [name, readService(name, entry, file!, findings)] as const,
    );
    if (file?.services && services.length === 0 && !findings.touches(["services"])) {
        findings.add(["services"], "is empty; expected at least one service");
    }
    compareServices(Object.fromEntries(services), findings);
    return { services: Object.fromEntries(services) };
}

function readService(name: string, entry: ServiceEntry, { defaults = {} }: ServicesFile, findings: Findings): Service {
    const path = ["services", name];
    const ports = readServicePorts(name, entry, findings);
    const resources = withResources(withResources({ requests: {}, limits: {} }, defaults.resources), entry.resources);
    refuseLowLimits(resources, [...path, "resources"], findings);
    const user = entry.user ?? defaults.user;
    const annotations = { ...defaults.annotations, ...entry.annotations };
    return {
        name,
        kind: entry.kind === "worker" ? "worker" : "service",
        image: readImage(entry, defaults.repository, path, findings),
        ports,
        probes: readProbes(entry.health, ports, [...path, "health"], findings),
        ...(entry.command && { command: entry.command }),
        ...(entry.args && { args: entry.args }),
        env: readEnv(entry.env, [...path, "env"], findings),
        resources,
        replicas: entry.replicas ?? 1,
        volumes: Object.entries(entry.volumes ?? {}).map(([volume, { mount, sizeLimit, memory = false }]) => ({
            name: volume,
            mountPath: mount,
            ...(sizeLimit && { sizeLimit }),
            memory,
        })),
        init: (entry.init ?? []).map((container, index) => readInit(container, [...path, "init", index], findings)),
        ...readExposure(name, entry, ports, findings),
        annotations,
        terminationGracePeriodSeconds: seconds(entry.terminationGracePeriod ?? "30s"),
        ...(user === undefined ? {} : { user }),
        environments: Object.fromEntries(
            Object.entries(entry.environments ?? {}).map(([environment, override]) => [
                environment,
                readOverride(override, { resources, annotations }, [...path, "environments", environment], findings),
            ]),
        ),
    };
}

function readImage(
    { source, image }: ServiceEntry,
    repository: string | undefined,
    path: Path,
    findings: Findings,
): Service["image"] {
    const known = !findings.touches([...path, "source"]) && !findings.touches([...path, "image"]);
    if ((source === undefined) === (image === undefined) && known) {
        const message = source === undefined ? "has neither source nor image" : "has both source and image";
        findings.add(path, `${message}; expected source: src/… for an image that is built, or image: name@sha256:… for another's`);
    }
    if (image !== undefined) {
        return thirdParty(image, [...path, "image"], findings);
    }
    const built = typeof source === "string" ? { path: source } : source;
    const from = built?.repository ?? repository;
    if (built && from === undefined && !findings.touches(["defaults", "repository"])) {
        findings.add(
            [...path, "source"],
            "is built from no repository",
            "write defaults: { repository: owner/name } at the file's top",
        );
    }
    return {
        from: "source",
        repository: from ?? "",
        path: built?.path ?? "",
        dockerfile: built?.dockerfile ?? "Dockerfile",
        args: built?.args ?? {},
        alsoBuildFrom: built?.alsoBuildFrom ?? [],
    };
}

function thirdParty(source: string, path: Path, findings: Findings): ThirdPartyImage {
    const digest = source.slice(source.indexOf("@") + 1);
    if (!isDigest(digest)) {
        throw new Error(`${source} fits the schema without a digest: the schema and this reader disagree`);
    }
    try {
        parseReference(source);
    } catch (error) {
        // What parseReference throws is its answer: a sentence on what the reference lacks.
        findings.add(path, (error as Error).message);
    }
    return { from: "thirdParty", source, digest };
}

function readServicePorts(name: string, entry: ServiceEntry, findings: Findings): Port[] {
    const path = ["services", name];
    const { kind, port, ports } = entry;
    const given = port !== undefined || ports !== undefined;
    if (port !== undefined && ports !== undefined) {
        findings.add([...path, "ports"], `stands beside port: ${port}; expected one of the two`, "write it among ports, by name");
    }
    if (kind === "worker" && given) {
        findings.add([...path, ports ? "ports" : "port"], "a worker has no port", "delete the line, or write kind: service");
    }
    const unread = ["kind", "port", "ports"].some((key) => findings.touches([...path, key]));
    if (kind !== "worker" && !unread && (!given || (ports && Object.keys(ports).length === 0))) {
        findings.add([...path, "port"], "missing; a service has a port", "write port: 8080, or kind: worker");
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

function readExposure(name: string, { expose }: ServiceEntry, ports: readonly Port[], findings: Findings): Pick<Service, "expose"> {
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
    return { expose: { type: "loadBalancer", name: entry.name ?? `${name}-external`, ports: own } };
}

function readInit({ name, image, command, args, env }: InitEntry, path: Path, findings: Findings): InitContainer {
    return {
        name,
        image: thirdParty(image, [...path, "image"], findings),
        ...(command && { command }),
        ...(args && { args }),
        env: readEnv(env, [...path, "env"], findings),
    };
}

function readOverride(
    { replicas, resources, env, annotations }: OverrideEntry,
    service: Pick<Service, "resources" | "annotations">,
    path: Path,
    findings: Findings,
): ServiceOverride {
    const changed = resources && withResources(service.resources, resources);
    if (changed) {
        refuseLowLimits(changed, [...path, "resources"], findings);
    }
    return {
        ...(replicas === undefined ? {} : { replicas }),
        ...(changed && { resources: changed }),
        ...(env && { env: readEnv(env, [...path, "env"], findings) }),
        ...(annotations && { annotations: { ...service.annotations, ...annotations } }),
    };
}

function readEnv(env: EnvEntry = {}, path: Path, findings: Findings): Record<string, string> {
    for (const [name, value] of Object.entries(env)) {
        if (typeof value !== "string" && !findings.touches([...path, name])) {
            findings.add([...path, name], "is a map; expected a text");
        }
    }
    return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function refuseLowLimits({ requests, limits }: Service["resources"], path: Path, findings: Findings): void {
    for (const key of ["cpu", "memory"] as const) {
        const [request, limit] = [requests[key], limits[key]];
        if (request && limit && amount(limit) < amount(request) && !findings.touches(path)) {
            findings.add([...path, "limits", key], `${limit} is less than the ${request} that is reserved`);
        }
    }
}

/** What no service can know alone: names that meet, and two services on one source. */
function compareServices(services: Readonly<Record<string, Service>>, findings: Findings): void {
    const sources = new Map<string, string>();
    const names = new Map<string, string>(Object.keys(services).map((name) => [name, `the service ${name}`]));
    for (const [name, { image, expose, init, volumes }] of Object.entries(services)) {
        const path = ["services", name];
        if (Object.hasOwn(reserved, name)) {
            findings.add(path, `the name ${name} is taken: ${reserved[name]}`, "choose another name");
        }
        if (image.from === "source" && image.path && !findings.touches([...path, "source"])) {
            const key = JSON.stringify([
                image.repository.toLowerCase(),
                image.path,
                image.dockerfile,
                Object.entries(image.args).sort(),
            ]);
            const other = sources.get(key);
            if (other) {
                findings.add(
                    [...path, "source"],
                    `${image.path} in ${image.repository} is the source of ${other} already: one image, built twice`,
                    "give each service its own folder, Dockerfile or build arguments",
                );
            }
            sources.set(key, other ?? name);
        }
        if (expose) {
            const other = names.get(expose.name);
            if (other) {
                findings.add(
                    [...path, "expose", "name"],
                    `the Kubernetes Service ${expose.name} is ${other}'s already`,
                    "write another name",
                );
            }
            names.set(expose.name, other ?? `${name}'s`);
        }
        twice(
            init.map((container) => container.name),
            (container, index) => findings.add([...path, "init", index, "name"], `a container ${container} is there already`),
            [name],
        );
        twice(
            volumes.map((volume) => volume.mountPath),
            (mount, index) =>
                findings.add([...path, "volumes", volumes[index].name, "mount"], `another volume is mounted at ${mount} already`),
        );
    }
}

const reserved: Readonly<Record<string, string>> = {
    locks: "commit locks stand there beside the images",
    default: "every namespace has a ServiceAccount of that name",
    kubernetes: "the cluster has a Service of that name",
};

function twice(names: readonly string[], report: (name: string, index: number) => void, taken: readonly string[] = []): void {
    names.forEach((name, index) => {
        if (taken.includes(name) || names.indexOf(name) < index) {
            report(name, index);
        }
    });
}
