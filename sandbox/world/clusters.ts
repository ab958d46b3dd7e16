import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../providers/cloud";
import type { ClusterHost } from "../providers/gcp/kind";
import type { PullImage } from "../providers/kubernetes/kubelet";
import type { ClusterAuthority } from "./clusterAuthority";
import { RealCluster } from "./realCluster";

/** The real control planes behind the simulated cloud's clusters. They end with this process; what they hold is kept. */
export class Clusters implements ClusterHost {
    private readonly running = new Map<string, RealCluster>();

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

    settle(key: string): Promise<void> {
        return this.running.get(key)?.addOn() ?? this.start(key);
    }

    async remove(key: string): Promise<void> {
        await this.running.get(key)?.stop();
        this.running.delete(key);
        this.cloud.removeControlPlane(key);
        rmSync(this.directoryOf(key), { recursive: true, force: true });
    }

    async stop(): Promise<void> {
        await Promise.all([...this.running.values()].map((cluster) => cluster.stop()));
    }

    private async start(key: string): Promise<void> {
        const { cloud, pullImage } = this;
        const webhooks = this.authority.webhooks(key);
        const cluster = await RealCluster.start({ cloud, key, directory: this.directoryOf(key), webhooks, pullImage });
        this.running.set(key, cluster);
        cloud.setControlPlane(key, cluster.address);
    }

    private directoryOf(key: string): string {
        return join(this.directory, key.replaceAll("/", "_"));
    }
}
