import type { Problem } from "../../refusal";
import type { Port } from "../../settings/model";
import { at, isTree, numberAt, type SourceObject, textAt, type Tree, treeAt, treesAt } from "../import/objects";
import { templateOf } from "../import/kustomization";
import { problemIn } from "./problem";

/** What of a service's pods can be reached. */
export interface Offer {
    /** What their Kubernetes Services offer to whoever calls the service. */
    ports: readonly Port[];
    /** What they offer to the outside: by a load balancer, on the nodes, or behind a route. */
    open: readonly Port[];
}

/** The ports that the Services among the objects offer of the pods among the objects, as NetworkPolicies judge them. */
export function readOffer(sources: readonly SourceObject[]): Offer & { problems: Problem[] } {
    const problems: Problem[] = [];
    const pods = sources.flatMap(({ value }) => (templateOf(value) ? [treeAt(value, ...templateOf(value)!)] : []));
    const routed = backends(sources);
    const [ports, open]: [Port[], Port[]] = [[], []];
    for (const source of sources.filter(({ kind }) => kind === "Service")) {
        const behind = pods.filter((pod) => selects(treeAt(source.value, "spec", "selector"), treeAt(pod, "metadata", "labels")));
        if (behind.length === 0) {
            continue;
        }
        const outside = ["LoadBalancer", "NodePort"].includes(textAt(source.value, "spec", "type") ?? "");
        for (const [index, entry] of treesAt(source.value, "spec", "ports").entries()) {
            const offered = readPort(entry, behind);
            if (offered.length === 0) {
                const [path, name] = [["spec", "ports", index, "targetPort"], String(entry.targetPort)];
                const message = `no container of the pods that the Service finds has a port named ${name}`;
                problems.push(problemIn(source, path, message, `write the container's port number, or name: ${name} beside it`));
            }
            ports.push(...offered);
            open.push(...(outside || routed.some(({ name, port }) => name === source.name && port === entry.port) ? offered : []));
        }
    }
    return { ports: distinct(ports), open: distinct(open), problems };
}

/** The container's ports that a Service's port leads to: pods of several kinds may give one name to different ones. */
function readPort(entry: Tree, pods: readonly Tree[]): Port[] {
    const port = numberAt(entry, "port") ?? 0;
    const target = entry.targetPort ?? port;
    const protocol = textAt(entry, "protocol") ?? "TCP";
    const targets = typeof target === "number" ? [target] : pods.flatMap((pod) => portsNamed(pod, String(target)));
    return targets.map((number) => ({
        name: textAt(entry, "name") ?? `${protocol.toLowerCase()}-${port}`,
        port,
        target: number,
        ...(protocol === "TCP" ? {} : { protocol: protocol as "UDP" | "SCTP" }),
    }));
}

function portsNamed(pod: Tree, name: string): number[] {
    return ["containers", "initContainers"]
        .flatMap((list) => treesAt(pod, "spec", list))
        .flatMap((container) => treesAt(container, "ports"))
        .flatMap((port) => (port.name === name ? (numberAt(port, "containerPort") ?? []) : []));
}

/** The Services, and their ports, that routes lead to. */
function backends(sources: readonly SourceObject[]): { name?: string; port?: number }[] {
    return sources
        .filter(({ kind }) => kind === "HTTPRoute")
        .flatMap(({ value }) => treesAt(value, "spec", "rules"))
        .flatMap((rule) => treesAt(rule, "backendRefs"))
        .map((backend) => ({ name: textAt(backend, "name"), port: numberAt(backend, "port") }));
}

/** A Service without selector finds no pods by itself. */
function selects(selector: Tree, labels: Tree): boolean {
    const wanted = Object.entries(selector);
    return wanted.length > 0 && wanted.every(([key, value]) => isTree(labels) && at(labels, key) === value);
}

function distinct(ports: readonly Port[]): Port[] {
    const key = ({ target, protocol }: Port) => `${target}/${protocol ?? "TCP"}`;
    return ports.filter((port, index) => ports.findIndex((other) => key(other) === key(port)) === index);
}
