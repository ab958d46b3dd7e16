import type { Port } from "../../settings/model";
import { portNameFor } from "../../settings/probes";
import type { PortsEntry, ResourcesEntry, ServiceEntry } from "../../settings/schema/service";
import { readFiles } from "./files";
import { containerPort, readHealth } from "./health";
import { type ImageOptions, readImage } from "./images";
import { at, isTree, numberAt, present, textAt, type Tree, treeAt, treesAt } from "./objects";
import { entryOf, readVariables, type References } from "./variables";
import type { Workload } from "./workloads";

export interface Reading extends References {
    options: ImageOptions;
}

/** One key of an entry, and the places of the manifests that it says. */
interface Row {
    key: keyof ServiceEntry;
    /** Places as in `rules.ts`: what is lost there when the key is refused has the refusal as its reason. */
    from: readonly string[];
    /** Nothing: the key is left out. */
    read(workload: Workload, reading: Reading): unknown;
}

/**
 * Every key that manifests can say, in the order in which an entry is written. A key that the settings do not take yet may stand
 * here: it is tried, and what it would have said is a line `not carried`.
 */
export const rows: readonly Row[] = [
    { key: "source", from: [], read: (workload, { options }) => at(mainImage(workload, options), "source") },
    { key: "image", from: [], read: (workload, { options }) => at(mainImage(workload, options), "image") },
    { key: "kind", from: ["Workload/**"], read: (workload) => kindOf(workload) },
    { key: "schedule", from: ["Workload/spec/schedule", "Workload/spec/timeZone"], read: ({ object }) => scheduleOf(object.value) },
    { key: "port", from: [], read: (workload) => at(portEntries(workload), "port") },
    { key: "ports", from: [], read: (workload) => at(portEntries(workload), "ports") },
    { key: "expose", from: ["Ingress/**", "HTTPRoute/**", "GRPCRoute/**", "Gateway/**"], read: (workload) => exposure(workload) },
    {
        key: "health",
        from: ["main/readinessProbe/**", "main/livenessProbe/**", "main/startupProbe/**"],
        read: (workload) => readHealth(workload.container, portsOf(workload)),
    },
    { key: "command", from: ["main/command/**"], read: ({ container }) => texts(container.command) },
    { key: "args", from: ["main/args/**"], read: ({ container }) => texts(container.args) },
    { key: "env", from: ["main/env/**"], read: ({ container }, reading) => entryOf(readVariables(container, reading)) },
    { key: "resources", from: ["main/resources/**"], read: ({ container }) => readResources(treeAt(container, "resources")) },
    {
        key: "replicas",
        from: ["Workload/spec/replicas"],
        read: ({ object, scaler }) => (scaler ? undefined : unless(1, numberAt(object.value, "spec", "replicas"))),
    },
    { key: "autoscale", from: ["HorizontalPodAutoscaler/**"], read: ({ scaler }) => scaler && readScaler(scaler.value) },
    {
        key: "volumes",
        from: ["pod/spec/volumes/**", "main/volumeMounts/**", "Workload/spec/volumeClaimTemplates/**"],
        read: (workload, reading) => volumes(workload, reading),
    },
    {
        key: "files",
        from: ["pod/spec/volumes/*/configMap/**", "main/volumeMounts/**"],
        read: (workload, reading) =>
            nonEmpty(Object.fromEntries(readFiles(workload, reading).map(({ path, text }) => [path, text]))),
    },
    { key: "init", from: ["init/**"], read: (workload, reading) => inits(workload, reading) },
    { key: "user", from: ["**/securityContext/**"], read: ({ pod, container }) => userOf(pod, container) },
    {
        key: "identity",
        from: ["ServiceAccount/metadata/annotations/iam.gke.io~1gcp-service-account"],
        read: ({ account }) => textAt(account?.value, "metadata", "annotations", "iam.gke.io/gcp-service-account"),
    },
    {
        key: "terminationGracePeriod",
        from: ["pod/spec/terminationGracePeriodSeconds"],
        read: ({ pod }) => seconds(unless(30, numberAt(pod, "terminationGracePeriodSeconds"))),
    },
    {
        key: "annotations",
        from: ["pod/metadata/annotations/**"],
        read: ({ object, template }) => nonEmpty(treeAt(object.value, ...template, "metadata", "annotations")),
    },
];

/** The entry of a workload, and the images in it that lack a digest. */
export function draftEntry(workload: Workload, reading: Reading): { entry: ServiceEntry; unpinned: string[] } {
    const entry = Object.fromEntries(
        rows.map(({ key, read }) => [key, read(workload, reading)] as const).filter(([, value]) => value !== undefined),
    );
    const images = [mainImage(workload, reading.options), ...initContainers(workload, reading).map(({ found }) => found)];
    const unpinned = images.flatMap((image) => ("image" in image && !image.pinned ? [image.image] : []));
    return { entry: entry as ServiceEntry, unpinned };
}

function mainImage({ name, object, container }: Workload, options: ImageOptions) {
    return readImage(textAt(container, "image") ?? "", [name, object.name], options);
}

function kindOf({ object, inside }: Workload): string | undefined {
    if (object.kind === "CronJob") {
        return "cron";
    }
    return object.kind === "StatefulSet" ? "stateful" : inside ? undefined : "worker";
}

/** TCP ports of the Service that others call; of another protocol there can be none. */
function portsOf(workload: Workload): Port[] {
    return servicePorts(workload.inside?.value, workload.container);
}

function servicePorts(service: Tree | undefined, container: Tree): Port[] {
    return treesAt(service, "spec", "ports")
        .filter(({ protocol = "TCP" }) => protocol === "TCP")
        .flatMap((entry) => {
            const port = numberAt(entry, "port");
            const target = entry.targetPort === undefined ? port : containerPort(entry.targetPort, container);
            return port === undefined || target === undefined ? [] : [{ name: textAt(entry, "name") ?? "", port, target }];
        });
}

/** `port` where that says it all, else `ports`. A port without a name gets the one that the settings would choose. */
function portEntries(workload: Workload): Pick<ServiceEntry, "port" | "ports"> {
    const ports = portsOf(workload);
    const chosen = portNameFor(readHealth(workload.container, ports));
    const [only] = ports;
    if (ports.length === 0) {
        return {};
    }
    return ports.length === 1 && only.port === only.target && ["", chosen].includes(only.name)
        ? { port: only.port }
        : { ports: portsEntry(ports, chosen) };
}

function portsEntry(ports: readonly Port[], unnamed: string): PortsEntry {
    return Object.fromEntries(ports.map(({ name, port, target }) => [name || unnamed, port === target ? port : { port, target }]));
}

function exposure(workload: Workload): unknown {
    const { name, inside, outside, container, routes } = workload;
    if (!outside) {
        return routes.length > 0 ? routed(workload) : undefined;
    }
    const own = portsOf(workload);
    const unnamed = own[0]?.name || portNameFor(readHealth(container, own));
    const ports = servicePorts(outside.value, container).map((port) => ({ ...port, name: port.name || unnamed }));
    const named = own.map((port) => ({ ...port, name: port.name || unnamed }));
    const type = isInternal(outside.value) ? "internal" : "loadBalancer";
    const entry = {
        ...(outside === inside || outside.name === `${name}-external` ? {} : { name: outside.name }),
        ...(JSON.stringify(ports) === JSON.stringify(named)
            ? {}
            : // A bare number would lead to the target of the service's port of that name.
              { ports: Object.fromEntries(ports.map(({ name: portName, port, target }) => [portName, { port, target }])) }),
    };
    return Object.keys(entry).length === 0 ? type : { type, ...entry };
}

/** Whether a load balancer is for the network alone, as the clouds have it said: it must not come out open to the internet. */
function isInternal(service: Tree): boolean {
    const annotations = Object.entries(treeAt(service, "metadata", "annotations"));
    return annotations.some(
        ([name, value]) => /load-?balancer-(type|internal|scheme)$/.test(name) && /^(internal|true)$/i.test(String(value)),
    );
}

/** The way of a host's requests: through a Gateway that is there, or by a certificate in a Secret through one of its own. */
function routed({ name, routes: [route], gateway }: Workload): unknown {
    const parent = treesAt(route.value, "spec", "parentRefs")[0];
    const listener = treesAt(gateway?.value, "spec", "listeners")[0];
    const isOwn = gateway !== undefined && gateway.name === route.name;
    const tls = isOwn
        ? textAt(treesAt(listener, "tls", "certificateRefs")[0], "name")
        : textAt(treesAt(route.value, "spec", "tls")[0], "secretName");
    const place = [textAt(parent, "namespace"), textAt(parent, "name")].filter((part) => part !== undefined).join("/");
    return present({
        type: "gateway",
        name: route.kind === "HTTPRoute" ? unless(`${name}-external`, route.name) : undefined,
        host: hosts(route.value)[0],
        gateway: parent && !isOwn ? place : undefined,
        tls,
        class: isOwn ? unless("gke-l7-global-external-managed", textAt(gateway.value, "spec", "gatewayClassName")) : undefined,
    });
}

function hosts(value: Tree): string[] {
    const named = at(value, "spec", "hostnames");
    const all = [...(Array.isArray(named) ? named : []), ...treesAt(value, "spec", "rules").map(({ host }) => host)];
    return all.filter((host): host is string => typeof host === "string");
}

function readResources(resources: Tree): ResourcesEntry | undefined {
    const amount = (part: string, name: string) => {
        const found = at(resources, part, name);
        return found === undefined || found === null ? undefined : String(found);
    };
    const [cpu, memory] = [amount("requests", "cpu"), amount("requests", "memory")];
    const limits = nonEmpty(
        present({ cpu: unless(cpu, amount("limits", "cpu")), memory: unless(memory, amount("limits", "memory")) }),
    );
    return nonEmpty(present({ cpu, memory, limits }));
}

/** A scaler's bounds and its target for CPU, in percent of what is reserved. */
function readScaler(scaler: Tree): unknown {
    const ofCpu = treesAt(scaler, "spec", "metrics").find((metric) => textAt(metric, "resource", "name") === "cpu");
    return present({
        min: numberAt(scaler, "spec", "minReplicas") ?? 1,
        max: numberAt(scaler, "spec", "maxReplicas"),
        cpu:
            numberAt(ofCpu, "resource", "target", "averageUtilization") ??
            numberAt(scaler, "spec", "targetCPUUtilizationPercentage"),
    });
}

/** Without a time zone the clock is UTC's, as oneflow renders it. */
function scheduleOf(value: Tree): unknown {
    const [cron, timezone] = [textAt(value, "spec", "schedule"), textAt(value, "spec", "timeZone")];
    return timezone === undefined || timezone === "Etc/UTC" ? cron : { cron, timezone };
}

function volumes({ object, pod, container }: Workload, { mounted }: References): unknown {
    const mounts = treesAt(container, "volumeMounts");
    const claims = treesAt(object.value, "spec", "volumeClaimTemplates").flatMap((claim) => {
        const [name, size] = [textAt(claim, "metadata", "name"), at(claim, "spec", "resources", "requests", "storage")];
        const mount = mounts.find((one) => one.name === name);
        const storageClass = textAt(claim, "spec", "storageClassName");
        return mount && size !== undefined
            ? [[name!, { mount: mount.mountPath, claim: present({ size: String(size), storageClass }) }] as const]
            : [];
    });
    const entries = treesAt(pod, "volumes").flatMap((volume) => {
        const mount = mounts.find(({ name }) => name === volume.name);
        const secret = textAt(volume, "secret", "secretName");
        const versions = mounted(mountedClass(volume));
        if (!mount || !(isTree(volume.emptyDir) || secret !== undefined || versions)) {
            return [];
        }
        const { medium, sizeLimit } = treeAt(volume, "emptyDir");
        const entry = present({
            mount: mount.mountPath,
            sizeLimit: sizeLimit === undefined ? undefined : String(sizeLimit),
            memory: medium === "Memory" || undefined,
            secret,
            versions,
        });
        return [[String(volume.name), entry] as const];
    });
    return nonEmpty(Object.fromEntries([...entries, ...claims]));
}

/** The SecretProviderClass that a volume takes from GKE's own driver. */
export function mountedClass(volume: Tree): string | undefined {
    return textAt(volume, "csi", "driver") === "secrets-store-gke.csi.k8s.io"
        ? textAt(volume, "csi", "volumeAttributes", "secretProviderClass")
        : undefined;
}

function initContainers({ name, pod }: Workload, { options }: Reading) {
    // One that is started anew when it ends is a sidecar: awaiting its end would keep the service from starting.
    const toTheirEnd = treesAt(pod, "initContainers").filter(({ restartPolicy }) => restartPolicy !== "Always");
    return toTheirEnd.map((container) => {
        // No init container is built from source, so none of its images is named after the workload.
        const found = readImage(textAt(container, "image") ?? "", [`${name}/${String(container.name)}`], { ...options, built: [] });
        return { container, found };
    });
}

function inits(workload: Workload, reading: Reading): unknown {
    const entries = initContainers(workload, reading).map(({ container, found }) =>
        present({
            name: container.name,
            image: at(found, "image"),
            command: texts(container.command),
            args: texts(container.args),
            env: entryOf(readVariables(container, reading)),
        }),
    );
    return entries.length > 0 ? entries : undefined;
}

/** The numeric user; what the container says holds for it rather than what the pod says. Root is nobody here. */
function userOf(pod: Tree, container: Tree): number | undefined {
    const user = numberAt(container, "securityContext", "runAsUser") ?? numberAt(pod, "securityContext", "runAsUser");
    return unless(0, user);
}

function texts(list: unknown): string[] | undefined {
    return Array.isArray(list) ? list.map(String) : undefined;
}

function seconds(count: number | undefined): string | undefined {
    return count === undefined ? undefined : `${count}s`;
}

function unless<T>(unwanted: T | undefined, value: T | undefined): T | undefined {
    return value === unwanted ? undefined : value;
}

function nonEmpty<T extends object>(map: T): T | undefined {
    return Object.keys(map).length > 0 ? map : undefined;
}
