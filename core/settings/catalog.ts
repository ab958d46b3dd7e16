import { isDigest, parseReference } from "../registry/reference";
import { clashingContexts } from "./buildContexts";
import { refuseWrongCalls } from "./calls";
import { compareServices } from "./compareServices";
import { readEnv } from "./env";
import { readFiles, readVolumes } from "./files";
import { Findings, type Path } from "./findings";
import { judge } from "./judge";
import { BroughtFolders, readBringing, refuseMeetings } from "./manifests";
import type { Catalog, InitContainer, Job, Service, ServiceOverride, ThirdPartyImage } from "./model";
import { refuseWrongOrder } from "./order";
import { readAutoscale } from "./scale";
import { readSchedule } from "./schedule";
import { readExposure, readServicePorts } from "./ports";
import { readProbes } from "./probes";
import { amount, seconds, withResources } from "./quantity";
import type { InitEntry, JobEntry, OverrideEntry, ServiceEntry, ServicesFile } from "./schema/service";
import type { Shape } from "./shape";

/**
 * The catalog that `services.yaml` describes, defaults applied; what does not fit is left out and reported.
 *
 * @param folders where the manifests are that services bring. @default no service brings any
 */
export function readCatalog(shape: Shape, value: unknown, findings: Findings, folders = new BroughtFolders()): Catalog {
    const file = judge(shape, value, [], findings) as ServicesFile | undefined;
    const services = Object.entries(file?.services ?? {}).map(
        ([name, entry]) => [name, readService(name, entry, file!, findings, folders)] as const,
    );
    if (file?.services && services.length === 0 && !findings.touches(["services"])) {
        findings.add(["services"], "is empty; expected at least one service");
    }
    compareServices(Object.fromEntries(services), findings);
    refuseWrongOrder(Object.fromEntries(services), findings);
    refuseWrongCalls(Object.fromEntries(services), findings);
    refuseMeetings(Object.values(Object.fromEntries(services)), folders, findings);
    return { services: Object.fromEntries(services) };
}

function readService(
    name: string,
    entry: ServiceEntry,
    { defaults = {} }: ServicesFile,
    findings: Findings,
    folders: BroughtFolders,
): Service {
    const path = ["services", name];
    const image = readImage(entry, defaults.repository, path, findings);
    const { manifests } = entry;
    if (manifests !== undefined) {
        return { ...readBringing(name, { ...entry, manifests }, image, folders, findings), ...readDelivery(entry, path, findings) };
    }
    const ports = readServicePorts(name, entry, findings);
    const resources = withResources(withResources({ requests: {}, limits: {} }, defaults.resources), entry.resources);
    refuseLowLimits(resources, [...path, "resources"], findings);
    const user = entry.user ?? defaults.user;
    const annotations = { ...defaults.annotations, ...entry.annotations };
    return {
        name,
        kind: entry.kind ?? "service",
        image,
        ...readDelivery(entry, path, findings),
        ports,
        probes: readProbes(entry.health, ports, [...path, "health"], findings),
        ...(entry.command && { command: entry.command }),
        ...(entry.args && { args: entry.args }),
        env: readEnv(entry.env, [...path, "env"], findings),
        ...(entry.files && { files: readFiles(entry.files, [...path, "files"], findings) }),
        resources,
        replicas: entry.replicas ?? 1,
        ...readAutoscale(entry, resources, path, findings),
        ...readSchedule(entry, path, findings),
        volumes: readVolumes(entry, [...path, "volumes"], findings),
        init: (entry.init ?? []).map((container, index) => readInit(container, [...path, "init", index], findings)),
        ...readExposure(name, entry, ports, findings),
        annotations,
        terminationGracePeriodSeconds: seconds(entry.terminationGracePeriod ?? "30s"),
        ...(user === undefined ? {} : { user }),
        ...(entry.migrate && { migrate: readJob(entry.migrate, [...path, "migrate"], findings) }),
        ...(entry.verify && { verify: readJob(entry.verify, [...path, "verify"], findings) }),
        ...(entry.identity && { identity: entry.identity }),
        environments: Object.fromEntries(
            Object.entries(entry.environments ?? {}).map(([environment, override]) => [
                environment,
                readOverride(
                    override,
                    { kind: entry.kind ?? "service", resources, annotations },
                    [...path, "environments", environment],
                    findings,
                ),
            ]),
        ),
    };
}

/** What is said of a service however its pods are described. */
function readDelivery(
    { build, after, calls, unrestrictedEgress, schema, compatibleWith }: ServiceEntry,
    path: Path,
    findings: Findings,
) {
    if (compatibleWith !== undefined && schema === undefined && !findings.touches([...path, "schema"])) {
        findings.add([...path, "compatibleWith"], "names schemas, and the service has none", "write schema: <label> beside it");
    }
    return {
        ...(build && { build }),
        ...(after && after.length > 0 && { after }),
        ...(calls && calls.length > 0 && { calls }),
        ...(unrestrictedEgress && { unrestrictedEgress: true as const }),
        ...(schema !== undefined && { schema }),
        ...(compatibleWith && compatibleWith.length > 0 && { compatibleWith }),
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
    const alsoBuildFrom = built?.alsoBuildFrom ?? [];
    const clashing = clashingContexts({ alsoBuildFrom });
    if (clashing.length > 0 && known) {
        findings.add(
            [...path, "source", "alsoBuildFrom"],
            `${clashing.join(", ")} are one name to docker, which the Dockerfile would copy from`,
            "rename a folder, or name the one that holds them",
        );
    }
    return {
        from: "source",
        repository: from ?? "",
        path: built?.path ?? "",
        dockerfile: built?.dockerfile ?? "Dockerfile",
        args: built?.args ?? {},
        alsoBuildFrom,
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

function readInit({ name, image, command, args, env }: InitEntry, path: Path, findings: Findings): InitContainer {
    return {
        name,
        image: thirdParty(image, [...path, "image"], findings),
        ...(command && { command }),
        ...(args && { args }),
        env: readEnv(env, [...path, "env"], findings),
    };
}

function readJob({ command, args, env, timeout }: JobEntry, path: Path, findings: Findings): Job {
    return {
        ...(command && { command }),
        ...(args && { args }),
        env: readEnv(env, [...path, "env"], findings),
        timeoutSeconds: seconds(timeout ?? "10m"),
    };
}

function readOverride(
    override: OverrideEntry,
    service: Pick<Service, "kind" | "resources" | "annotations">,
    path: Path,
    findings: Findings,
): ServiceOverride {
    const { replicas, resources, env, files, annotations, identity } = override;
    const changed = resources && withResources(service.resources, resources);
    if (changed) {
        refuseLowLimits(changed, [...path, "resources"], findings);
    }
    return {
        ...(replicas === undefined ? {} : { replicas }),
        ...readAutoscale({ ...override, kind: service.kind }, changed ?? service.resources, path, findings),
        ...(changed && { resources: changed }),
        ...(env && { env: readEnv(env, [...path, "env"], findings) }),
        ...(files && { files: readFiles(files, [...path, "files"], findings) }),
        ...(identity && { identity }),
        ...(annotations && { annotations: { ...service.annotations, ...annotations } }),
    };
}

function refuseLowLimits({ requests, limits }: Service["resources"], path: Path, findings: Findings): void {
    for (const key of ["cpu", "memory"] as const) {
        const [request, limit] = [requests[key], limits[key]];
        if (request && limit && amount(limit) < amount(request) && !findings.touches(path)) {
            findings.add([...path, "limits", key], `${limit} is less than the ${request} that is reserved`);
        }
    }
}
