import { createHash } from "node:crypto";

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

export function clusterServer(endpoint: string): string {
    return `https://${endpoint}`;
}

/** An address of the TEST-NET-3 block: no packet for it goes anywhere. */
export function publicAddress(seed: string): string {
    return `203.0.113.${(Number.parseInt(hex(seed, 8), 16) % 254) + 1}`;
}

/** The first hex digits of a text's hash: names and ids that are the same in every run. */
export function hex(seed: string, length: number): string {
    return createHash("sha256").update(seed).digest("hex").slice(0, length);
}
