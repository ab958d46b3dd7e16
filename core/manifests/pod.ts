import type { InitContainer, Job, Probe, Resources, Service } from "../settings/model";
import { jobLabels, labelSelector, podLabels } from "./labels";
import { environment } from "./env";
import type { Container, ContainerPort, ContainerProbe, PodSpec, PodTemplate } from "./objects";
import { versionsName } from "./secretVersions";
import { podVolumes, volumeMounts } from "./volumes";
import type { RenderContext } from "./workload";

/** The pods of a service that has its environment's overrides. They meet the Pod Security Standard `restricted`. */
export function renderPodTemplate(service: Service, context: RenderContext): PodTemplate {
    const { name, annotations } = service;
    return {
        metadata: {
            labels: podLabels(name, context),
            ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
        },
        spec: renderPod(service, versionsName(service), context),
    };
}

function renderPod(service: Service, versions: string | undefined, context: RenderContext): PodSpec {
    const { name, kind, user, init, terminationGracePeriodSeconds } = service;
    return {
        serviceAccountName: name,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        restartPolicy: kind === "cron" ? "Never" : "Always",
        terminationGracePeriodSeconds,
        securityContext: {
            runAsNonRoot: true,
            ...(user !== undefined && { runAsUser: user, runAsGroup: user, fsGroup: user }),
            seccompProfile: { type: "RuntimeDefault" },
        },
        ...(kind !== "cron" && { topologySpreadConstraints: spread(service) }),
        ...(init.length > 0 && {
            initContainers: init.map((container) => renderInitContainer(container, service, versions, context)),
        }),
        containers: [renderContainer(service, versions, context)],
        ...podVolumes(service),
    };
}

/** A pod that runs a job of the service to its end: its image, account, files and folders, but neither its ports nor its probes. */
export function renderJobTemplate(service: Service, role: string, job: Job, context: RenderContext): PodTemplate {
    const { command: _command, args: _args, ...rest } = service;
    const worker: Service = {
        ...rest,
        ...(job.command && { command: job.command }),
        ...(job.args && { args: job.args }),
        env: { ...service.env, ...job.env },
        kind: "cron",
        ports: [],
        probes: {},
        init: [],
        volumes: service.volumes.filter(({ claim }) => claim === undefined),
    };
    delete worker.expose;
    const spec = renderPod(worker, versionsName(service), context);
    return {
        metadata: { labels: jobLabels(service.name, role, context) },
        spec: { ...spec, containers: spec.containers.map((container) => ({ ...container, name: role })) },
    };
}

/** For a single replica too: the pod template must not change, and so restart pods, when the second is added. */
function spread({ name, kind }: Service): PodSpec["topologySpreadConstraints"] {
    return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: labelSelector(name),
        // Only pods of one revision are counted, else the leaving ones would skew where the coming ones go.
        ...(kind !== "stateful" && { matchLabelKeys: ["pod-template-hash"] }),
    }));
}

/** The container of the service itself. It is named as the service. */
function renderContainer(service: Service, versions: string | undefined, context: RenderContext): Container {
    const { name, probes } = service;
    const ports = containerPorts(service);
    return {
        name,
        image: context.image(name),
        ...invocation(service),
        ...(ports.length > 0 && { ports }),
        ...environment(service.env, versions),
        ...(probes.startup && { startupProbe: renderProbe(probes.startup) }),
        ...(probes.readiness && { readinessProbe: renderProbe(probes.readiness) }),
        ...(probes.liveness && { livenessProbe: renderProbe(probes.liveness) }),
        ...gracefulStop(service),
        ...confinement(service),
    };
}

/** An init container has the resources and volumes of the service: it runs before it, so the pod needs no more than without it. */
function renderInitContainer(
    init: InitContainer,
    service: Service,
    versions: string | undefined,
    context: RenderContext,
): Container {
    return {
        name: init.name,
        image: context.image(`${service.name}/${init.name}`),
        ...invocation(init),
        ...environment(init.env, versions),
        ...confinement(service),
    };
}

function invocation({ command, args }: Pick<Service, "command" | "args">): Pick<Container, "command" | "args"> {
    return { ...(command && { command: [...command] }), ...(args && { args: [...args] }) };
}

/** What every container of a service may use, and no more. */
function confinement(service: Service): Pick<Container, "resources" | "securityContext" | "volumeMounts"> {
    return {
        resources: { requests: quantities(service.resources.requests), limits: quantities(service.resources.limits) },
        securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            privileged: false,
            readOnlyRootFilesystem: true,
        },
        ...volumeMounts(service),
    };
}

function quantities({ cpu, memory }: Resources): Record<string, string> {
    return { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

/**
 * A pod that ends still gets requests until every node has heard that it is leaving, so its process is told to stop a little later.
 * The wait counts against the grace period: at most a third of it.
 */
function gracefulStop({ ports, expose, terminationGracePeriodSeconds }: Service): Pick<Container, "lifecycle"> {
    const seconds = Math.min(5, Math.floor(terminationGracePeriodSeconds / 3));
    return (ports.length > 0 || expose) && seconds > 0 ? { lifecycle: { preStop: { sleep: { seconds } } } } : {};
}

/** Each number once, with the name of the first port that goes there where a container port can have it. Nothing refers to the names. */
function containerPorts({ ports, expose }: Service): ContainerPort[] {
    const offered = [...ports, ...(expose?.ports ?? [])];
    const names = new Set<string>();
    return [...new Set(offered.map(({ target }) => target))].map((containerPort) => {
        const name = offered.find(
            ({ target, name }) => target === containerPort && isContainerPortName(name) && !names.has(name),
        )?.name;
        if (name !== undefined) {
            names.add(name);
        }
        return { ...(name !== undefined && { name }), containerPort, protocol: "TCP" };
    });
}

/** Names of container ports are shorter than those of a Service's: RFC 6335, at most 15 characters with a letter among them. */
function isContainerPortName(name: string): boolean {
    return name.length <= 15 && /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

function renderProbe({ check, initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold }: Probe): ContainerProbe {
    return {
        ...renderCheck(check),
        ...(initialDelaySeconds !== undefined && { initialDelaySeconds }),
        ...(periodSeconds !== undefined && { periodSeconds }),
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
        ...(failureThreshold !== undefined && { failureThreshold }),
    };
}

function renderCheck(check: Probe["check"]): ContainerProbe {
    if ("grpc" in check) {
        return { grpc: { port: check.grpc.port } };
    }
    if ("tcp" in check) {
        return { tcpSocket: { port: check.tcp.port } };
    }
    if ("exec" in check) {
        return { exec: { command: [...check.exec] } };
    }
    const { path, port, headers } = check.http;
    // By name: a catalog that was kept by a lock has its keys sorted, and must render the very same objects.
    const names = Object.keys(headers).sort();
    const httpHeaders = names.map((name) => ({ name, value: headers[name] }));
    return { httpGet: { path, port, ...(httpHeaders.length > 0 && { httpHeaders }) } };
}
