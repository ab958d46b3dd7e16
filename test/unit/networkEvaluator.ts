/** A pod as NetworkPolicies see one. */
export interface NetworkPod {
    namespace: string;
    labels: Readonly<Record<string, string>>;
}

type Labels = Readonly<Record<string, string>>;
interface Selector {
    matchLabels?: Labels;
}
interface Peer {
    podSelector?: Selector;
    namespaceSelector?: Selector;
    ipBlock?: { cidr: string };
}
interface Port {
    port: number;
    protocol: string;
}

/** A NetworkPolicy, with all of it optional: this evaluator believes no type of ours. */
export interface AnyPolicy {
    metadata: { namespace: string };
    spec: {
        podSelector: Selector;
        policyTypes: readonly string[];
        ingress?: readonly { from?: readonly Peer[]; ports?: readonly Port[] }[];
        egress?: readonly { to?: readonly Peer[]; ports?: readonly Port[] }[];
    };
}

/** Where a connection begins or ends: a pod, or an address that is none. */
export type End = NetworkPod | { address: string };

/** Whether policies let a connection through, after the API's documentation: both ends must allow it, each by any of its policies. */
export function admits(policies: readonly AnyPolicy[], from: End, to: End, port: number, protocol = "TCP"): boolean {
    const leaving = selecting(policies, from, "Egress");
    const arriving = selecting(policies, to, "Ingress");
    const meets = (peers: readonly Peer[] | undefined, ports: readonly Port[] | undefined, other: End, home: string) =>
        (peers === undefined || peers.some((peer) => isPeer(peer, other, home))) &&
        (ports === undefined || ports.some((one) => one.port === port && one.protocol === protocol));
    return (
        (leaving.length === 0 ||
            leaving.some(({ spec, metadata }) =>
                spec.egress?.some((rule) => meets(rule.to, rule.ports, to, metadata.namespace)),
            )) &&
        (arriving.length === 0 ||
            arriving.some(({ spec, metadata }) =>
                spec.ingress?.some((rule) => meets(rule.from, rule.ports, from, metadata.namespace)),
            ))
    );
}

function selecting(policies: readonly AnyPolicy[], end: End, type: string): readonly AnyPolicy[] {
    return "address" in end
        ? []
        : policies.filter(
              ({ metadata, spec }) =>
                  metadata.namespace === end.namespace && spec.policyTypes.includes(type) && selects(spec.podSelector, end.labels),
          );
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, end: End, home: string): boolean {
    if ("address" in end) {
        // Enough for what is rendered: a single address, or all of them.
        return ipBlock !== undefined && (ipBlock.cidr === `${end.address}/32` || ipBlock.cidr === "0.0.0.0/0");
    }
    const inNamespace = namespaceSelector
        ? selects(namespaceSelector, { "kubernetes.io/metadata.name": end.namespace })
        : end.namespace === home;
    return ipBlock === undefined && inNamespace && (podSelector === undefined || selects(podSelector, end.labels));
}

function selects({ matchLabels = {} }: Selector, labels: Labels): boolean {
    return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}
