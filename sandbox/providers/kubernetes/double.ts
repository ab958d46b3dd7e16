import { ClusterClient } from "../../kubernetes/clusterClient";
import type { Cloud, Cluster } from "../cloud";
import { connectionRefusal } from "../cloud/clusterIam";
import { diffInputs } from "../diff";
import type { ProviderDouble, ProviderInstance } from "../double";
import { ApiServer } from "./apiServer";
import { type Connection, readKubeconfig, Unreachable, unreachable } from "./kubeconfig";
import { Kubelet, type PullImage } from "./kubelet";
import { LiveCluster } from "./live/liveCluster";
import { LiveInstance } from "./live/liveInstance";
import { Liveness } from "./liveness";
import { PlayedInstance } from "./playedInstance";
import { secretMounts } from "./secretMounts";
import { UnreachableInstance } from "./unreachableInstance";

export interface KubernetesDoubleOptions {
    /** Path or text of the kubeconfig for providers that name none. */
    kubeconfig: string;
    /**
     * Member that a kubeconfig's user with an auth plugin stands for: whoever is logged in.
     *
     * @default - nobody: the user's token alone says who asks
     */
    member?: string;
    pullImage: PullImage;
    /**
     * How long a rollout may stand still before it has failed, in milliseconds. Where a real API server stands behind the cluster:
     * how long a pod may be kept from starting, as by a crash loop or an image that cannot be pulled; ten times as long for a pod
     * that runs and does not get ready. The real provider waits until the `customTimeouts` are over. @default 1500
     */
    progressDeadline?: number;
    /** How long a container takes to be ready, in milliseconds. Only where the cluster is played from files. @default 5 */
    startup?: number;
}

/**
 * Plays the package `kubernetes`: each provider instance talks to the cluster that its kubeconfig's context names. A cluster of
 * the cloud is played from files, or by the real Kubernetes that stands behind it; any other is what its address leads to.
 */
export function kubernetesDouble(cloud: Cloud, options: KubernetesDoubleOptions): ProviderDouble {
    const { progressDeadline = 1500, startup = 5 } = options;
    const upserts = (config: Readonly<Record<string, string>>) => config.upsertExistingObjects === "true";
    const live = async (client: ClusterClient, namespace: string, config: Readonly<Record<string, string>>) => {
        const server = new LiveCluster(client);
        await server.asked(() => client.get("/version"));
        return new LiveInstance(server, { namespace, upsert: upserts(config), standstill: progressDeadline });
    };
    const played = (cluster: Cluster, member: string, namespace: string, config: Readonly<Record<string, string>>) => {
        const server = new ApiServer(cloud, cluster, member);
        const mountFault = secretMounts({ cloud, cluster, objects: server.objects });
        const kubelet = new Kubelet(server.objects, options.pullImage, cluster.nodeMember, startup, mountFault);
        return new PlayedInstance(server, new Liveness(server.objects, kubelet, progressDeadline), namespace, upserts(config));
    };
    return {
        name: "kubernetes",
        version: "4.34.2",
        diffConfig: (before, after) => diffInputs(before, after, { replaceOn: ["context", "cluster"] }),
        configure: (config) => connect(config).catch(whileUnreachable(config)),
    };

    async function connect(config: Readonly<Record<string, string>>): Promise<ProviderInstance> {
        const connection = readKubeconfig(config.kubeconfig ?? options.kubeconfig, config);
        const { server, namespace } = connection;
        const cluster = cloud.clusterAt(server);
        if (!cluster) {
            const { hostname } = new URL(server);
            if (hostname.endsWith(cloudDomain)) {
                throw unreachable(`${server}: dial tcp: lookup ${hostname}: no such host`);
            }
            return live(directClient(connection), namespace, config);
        }
        const { member: loggedIn } = options;
        const token = connection.token ?? (loggedIn === undefined ? undefined : cloud.tokenOf(loggedIn));
        const member = connection.token === undefined ? loggedIn : cloud.identify(connection.token);
        if (member === undefined) {
            throw unreachable("the server has asked for the client to provide credentials: Unauthorized");
        }
        if (!cluster.controlPlane) {
            return played(cluster, member, namespace, config);
        }
        const refusal = connectionRefusal(cloud, cluster, member);
        if (refusal !== undefined) {
            throw unreachable(refusal);
        }
        if (token === undefined) {
            throw unreachable(`the server has asked for the client to provide credentials: no token stands for ${member}`);
        }
        const { address, certificateAuthority } = cluster.controlPlane;
        return live(new ClusterClient(address, certificateAuthority, token), namespace, config);
    }
}

/** What a provider is whose cluster does not answer: the real one too is configured all the same. */
function whileUnreachable(config: Readonly<Record<string, string>>): (error: unknown) => ProviderInstance {
    const { namespace = "default", skipUpdateUnreachable } = config;
    return (error) => {
        if (!(error instanceof Unreachable)) throw error;
        return new UnreachableInstance(error, namespace, skipUpdateUnreachable === "true");
    };
}

/** The API server of a cluster that the cloud does not know, as kubectl would reach it. */
function directClient({ server, certificateAuthority, token, certificate }: Connection): ClusterClient {
    const user = token ?? certificate;
    if (user === undefined) {
        throw unreachable(
            `${server} is no cluster of the sandbox, where alone an auth plugin stands for who is logged in: the user needs a token or a client certificate`,
        );
    }
    return new ClusterClient(server, certificateAuthority, user);
}

/** Of the API servers that the simulated cloud runs: nobody outside is asked for them. */
const cloudDomain = ".gke.goog";
