import { createHash } from "node:crypto";
import type { Values } from "../double";
import { text } from "../values";

/** DNS name that GKE gives a cluster's control plane. */
export function dnsEndpoint({
    project,
    number,
    location,
    name,
}: {
    project: string;
    number: string;
    location: string;
    name: string;
}): string {
    return `gke-${hex(`${project}/${location}/${name}`, 32)}-${number}.${location}.gke.goog`;
}

/** URL of the API server of a GKE cluster, from its resource. */
export function clusterServer(cluster: Values): string {
    return `https://${text(cluster, "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint")}`;
}

/** Email of the service account that a GKE cluster's nodes run as. Absent: the project's default one. */
export function nodeServiceAccount(cluster: Values): string | undefined {
    return (
        text(cluster, "clusterAutoscaling.autoProvisioningDefaults.serviceAccount") ?? text(cluster, "nodeConfig.serviceAccount")
    );
}

/** An address of the TEST-NET-3 block: no packet for it goes anywhere. */
export function publicAddress(seed: string): string {
    return `203.0.113.${(Number.parseInt(hex(seed, 8), 16) % 254) + 1}`;
}

/** The first hex digits of a text's hash: names and ids that are the same in every run. */
export function hex(seed: string, length: number): string {
    return createHash("sha256").update(seed).digest("hex").slice(0, length);
}
