import { rmSync } from "node:fs";
import { join } from "node:path";
import { serveCloud } from "../kubernetes/cloudControllers";
import { nodesAccount } from "../kubernetes/credentials";
import { playKubelets } from "../kubernetes/kubelet";
import { keepNodes } from "../kubernetes/nodes";
import { startServers } from "../kubernetes/servers";
import type { Cloud } from "../providers/cloud";
import type { ClusterHost } from "../providers/gcp/kind";
import type { PullImage } from "../providers/kubernetes/kubelet";
import type { ClusterAuthority } from "./clusterAuthority";

/** The real control planes behind the simulated cloud's clusters. They end with this process; what they hold is kept. */
export class Clusters implements ClusterHost {
    private readonly running = new Map<string, () => Promise<void>>();

    constructor(
        private readonly cloud: Cloud,
        /** Folder with one of each cluster's own in it. */
        private readonly directory: string,
        private readonly authority: ClusterAuthority,
        private readonly pullImage: PullImage,
    ) {}

    /** Starts those that were started before. */
    async resume(): Promise<void> {
        const before = this.cloud.clusters().filter(({ controlPlane }) => controlPlane !== undefined);
        await Promise.all(before.map(({ key }) => this.start(key)));
    }

    async start(key: string): Promise<void> {
        const directory = this.directoryOf(key);
        const servers = await startServers({ directory, webhooks: this.authority.webhooks(key) });
        const nodes = new AbortController();
        const stop = async () => {
            nodes.abort();
            await servers.processes.stop();
        };
        try {
            const client = servers.as(nodesAccount);
            const { signal } = nodes;
            playKubelets({ client, pull: (reference) => this.pull(key, reference), signal });
            await serveCloud(client, signal);
            await servers.processes.whileRunning(keepNodes(client, nodePlaces(key), signal));
        } catch (error) {
            await stop();
            throw error;
        }
        this.running.set(key, stop);
        const { address, certificateAuthority } = servers;
        this.cloud.setControlPlane(key, { address, certificateAuthority });
    }

    async remove(key: string): Promise<void> {
        await this.running.get(key)?.();
        this.running.delete(key);
        this.cloud.removeControlPlane(key);
        rmSync(this.directoryOf(key), { recursive: true, force: true });
    }

    async stop(): Promise<void> {
        await Promise.all([...this.running.values()].map((stop) => stop()));
    }

    /** Pulls as whoever the cluster's nodes are at this moment. */
    private async pull(key: string, reference: string) {
        const cluster = this.cloud.clusters().find((one) => one.key === key);
        if (!cluster) throw new Error(`there is no cluster ${key} any more`);
        return this.pullImage(reference, cluster.nodeMember);
    }

    private directoryOf(key: string): string {
        return join(this.directory, key.replaceAll("/", "_"));
    }
}

/** A node in each of three zones, as a regional cluster has. */
function nodePlaces(key: string) {
    const [, location, name] = key.split("/");
    return ["b", "c", "d"].map((zone) => ({ name: `gke-${name}-${zone}`, zone: `${location}-${zone}` }));
}
