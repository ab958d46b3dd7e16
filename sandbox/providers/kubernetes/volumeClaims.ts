import { hex } from "../cloud/endpoints";
import type { KubernetesObject, Objects } from "../cloud/objects";
import type { Values } from "../double";
import { at, records, text } from "../values";

/** Makes the claims that a pod of a StatefulSet lacks, each with a volume, and says how the pod names them. */
export function claimVolumes(objects: Objects, set: KubernetesObject, pod: string): Values[] {
    return records(at(set, "spec.volumeClaimTemplates")).map((template) => {
        const volume = text(template, "metadata.name") ?? "";
        const claimName = `${volume}-${pod}`;
        if (!objects.get("PersistentVolumeClaim", set.metadata.namespace, claimName)) {
            bind(objects, set, template, claimName);
        }
        return { name: volume, persistentVolumeClaim: { claimName } };
    });
}

/** Takes away the claims of a StatefulSet's pod where the set says so, and their volumes. By default they stay. */
export function releaseVolumes(objects: Objects, set: KubernetesObject, pod: string, when: "whenDeleted" | "whenScaled"): void {
    if (at(set, `spec.persistentVolumeClaimRetentionPolicy.${when}`) !== "Delete") {
        return;
    }
    for (const template of records(at(set, "spec.volumeClaimTemplates"))) {
        const name = `${text(template, "metadata.name")}-${pod}`;
        const claim = objects.get("PersistentVolumeClaim", set.metadata.namespace, name);
        const volume = objects.get("PersistentVolume", undefined, text(claim, "spec.volumeName") ?? "");
        [claim, volume].forEach((object) => object && objects.delete(object));
    }
}

/** The provisioner's work: nothing is stored in a volume. */
function bind(objects: Objects, set: KubernetesObject, template: Values, name: string): void {
    const { namespace, labels } = set.metadata;
    const spec = (template.spec ?? {}) as Values;
    const uid = hex(`${namespace}/${name}/${process.hrtime.bigint()}`, 32);
    const creationTimestamp = new Date().toISOString();
    const storageClassName = text(spec, "storageClassName") ?? "standard-rwo";
    const volumeName = `pvc-${uid}`;
    const capacity = { storage: at(spec, "resources.requests.storage") };
    objects.put({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: volumeName, uid: hex(volumeName, 32), resourceVersion: "1", creationTimestamp },
        spec: {
            capacity,
            accessModes: spec.accessModes,
            storageClassName,
            claimRef: { kind: "PersistentVolumeClaim", namespace, name, uid },
        },
        status: { phase: "Bound" },
    });
    objects.put({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name, namespace, labels, uid, resourceVersion: "1", creationTimestamp },
        spec: { ...spec, storageClassName, volumeName },
        status: { phase: "Bound", capacity },
    });
}
