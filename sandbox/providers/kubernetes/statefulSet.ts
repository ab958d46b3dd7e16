import { canonicalJson } from "../../../core/release/lock";
import { hex } from "../cloud/endpoints";
import { isReady, type KubernetesObject, type Objects, type Pod } from "../cloud/objects";
import { at, text } from "../values";
import { podRefusal } from "./admission";
import { unreadiness, type Kubelet } from "./kubelet";
import { podFrom, podsOf, safe, startPods, templateOf } from "./pods";
import type { RolloutState } from "./rollout";
import { claimVolumes, releaseVolumes } from "./volumeClaims";

/**
 * The StatefulSet controller: pods with numbers and volumes of their own, brought up from the first on and replaced from the last on,
 * one after the other. An ordered set goes no further than a pod that is not ready, not even back: somebody has to delete that pod.
 */
export class StatefulRollout {
    private readonly desired: number;
    private readonly isOrdered: boolean;
    private readonly revision: string;
    private refusal?: string;

    constructor(
        private readonly objects: Objects,
        private readonly kubelet: Kubelet,
        private readonly set: KubernetesObject,
    ) {
        this.desired = Number(at(set, "spec.replicas") ?? 1);
        this.isOrdered = at(set, "spec.podManagementPolicy") !== "Parallel";
        this.revision = `${set.metadata.name}-${safe(hex(canonicalJson(templateOf(set)), 10))}`;
    }

    /** Goes as far as it can. What failed before is tried again. */
    async proceed(): Promise<RolloutState> {
        const isUp = await this.bringUp();
        if (isUp || !this.isOrdered) {
            this.scaleDown();
            await this.replace();
        }
        return this.conclude();
    }

    /** Sees to it that every number has its pod. */
    private async bringUp(): Promise<boolean> {
        for (const number of this.numbers()) {
            const pod = this.pod(number) ?? this.make(number);
            if (pod && !isReady(pod)) {
                await startPods(this.objects, this.kubelet, [pod]);
            }
            if (this.isOrdered && !this.isUp(number)) {
                return false;
            }
        }
        return this.numbers().every((number) => this.isUp(number));
    }

    /** Takes away the pods whose numbers are too high, the highest first. */
    private scaleDown(): void {
        for (const pod of this.pods().filter((one) => numberOf(one) >= this.desired)) {
            this.objects.delete(pod);
            releaseVolumes(this.objects, this.set, pod.metadata.name, "whenScaled");
        }
    }

    /** Replaces pods of older templates, the highest number first, and no further than one that does not get ready. */
    private async replace(): Promise<void> {
        if (at(this.set, "spec.updateStrategy.type") === "OnDelete") {
            return;
        }
        const partition = Number(at(this.set, "spec.updateStrategy.rollingUpdate.partition") ?? 0);
        for (const number of this.numbers()
            .reverse()
            .filter((one) => one >= partition)) {
            const pod = this.pod(number);
            if (pod && !this.isNew(pod)) {
                this.objects.delete(pod);
                const made = this.make(number);
                await startPods(this.objects, this.kubelet, made ? [made] : []);
            }
            if (!this.isUp(number)) {
                return;
            }
        }
    }

    private make(number: number): Pod | undefined {
        const { apiVersion, kind, metadata } = this.set;
        const name = `${metadata.name}-${number}`;
        const volumes = claimVolumes(this.objects, this.set, name);
        const own = at(templateOf(this.set), "spec.volumes");
        const labels = {
            "apps.kubernetes.io/pod-index": String(number),
            "controller-revision-hash": this.revision,
            "statefulset.kubernetes.io/pod-name": name,
        };
        const pod = podFrom(this.objects, metadata.namespace!, templateOf(this.set), {
            name,
            owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid },
            further: {
                metadata: { labels },
                spec: {
                    hostname: name,
                    subdomain: text(this.set, "spec.serviceName"),
                    volumes: [...((own ?? []) as []), ...volumes],
                },
            },
        });
        this.refusal = podRefusal(this.objects, metadata.namespace!, pod);
        if (this.refusal !== undefined) {
            return undefined;
        }
        this.objects.put(pod);
        return pod;
    }

    private conclude(): RolloutState {
        const pods = this.pods();
        const updated = pods.filter((pod) => this.isNew(pod));
        const ready = pods.filter(isReady).length;
        const isByHand = at(this.set, "spec.updateStrategy.type") === "OnDelete";
        const isAtRevision = isByHand || updated.length === pods.length;
        const complete = isAtRevision && pods.length === this.desired && ready === this.desired;
        const from = text(this.set, "status.currentRevision") ?? this.revision;
        const current = complete ? this.revision : from;
        this.objects.put({
            ...this.objects.get("StatefulSet", this.set.metadata.namespace, this.set.metadata.name)!,
            status: {
                ...{ observedGeneration: this.set.metadata.generation, replicas: pods.length, readyReplicas: ready },
                ...{ availableReplicas: ready, updatedReplicas: updated.length, updateRevision: this.revision },
                currentRevision: current,
                currentReplicas: pods.filter((pod) => revisionOf(pod) === current).length,
            },
        });
        const succeeded = from === this.revision ? ready : Math.min(ready, updated.length);
        const reasons = [
            `${succeeded} out of ${this.desired} replicas succeeded readiness checks`,
            ...(from === this.revision
                ? []
                : [`StatefulSet controller failed to advance from revision "${from}" to revision "${this.revision}"`]),
            ...(this.refusal === undefined
                ? []
                : [
                      `[FailedCreate] create Pod in StatefulSet ${this.set.metadata.name} failed error: pods is forbidden: ${this.refusal}`,
                  ]),
            ...pods.filter((pod) => !isReady(pod)).map(unreadiness),
        ];
        return { complete, reasons: complete ? [] : reasons };
    }

    private isUp(number: number): boolean {
        const pod = this.pod(number);
        return pod !== undefined && isReady(pod);
    }

    private isNew(pod: Pod): boolean {
        return revisionOf(pod) === this.revision;
    }

    private pod(number: number): Pod | undefined {
        return this.pods().find((pod) => numberOf(pod) === number);
    }

    /** The highest number first. */
    private pods(): Pod[] {
        return podsOf(this.objects, this.set).sort((one, other) => numberOf(other) - numberOf(one));
    }

    private numbers(): number[] {
        return Array.from({ length: this.desired }, (_, number) => number);
    }
}

function numberOf({ metadata }: Pod): number {
    return Number(metadata.labels?.["apps.kubernetes.io/pod-index"]);
}

function revisionOf({ metadata }: Pod): string | undefined {
    return metadata.labels?.["controller-revision-hash"];
}
