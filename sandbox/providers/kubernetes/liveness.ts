import { isReady, type KubernetesObject, type Objects, type Pod } from "../cloud/objects";
import { at, isRecord } from "../values";
import type { Kubelet } from "./kubelet";
import { Rollout } from "./rollout";

/** Waits for objects to come to life, as the real provider does before it calls them made. */
export class Liveness {
    constructor(
        private readonly objects: Objects,
        private readonly kubelet: Kubelet,
        /** How long a rollout may stand still, in milliseconds. */
        private readonly progressDeadline: number,
    ) {}

    /** Why the object did not come to life. Empty where it did, or has no life to come to. */
    async await(object: KubernetesObject): Promise<readonly string[]> {
        if (object.kind === "Deployment") {
            const { complete, reasons } = await new Rollout(this.objects, this.kubelet, object).proceed();
            if (!complete) {
                await pause(this.progressDeadline);
            }
            return reasons;
        }
        return object.kind === "Service" ? this.awaitEndpoints(object) : [];
    }

    /** A Service is live once a ready pod stands behind it, for which the real provider waits ten minutes. */
    private async awaitEndpoints({ metadata, spec }: KubernetesObject): Promise<readonly string[]> {
        const selector = at(spec, "selector");
        if (!isRecord(selector) || at(spec, "type") === "ExternalName") {
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
