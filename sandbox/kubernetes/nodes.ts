import { setTimeout as pause } from "node:timers/promises";
import { type ClusterClient, ApiRefused } from "./clusterClient";
import { untilSchedulable } from "./node";

/** A machine that a cluster's pods are put on. */
export interface NodePlace {
    name: string;
    /** `europe-west1-b` */
    zone: string;
}

/** Makes nodes, keeps them alive until told to stop, and waits until pods can be put on them. */
export async function keepNodes(client: ClusterClient, places: readonly NodePlace[], signal: AbortSignal): Promise<void> {
    for (const place of places) {
        await client.createUnlessThere("/api/v1/nodes", nodeOf(place));
        await client.patch(`/api/v1/nodes/${place.name}/status`, { status: statusOf(place) }, "strategic-merge-patch+json");
        await renewLease(client, place.name);
    }
    void (async () => {
        while (!signal.aborted) {
            await pause(leaseSeconds * 250, undefined, { signal, ref: false }).catch(() => undefined);
            for (const { name } of places) {
                if (!signal.aborted) await renewLease(client, name).catch(reportUnless(signal, name));
            }
        }
    })();
    await untilSchedulable(client);
}

/** Without it the node controller would call the node lost, and move its pods away. */
async function renewLease(client: ClusterClient, name: string): Promise<void> {
    const collection = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    const spec = {
        holderIdentity: name,
        leaseDurationSeconds: leaseSeconds,
        renewTime: new Date().toISOString().replace("Z", "000Z"),
    };
    try {
        await client.patch(`${collection}/${name}`, { spec }, "merge-patch+json");
    } catch (error) {
        if (!(error instanceof ApiRefused && error.code === 404)) throw error;
        await untilNamespace(client, "kube-node-lease");
        const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec };
        await client.createUnlessThere(collection, lease);
    }
}

/** The API server makes its own namespaces after it has called itself ready. */
async function untilNamespace(client: ClusterClient, wanted: string): Promise<void> {
    await client.until("/api/v1/namespaces", (all) => all.some(({ metadata }) => metadata.name === wanted));
}

function reportUnless(signal: AbortSignal, name: string): (error: unknown) => void {
    return (error) => {
        if (!signal.aborted) console.error(`lease of ${name}: ${String(error)}`);
    };
}

function nodeOf({ name, zone }: NodePlace) {
    const labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": zone.replace(/-[a-z]$/, ""),
        "topology.kubernetes.io/zone": zone,
    };
    return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

function statusOf({ name }: NodePlace) {
    const room = { cpu: "64", memory: "256Gi", "ephemeral-storage": "1Ti", pods: "250" };
    const at = new Date().toISOString();
    const condition = (type: string, status: string, reason: string) => ({
        ...{ type, status, reason, message: "" },
        ...{ lastHeartbeatTime: at, lastTransitionTime: at },
    });
    return {
        capacity: room,
        allocatable: room,
        addresses: [{ type: "Hostname", address: name }],
        conditions: [
            condition("Ready", "True", "KubeletReady"),
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        ],
        nodeInfo: {
            ...{ architecture: "amd64", operatingSystem: "linux", kernelVersion: "", osImage: "oneflow sandbox: runs nothing" },
            ...{ containerRuntimeVersion: "", kubeletVersion: "", kubeProxyVersion: "", bootID: "", machineID: "", systemUUID: "" },
        },
    };
}

const leaseSeconds = 40;
