import type { ClusterClient, ClusterObject } from "./clusterClient";

interface Node extends ClusterObject {
    spec: { taints?: { key: string }[] };
    status: { conditions?: { type: string; status: string }[] };
}

/** Makes the cluster's only node. What it can hold is said by kwok's stage. */
export async function makeNode(admin: ClusterClient): Promise<void> {
    await admin.create("/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
            name: nodeName,
            labels: {
                "kubernetes.io/hostname": nodeName,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": "sandbox-a",
            },
        },
    });
}

/** Waits until pods can be put on the node: it is ready, and the controllers have taken their taints from it. */
export async function untilSchedulable(admin: ClusterClient): Promise<void> {
    await admin.until<Node>("/api/v1/nodes", (nodes) => nodes.some(isSchedulable));
}

function isSchedulable({ spec: { taints = [] }, status: { conditions = [] } }: Node): boolean {
    return taints.length === 0 && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

const nodeName = "sandbox-node";
