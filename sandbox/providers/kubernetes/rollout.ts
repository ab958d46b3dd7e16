import { canonicalJson } from "../../../core/release/lock";
import { hex } from "../cloud/endpoints";
import { isReady, type KubernetesObject, type Objects, type Pod } from "../cloud/objects";
import { at } from "../values";
import { podRefusal } from "./admission";
import { unreadiness, type Kubelet } from "./kubelet";
import { freeName, podFrom, safe, startPods, templateOf } from "./pods";

/** How far a rollout came. */
export interface RolloutState {
    complete: boolean;
    /** Why not, in the words of Kubernetes. Empty when complete. */
    reasons: readonly string[];
}

/**
 * The Deployment controller: brings pods of the wanted template up and pods of older ones down,
 * never below what the strategy lets, and stops where new pods do not get ready.
 */
export class Rollout {
    private readonly desired: number;
    private readonly surge: number;
    private readonly unavailable: number;
    private readonly replicaSet: string;

    constructor(
        private readonly objects: Objects,
        private readonly kubelet: Kubelet,
        private readonly deployment: KubernetesObject,
    ) {
        const recreate = at(deployment, "spec.strategy.type") === "Recreate";
        this.desired = Number(at(deployment, "spec.replicas") ?? 1);
        this.surge = recreate ? 0 : share(at(deployment, "spec.strategy.rollingUpdate.maxSurge") ?? "25%", this.desired, Math.ceil);
        const unavailable = recreate
            ? this.desired
            : share(at(deployment, "spec.strategy.rollingUpdate.maxUnavailable") ?? "25%", this.desired, Math.floor);
        this.unavailable = this.surge === 0 ? Math.max(1, unavailable) : unavailable;
        this.replicaSet = `${deployment.metadata.name}-${safe(hex(canonicalJson(templateOf(deployment)), 10))}`;
    }

    /** Goes as far as it can. What failed before is tried again. */
    async proceed(): Promise<RolloutState> {
        this.keepReplicaSets();
        let refusal: string | undefined;
        await this.start(this.pods().filter((pod) => this.isNew(pod) && !isReady(pod)));
        for (;;) {
            const removed = this.scaleDown();
            const created: Pod[] = [];
            refusal = undefined;
            while (refusal === undefined && this.missing() > 0) {
                const pod = this.newPod();
                refusal = podRefusal(this.objects, this.namespace, pod);
                if (refusal === undefined) {
                    this.objects.put(pod);
                    created.push(pod);
                }
            }
            await this.start(created);
            if (removed === 0 && created.length === 0) {
                break;
            }
        }
        return this.conclude(refusal);
    }

    private conclude(refusal: string | undefined): RolloutState {
        const pods = this.pods();
        const updated = pods.filter((pod) => this.isNew(pod));
        const available = pods.filter(isReady).length;
        const complete = updated.filter(isReady).length === this.desired && pods.length === updated.length;
        const minimum = available >= this.desired - this.unavailable;
        this.objects.put({
            ...this.objects.get("Deployment", this.namespace, this.deployment.metadata.name)!,
            status: {
                ...{
                    observedGeneration: this.deployment.metadata.generation,
                    replicas: pods.length,
                    updatedReplicas: updated.length,
                },
                ...{
                    readyReplicas: available,
                    availableReplicas: available,
                    unavailableReplicas: Math.max(0, this.desired + (complete ? 0 : 1) - available),
                },
                conditions: [
                    {
                        type: "Available",
                        status: minimum ? "True" : "False",
                        reason: minimum ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                    },
                    {
                        type: "Progressing",
                        status: complete ? "True" : "False",
                        reason: complete ? "NewReplicaSetAvailable" : "ProgressDeadlineExceeded",
                    },
                    ...(refusal === undefined
                        ? []
                        : [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: refusal }]),
                ],
            },
        });
        this.keepReplicaSets();
        const reasons = [
            ...(minimum ? [] : ["[MinimumReplicasUnavailable] Deployment does not have minimum availability."]),
            `[ProgressDeadlineExceeded] ReplicaSet "${this.replicaSet}" has timed out progressing.`,
            ...(refusal === undefined ? [] : [`[FailedCreate] pods "${this.replicaSet}-" is forbidden: ${refusal}`]),
            ...updated.filter((pod) => !isReady(pod)).map(unreadiness),
            ...(pods.length > updated.length ? [`${pods.length - updated.length} of the ReplicaSets before still serve`] : []),
        ];
        return { complete, reasons: complete ? [] : reasons };
    }

    /** Takes pods away that are too many: first those that never got ready, then old ones for which there is another. */
    private scaleDown(): number {
        const pods = this.pods();
        const old = pods.filter((pod) => !this.isNew(pod));
        const surplus = pods
            .filter((pod) => this.isNew(pod))
            .sort((one, other) => Number(isReady(one)) - Number(isReady(other)))
            .slice(0, Math.max(0, pods.length - old.length - this.desired));
        const spare = Math.max(0, pods.filter(isReady).length - surplus.filter(isReady).length - (this.desired - this.unavailable));
        const gone = [...surplus, ...old.filter((pod) => !isReady(pod)), ...old.filter(isReady).slice(0, spare)];
        gone.forEach((pod) => this.objects.delete(pod));
        return gone.length;
    }

    /** How many pods of the wanted template may come now. */
    private missing(): number {
        const pods = this.pods();
        const updated = pods.filter((pod) => this.isNew(pod)).length;
        return Math.min(this.desired - updated, this.desired + this.surge - pods.length);
    }

    private async start(pods: readonly Pod[]): Promise<void> {
        await startPods(this.objects, this.kubelet, pods);
    }

    private newPod(): Pod {
        return podFrom(this.objects, this.namespace, templateOf(this.deployment), {
            name: freeName(this.replicaSet, this.pods()),
            owner: { apiVersion: "apps/v1", kind: "ReplicaSet", name: this.replicaSet, uid: hex(this.replicaSet, 32) },
        });
    }

    private keepReplicaSets(): void {
        const { name, uid, namespace } = this.deployment.metadata;
        const sets = new Set([this.replicaSet, ...replicaSets(this.objects, this.deployment).map(({ metadata }) => metadata.name)]);
        for (const set of sets) {
            const pods = this.objects.list<Pod>("Pod", namespace, `${set}-`);
            this.objects.put({
                apiVersion: "apps/v1",
                kind: "ReplicaSet",
                metadata: {
                    ...{
                        name: set,
                        namespace,
                        uid: hex(set, 32),
                        resourceVersion: "1",
                        creationTimestamp: this.deployment.metadata.creationTimestamp,
                    },
                    ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true }],
                },
                status: { replicas: pods.length, readyReplicas: pods.filter(isReady).length },
            });
        }
    }

    private pods(): Pod[] {
        return deploymentPods(this.objects, this.deployment);
    }

    private isNew({ metadata }: Pod): boolean {
        return metadata.ownerReferences?.[0].name === this.replicaSet;
    }

    private get namespace(): string {
        return this.deployment.metadata.namespace!;
    }
}

/** The ReplicaSets of a Deployment, those without pods included. */
function replicaSets(objects: Objects, { metadata }: KubernetesObject): KubernetesObject[] {
    const named = objects.list("ReplicaSet", metadata.namespace, `${metadata.name}-`);
    return named.filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
}

/** The pods of all ReplicaSets of a Deployment. */
function deploymentPods(objects: Objects, deployment: KubernetesObject): Pod[] {
    const sets = new Set(replicaSets(objects, deployment).map(({ metadata }) => metadata.name));
    const named = objects.list<Pod>("Pod", deployment.metadata.namespace, `${deployment.metadata.name}-`);
    return named.filter(({ metadata }) => sets.has(metadata.ownerReferences?.[0].name ?? ""));
}

/** A number, or a percentage of one. */
function share(value: unknown, of: number, round: (value: number) => number): number {
    return typeof value === "string" && value.endsWith("%") ? round((Number(value.slice(0, -1)) * of) / 100) : Number(value);
}
