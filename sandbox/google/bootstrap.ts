import { stateBucket, stateKey, stateKeyName, stateKeyRing } from "../../core/settings/state";
import type { Cloud } from "../providers/cloud";

/** Makes what has to be there before a stack is, as the bootstrap does with gcloud: the bucket of its state and its key. */
export function bootstrapStack(cloud: Cloud, place: { project: string; region: string }, stack: string): void {
    const { project, region } = place;
    const bucket = stateBucket(project, stack);
    const key = stateKey(place, stack);
    cloud.store.put(`buckets/${bucket}`, {
        name: bucket,
        project,
        location: region.toUpperCase(),
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        versioning: { enabled: true },
    });
    cloud.store.put(key.split("/cryptoKeys/")[0], { name: stateKeyRing, project, location: region });
    cloud.store.put(key, { name: stateKeyName(stack), purpose: "ENCRYPT_DECRYPT", rotationPeriod: "7776000s" });
}
