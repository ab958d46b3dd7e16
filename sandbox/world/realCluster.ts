import { serveCloud } from "../kubernetes/cloudControllers";
import { nodesAccount } from "../kubernetes/credentials";
import { define, readDefinitions } from "../kubernetes/definitions";
import { serveGateways } from "../kubernetes/gateways";
import { playKubelets } from "../kubernetes/kubelet";
import { keepNodes } from "../kubernetes/nodes";
import { type Servers, startServers } from "../kubernetes/servers";
import type { Webhooks } from "../kubernetes/webhooks";
import type { Cloud, Cluster, ControlPlaneAddress } from "../providers/cloud";
import { isAddedOn } from "../providers/kubernetes/kinds";
import type { PullImage } from "../providers/kubernetes/kubelet";
import { text } from "../providers/values";
import { mountFaults, serveSecretSyncs, type RealPlace } from "./secretManager";

/** What a {@link RealCluster} is started with. */
export interface RealClusterArgs {
    cloud: Cloud;
    /** `PROJECT/LOCATION/NAME` */
    key: string;
    /** A new folder for all that it holds, or that of the same cluster before. */
    directory: string;
    webhooks: Webhooks;
    pullImage: PullImage;
}

/** The control plane of one GKE cluster, with what Google runs beside it and nodes that run nothing. */
export class RealCluster {
    private readonly added = new Set<string>();

    private constructor(
        private readonly servers: Servers,
        private readonly place: RealPlace,
        private readonly stopped: AbortController,
    ) {}

    /** @throws Error with the end of the log of the program that did not come up; nothing is left running then */
    static async start({ cloud, key, directory, webhooks, pullImage }: RealClusterArgs): Promise<RealCluster> {
        const servers = await startServers({ directory, webhooks, definitions: [] });
        const client = servers.as(nodesAccount);
        const cluster = () => clusterOf(cloud, key);
        const place = { cloud, client, cluster };
        const stopped = new AbortController();
        const started = new RealCluster(servers, place, stopped);
        const { signal } = stopped;
        try {
            // Pulls as whoever the nodes are at that moment.
            const pull = (reference: string) => pullImage(reference, cluster().nodeMember);
            playKubelets({ client, pull, mountFault: mountFaults(place), signal });
            await serveCloud(client, signal);
            await servers.processes.whileRunning(keepNodes(client, nodePlaces(key), signal));
            await started.addOn();
        } catch (error) {
            await started.stop();
            throw error;
        }
        return started;
    }

    get address(): ControlPlaneAddress {
        const { address, certificateAuthority } = this.servers;
        return { address, certificateAuthority };
    }

    /** Lets it know the kinds, with what serves them, that the cluster's resource asks for and that it does not know yet. */
    async addOn(): Promise<void> {
        const { cloud, client, cluster } = this.place;
        const resource = cloud.resource(cluster().resource!) ?? {};
        const definitions = await readDefinitions();
        const groupOf = (definition: object) => text(definition, "spec.group")!;
        const groups = new Set(definitions.map(groupOf).filter((group) => isAddedOn(group, resource) && !this.added.has(group)));
        await define(
            client,
            definitions.filter((definition) => groups.has(groupOf(definition))),
        );
        for (const group of groups) {
            this.added.add(group);
            if (group === "gateway.networking.k8s.io") await serveGateways(client, this.stopped.signal);
            if (group === "secret-sync.gke.io") serveSecretSyncs(this.place, this.stopped.signal);
        }
    }

    async stop(): Promise<void> {
        this.stopped.abort();
        await this.servers.processes.stop();
    }
}

function clusterOf(cloud: Cloud, key: string): Cluster {
    const found = cloud.clusters().find((cluster) => cluster.key === key);
    if (!found) throw new Error(`there is no cluster ${key} any more`);
    return found;
}

/** A node in each of three zones, as a regional cluster has. */
function nodePlaces(key: string) {
    const [, location, name] = key.split("/");
    return ["b", "c", "d"].map((zone) => ({ name: `gke-${name}-${zone}`, zone: `${location}-${zone}` }));
}
