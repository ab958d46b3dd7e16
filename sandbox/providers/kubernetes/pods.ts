import { hex } from "../cloud/endpoints";
import type { KubernetesObject, Objects, Pod } from "../cloud/objects";
import type { Values } from "../double";
import { at, isRecord, merge } from "../values";
import { withLimitRanges } from "./admission";
import type { Kubelet } from "./kubelet";

/** Who keeps a pod. */
export interface PodOwner {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
}

/** The pod that a controller would make from a template; `further` is laid over the template. Nothing is stored. */
export function podFrom(
    objects: Objects,
    namespace: string,
    template: unknown,
    { name, owner, further = {} }: { name: string; owner: PodOwner; further?: Values },
): Pod {
    const { metadata, spec } = merge(isRecord(template) ? template : {}, further) as { metadata?: object; spec: Values };
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
            ...metadata,
            ...{ name, namespace, uid: hex(`${namespace}/${name}/${process.hrtime.bigint()}`, 32), resourceVersion: "1" },
            creationTimestamp: new Date().toISOString(),
            ownerReferences: [{ ...owner, controller: true }],
        },
        spec: withLimitRanges(objects, namespace, spec) as Pod["spec"],
        status: { phase: "Pending", conditions: [{ type: "Ready", status: "False" }], containerStatuses: [] },
    };
}

/** Lets nodes start pods, those again that did not come up. */
export async function startPods(objects: Objects, kubelet: Kubelet, pods: readonly Pod[]): Promise<void> {
    await Promise.all(
        pods.map(async (pod) => {
            const started = await kubelet.start(pod);
            // Somebody may have deleted it meanwhile.
            if (objects.get("Pod", pod.metadata.namespace, pod.metadata.name)?.metadata.uid === pod.metadata.uid) {
                objects.put(started);
            }
        }),
    );
}

/** The pods whose controller an object is. They are named after it. */
export function podsOf(objects: Objects, { metadata: { name, namespace, uid } }: KubernetesObject): Pod[] {
    return objects.list<Pod>("Pod", namespace, `${name}-`).filter((pod) => isOwnedBy(pod, uid));
}

export function isOwnedBy({ metadata }: KubernetesObject, uid: string): boolean {
    return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

/** Kubernetes writes hashes with letters and digits that spell no word. */
export const safe = (digits: string) => [...digits].map((digit) => "bcdfghjklmnpqrst"[Number.parseInt(digit, 16)]).join("");

/** A name that none of the others has: `migrate-8c2fb`. */
export function freeName(prefix: string, others: readonly KubernetesObject[]): string {
    const taken = new Set(others.map(({ metadata }) => metadata.name));
    const candidates = Array.from({ length: taken.size + 1 }, (_, index) => `${prefix}-${safe(hex(`${prefix}/${index}`, 5))}`);
    return candidates.find((name) => !taken.has(name))!;
}

/** What the template of a workload says, as it stands now. */
export function templateOf(object: KubernetesObject): unknown {
    return at(object, "spec.template");
}
