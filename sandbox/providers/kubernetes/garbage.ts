import type { KubernetesObject, Objects } from "../cloud/objects";
import { isOwnedBy } from "./pods";

/** Takes away all that an object owns, and what that owns: the garbage collector. */
export function collectOwned(objects: Objects, owner: KubernetesObject): void {
    const { name, namespace, uid } = owner.metadata;
    for (const kind of owned[owner.kind] ?? []) {
        for (const object of objects.list(kind, namespace, name).filter((one) => isOwnedBy(one, uid))) {
            collectOwned(objects, object);
            objects.delete(object);
        }
    }
}

/** Kinds that are made for an object of a kind, and named after it. */
const owned: Readonly<Record<string, readonly string[]>> = {
    Deployment: ["ReplicaSet"],
    ReplicaSet: ["Pod"],
    StatefulSet: ["Pod"],
    CronJob: ["Job"],
    Job: ["Pod"],
    SecretSync: ["Secret"],
};
