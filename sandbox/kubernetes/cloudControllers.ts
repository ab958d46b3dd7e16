import { publicAddress } from "../providers/cloud/endpoints";
import type { ClusterClient, ClusterObject } from "./clusterClient";
import { follow } from "./follow";
import { serveVolumes } from "./volumes";

/** Plays what every cluster of GKE has running beside Kubernetes: whatever gives addresses and volumes. Until told to stop. */
export async function serveCloud(client: ClusterClient, signal: AbortSignal): Promise<void> {
    follow<Service>(client, "/api/v1/services", (service) => giveAddress(client, service), signal);
    await serveVolumes(client, signal);
}

interface Service extends ClusterObject {
    spec: { type?: string };
    status?: { loadBalancer?: { ingress?: { ip: string }[] } };
}

async function giveAddress(client: ClusterClient, { metadata, spec, status }: Service): Promise<void> {
    if (spec.type !== "LoadBalancer" || metadata.deletionTimestamp || status?.loadBalancer?.ingress?.length) return;
    const internal = metadata.annotations?.["networking.gke.io/load-balancer-type"]?.toLowerCase() === "internal";
    const outside = publicAddress(metadata.uid!);
    const ip = internal ? outside.replace("203.0.113", "10.128.0") : outside;
    await client.patch(
        `/api/v1/namespaces/${metadata.namespace}/services/${metadata.name}/status`,
        { status: { loadBalancer: { ingress: [{ ip }] } } },
        "merge-patch+json",
    );
}
