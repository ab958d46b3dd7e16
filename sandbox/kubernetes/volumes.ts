import type { ClusterClient, ClusterObject } from "./clusterClient";
import { follow } from "./follow";

/** Makes the storage classes that GKE has, and a volume for each claim of theirs, until told to stop. Nothing is stored in them. */
export async function serveVolumes(client: ClusterClient, signal: AbortSignal): Promise<void> {
    for (const storageClass of storageClasses) {
        await client.createUnlessThere("/apis/storage.k8s.io/v1/storageclasses", storageClass);
    }
    follow<Claim>(client, "/api/v1/persistentvolumeclaims", (claim) => provision(client, claim), signal);
    follow<Volume>(client, "/api/v1/persistentvolumes", (volume) => reclaim(client, volume), signal);
}

interface Claim extends ClusterObject {
    spec: {
        storageClassName?: string;
        volumeName?: string;
        accessModes: string[];
        volumeMode?: string;
        resources: { requests: { storage: string } };
    };
    status?: { phase?: string };
}

interface Volume extends ClusterObject {
    status?: { phase?: string };
}

/** The volume controller says of a claim who is to make its volume; the scheduler says when, by choosing a node. */
async function provision(client: ClusterClient, { metadata, spec }: Claim): Promise<void> {
    const annotations = metadata.annotations ?? {};
    const asked = annotations["volume.kubernetes.io/storage-provisioner"] === provisioner;
    if (!asked || !annotations["volume.kubernetes.io/selected-node"] || spec.volumeName || metadata.deletionTimestamp) return;
    const { name, namespace, uid } = metadata;
    const volume = {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: provisioner } },
        spec: {
            capacity: { storage: spec.resources.requests.storage },
            accessModes: spec.accessModes,
            volumeMode: spec.volumeMode,
            storageClassName: spec.storageClassName,
            persistentVolumeReclaimPolicy: "Delete",
            claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
            // A volume of a CSI driver would first have to be attached, which nobody here could do.
            hostPath: { path: `/sandbox/volumes/pvc-${uid}` },
        },
    };
    await client.createUnlessThere("/api/v1/persistentvolumes", volume);
}

async function reclaim(client: ClusterClient, { metadata, status }: Volume): Promise<void> {
    if (status?.phase !== "Released" || metadata.annotations?.[provisionedBy] !== provisioner) return;
    await client.delete(`/api/v1/persistentvolumes/${metadata.name}`);
}

const provisioner = "pd.csi.storage.gke.io";
const provisionedBy = "pv.kubernetes.io/provisioned-by";

const storageClass = (name: string, type: string, annotations: Readonly<Record<string, string>> = {}) => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations },
    provisioner,
    parameters: { type },
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
});

const storageClasses = [
    storageClass("standard-rwo", "pd-balanced", { "storageclass.kubernetes.io/is-default-class": "true" }),
    storageClass("premium-rwo", "pd-ssd"),
];
