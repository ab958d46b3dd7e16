import { setTimeout as pause } from "node:timers/promises";
import type { ContainerStatus } from "../providers/cloud/objects";
import { startContainers, type PulledImage, type Supplies } from "../providers/kubernetes/containers";
import { ApiRefused, type ClusterClient, type ClusterObject } from "./clusterClient";
import { follow } from "./follow";
import { podStatus, type PodStatus } from "./podStatus";

/** A pod as the API server gives it. */
export interface NodePod extends ClusterObject {
    metadata: ClusterObject["metadata"] & { creationTimestamp: string };
    spec: { nodeName?: string; containers: { name: string; image: string }[] } & Record<string, unknown>;
    status?: PodStatus;
}

/** Where a cluster's nodes get what they need. */
export interface KubeletArgs {
    client: ClusterClient;
    /** Pulls an image as the cluster's nodes do. @throws Error that says why it could not */
    pull(reference: string): Promise<PulledImage>;
    /** Why a folder from Secret Manager cannot be mounted. @default - nothing asks */
    mountFault?: Supplies["mountFault"];
    /** Stops it. What it said of pods stays. */
    signal: AbortSignal;
}

/**
 * Plays the kubelets of all of a cluster's nodes: pulls what pods ask for, and says how they came up. Nothing runs in them. A pod that
 * did not come up is tried again, later each time.
 */
export function playKubelets(args: KubeletArgs): void {
    const kubelet = new Kubelet(args);
    follow<NodePod>(args.client, "/api/v1/pods?fieldSelector=spec.nodeName!=", (pod) => kubelet.attend(pod), args.signal);
}

class Kubelet {
    /** Pods that were tried: uid → how often. */
    private readonly attempts = new Map<string, number>();

    constructor(private readonly args: KubeletArgs) {}

    async attend(pod: NodePod): Promise<void> {
        const uid = pod.metadata.uid!;
        if (pod.metadata.deletionTimestamp !== undefined) {
            this.attempts.delete(uid);
            return this.remove(pod);
        }
        if (hasEnded(pod) || isServing(pod) || this.attempts.has(uid)) return;
        await this.start(pod);
    }

    private async start(pod: NodePod): Promise<void> {
        const { client, pull, mountFault } = this.args;
        const uid = pod.metadata.uid!;
        const attempt = (this.attempts.get(uid) ?? 0) + 1;
        this.attempts.set(uid, attempt);
        const started = await startContainers(
            { ...pod, metadata: { ...pod.metadata, uid, resourceVersion: "" } },
            {
                pull,
                mountFault,
                data: (kind, namespace, name) => this.data(`${kind.toLowerCase()}s`, namespace, name),
            },
        );
        const status = podStatus(pod, started);
        await client.patch(`${pathOf(pod)}/status`, { status }, "strategic-merge-patch+json");
        if ([...started.init, ...started.containers].some(isWaiting)) this.tryAgain(pod, attempt);
    }

    private tryAgain(pod: NodePod, attempt: number): void {
        const { client, signal } = this.args;
        const delay = Math.min(firstRetry * 2 ** (attempt - 1), lastRetry);
        void (async () => {
            try {
                await pause(delay, undefined, { signal, ref: false });
                const now = await client.get<NodePod>(pathOf(pod));
                const same = now.metadata.uid === pod.metadata.uid && now.metadata.deletionTimestamp === undefined;
                if (same && !hasEnded(now)) await this.start(now);
            } catch (error) {
                const gone = error instanceof ApiRefused && error.code === 404;
                if (!signal.aborted && !gone) console.error(`${pathOf(pod)}: ${String(error)}`);
            }
        })();
    }

    private async data(
        collection: string,
        namespace: string | undefined,
        name: string,
    ): Promise<Record<string, unknown> | undefined> {
        try {
            const found = await this.args.client.get(`/api/v1/namespaces/${namespace}/${collection}/${name}`);
            return { ...found };
        } catch (error) {
            if (error instanceof ApiRefused && error.code === 404) return undefined;
            throw error;
        }
    }

    /** Nothing has to be waited for: nothing runs in it. */
    private async remove(pod: NodePod): Promise<void> {
        const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
        await this.args.client.delete(pathOf(pod), options);
    }
}

function pathOf({ metadata }: NodePod): string {
    return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

function hasEnded({ status }: NodePod): boolean {
    return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function isServing({ status }: NodePod): boolean {
    return status?.phase === "Running" && (status.containerStatuses ?? []).every(({ ready }) => ready);
}

function isWaiting({ state }: ContainerStatus): boolean {
    return state.waiting !== undefined;
}

/** Milliseconds, as those after it: a real kubelet begins with ten seconds. */
const firstRetry = 2_000;
const lastRetry = 300_000;
