import type { Port, Service } from "../settings/model";
import { networkSelector, sharedLabels } from "./labels";
import type { EgressRule, NetworkPolicyObject, NetworkPort, ObjectMetadata } from "./objects";
import type { RenderContext } from "./workload";

/**
 * Whom a service's pods may call, and who may call them: the catalog's `calls`, on the ports that the called service offers, and
 * the way in from outside where it is exposed. Policies only add up, so all else is denied by {@link renderDefaultDeny}.
 */
export function renderNetworkPolicy(
    service: Service,
    metadata: ObjectMetadata,
    { services }: Pick<RenderContext, "services">,
): NetworkPolicyObject {
    const { name, kind, expose, ports, verify, identity, unrestrictedEgress, manifests } = service;
    // The pods of a stateful service keep each other up to date, a job that verifies a service asks it, and what a service brings
    // may be several workloads.
    const itself = ports.length > 0 && (kind === "stateful" || verify !== undefined || manifests !== undefined);
    const calls = [...new Set([...(service.calls ?? []), ...(itself ? [name] : [])])];
    // By name: in what order a catalog has its services says nothing, and no lock keeps it.
    const callers = Object.values(services)
        .filter((other) => (other.name === name ? calls : other.calls)?.includes(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    const open = [...(expose?.ports ?? []), ...(manifests?.open ?? [])];
    const ingress = [
        ...(callers.length > 0 && ports.length > 0
            ? [{ from: callers.map((caller) => ({ podSelector: networkSelector(caller.name) })), ports: targets(ports) }]
            : []),
        // A load balancer's requests come from nodes or from the outside, as the cluster has it: no peer names them all.
        ...(open.length > 0 ? [{ ports: targets(open) }] : []),
    ];
    const called = calls.flatMap((other) => (Object.hasOwn(services, other) ? services[other] : []));
    const egress = unrestrictedEgress
        ? [{}]
        : [
              asking,
              ...(identity ? tokens : []),
              ...called.map((other) => ({ to: [{ podSelector: networkSelector(other.name) }], ports: targets(other.ports) })),
          ];
    return {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata,
        spec: {
            podSelector: networkSelector(name),
            policyTypes: ["Ingress", "Egress"],
            ...(ingress.length > 0 && { ingress }),
            egress,
        },
    };
}

/** What holds for every pod of the namespace: nothing comes in, and nothing goes out but questions for addresses. */
export function renderDefaultDeny(context: Pick<RenderContext, "environment" | "namespace" | "partOf">): NetworkPolicyObject {
    return {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "default-deny", namespace: context.namespace, labels: sharedLabels(context) },
        spec: {
            podSelector: {},
            policyTypes: ["Ingress", "Egress"],
            egress: [asking],
        },
    };
}

/** Questions for addresses. Each service's own policy allows them too: it may stand alone for a while. */
const asking: EgressRule = {
    to: [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
        // GKE answers on the node itself: its cache, or Cloud DNS by way of the metadata server.
        { ipBlock: { cidr: "169.254.20.10/32" } },
        { ipBlock: { cidr: "169.254.169.254/32" } },
    ],
    ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, protocol: "TCP" },
    ],
};

/** Where pods get the tokens of their Google identity, on GKE. */
const tokens: EgressRule[] = [
    { to: [{ ipBlock: { cidr: "169.254.169.254/32" } }], ports: [{ port: 80, protocol: "TCP" }] },
    { to: [{ ipBlock: { cidr: "169.254.169.252/32" } }], ports: [{ port: 988, protocol: "TCP" }] },
];

/** A policy judges a request where it arrives: by the container's port, not the Service's. */
function targets(ports: readonly Port[]): NetworkPort[] {
    const distinct = new Map<string, NetworkPort>();
    for (const { target, protocol = "TCP" } of ports) {
        distinct.set(`${target}/${protocol}`, { port: target, protocol });
    }
    return [...distinct.values()];
}
