import { isReady, type KubernetesObject, type Objects, type Pod } from "../cloud/objects";
import { at, isRecord } from "../values";
import { JobRun } from "./job";
import type { Kubelet } from "./kubelet";
import { Rollout } from "./rollout";
import { StatefulRollout } from "./statefulSet";

/** How a wait for an object ended. */
export interface Life {
    /** Why it is not alive. Empty: it is. */
    reasons: readonly string[];
    /** It will not come to life any more, however long somebody waits. */
    failed: boolean;
}

/** Waits for objects to come to life, as the real provider does before it calls them made. */
export class Liveness {
    constructor(
        private readonly objects: Objects,
        private readonly kubelet: Kubelet,
        /** How long a rollout may stand still, in milliseconds. */
        private readonly progressDeadline: number,
    ) {}

    /** Whether the object came to life. One that has no life to come to did. */
    async await(object: KubernetesObject): Promise<Life> {
        switch (object.kind) {
            case "Deployment":
                return this.roll(new Rollout(this.objects, this.kubelet, object));
            case "StatefulSet":
                return this.roll(new StatefulRollout(this.objects, this.kubelet, object));
            case "Job":
                return this.end(await new JobRun(this.objects, this.kubelet, object).proceed());
            case "Service":
                return { reasons: await this.awaitEndpoints(object), failed: false };
            default:
                return { reasons: [], failed: false };
        }
    }

    private async roll(rollout: Rollout | StatefulRollout): Promise<Life> {
        const { reasons } = await rollout.proceed();
        return this.end({ reasons, failed: false });
    }

    /** What stands still may go on for a while; what has failed is told at once. */
    private async end(life: Life): Promise<Life> {
        if (life.reasons.length > 0 && !life.failed) {
            await pause(this.progressDeadline);
        }
        return life;
    }

    /** A Service is live once a ready pod stands behind it, for which the real provider waits ten minutes. */
    private async awaitEndpoints({ metadata, spec }: KubernetesObject): Promise<readonly string[]> {
        const selector = at(spec, "selector");
        if (!isRecord(selector) || at(spec, "type") === "ExternalName" || at(spec, "clusterIP") === "None") {
            return [];
        }
        const matches = ({ metadata }: Pod) => Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value);
        const served = () => this.objects.list<Pod>("Pod", metadata.namespace).some((pod) => matches(pod) && isReady(pod));
        const deadline = Date.now() + 10 * this.progressDeadline;
        while (!served()) {
            if (Date.now() > deadline) {
                return [
                    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
                ];
            }
            await pause(20);
        }
        return [];
    }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
