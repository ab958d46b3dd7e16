import { setTimeout as pause } from "node:timers/promises";
import { ApiRefused, type ClusterClient, type ClusterObject } from "../kubernetes/clusterClient";
import { follow } from "../kubernetes/follow";
import type { Cloud, Cluster } from "../providers/cloud";
import { readFound } from "../providers/kubernetes/secretReads";
import { picked } from "../providers/kubernetes/secretSync";
import { at, text } from "../providers/values";

/** A cluster of the simulated cloud with the real Kubernetes behind it. */
export interface RealPlace {
    cloud: Cloud;
    /** The cluster as its resource says it at this moment. */
    cluster(): Cluster;
    client: ClusterClient;
}

/** GKE's controller that makes the Secret of each SecretSync, until told to stop. What may not be read yet is tried again. */
export function serveSecretSyncs(place: RealPlace, signal: AbortSignal): void {
    follow<SecretSync>(place.client, collection, (sync) => syncSecret(place, sync, signal), signal);
}

/** GKE's driver for folders: why it mounts nothing of a class for an account. Nothing where it does. */
export function mountFaults(place: RealPlace) {
    return async (namespace: string | undefined, account: string, className: string): Promise<string | undefined> => {
        const { resource } = place.cluster();
        if (resource === undefined || at(place.cloud.resource(resource), "secretManagerConfig.enabled") !== true) {
            return "driver name secrets-store-gke.csi.k8s.io not found in the list of registered CSI drivers";
        }
        const read = await readAs(place, namespace, account, className);
        return typeof read === "string" ? read : undefined;
    };
}

interface SecretSync extends ClusterObject {
    spec: unknown;
    status?: { conditions?: { message: string }[] };
}

async function syncSecret(place: RealPlace, sync: SecretSync, signal: AbortSignal): Promise<void> {
    const { client } = place;
    const { name, namespace } = sync.metadata;
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    if (await found(client, `${secrets}/${name}`)) return;
    const account = text(sync.spec, "serviceAccountName") ?? "";
    const className = text(sync.spec, "secretProviderClassName") ?? "";
    const data = picked(sync.spec, await readAs(place, namespace, account, className));
    const said = sync.status?.conditions?.[0].message;
    if (typeof data === "string") {
        if (said !== data) return say(client, sync, { status: "False", reason: "ProviderError", message: data });
        await pause(retryMilliseconds, undefined, { signal, ref: false });
        return syncSecret(place, await client.get<SecretSync>(`${pathOf(sync)}`), signal);
    }
    await client.createUnlessThere(secrets, secretOf(sync, data));
    await say(client, sync, { status: "True", reason: "CreateSuccessful", message: "Secret created." });
}

/** Its own change brings the object back to be looked at once more. */
async function say(client: ClusterClient, sync: SecretSync, said: object): Promise<void> {
    const condition = { type: "SecretCreated", ...said, lastTransitionTime: new Date().toISOString() };
    await client.patch(`${pathOf(sync)}/status`, { status: { conditions: [condition] } }, "merge-patch+json");
}

async function readAs({ cloud, cluster, client }: RealPlace, namespace: string | undefined, account: string, className: string) {
    const base = `namespaces/${namespace}`;
    const secretClass = await found(client, `/apis/secrets-store.csi.x-k8s.io/v1/${base}/secretproviderclasses/${className}`);
    const serviceAccount = await found(client, `/api/v1/${base}/serviceaccounts/${account}`);
    return readFound({ cloud, cluster: cluster() }, { secretClass, className, account: serviceAccount });
}

async function found(client: ClusterClient, path: string): Promise<ClusterObject | undefined> {
    try {
        return await client.get(path);
    } catch (error) {
        if (error instanceof ApiRefused && error.code === 404) return undefined;
        throw error;
    }
}

function secretOf({ apiVersion, kind, metadata: { name, uid } }: SecretSync, data: Readonly<Record<string, string>>) {
    const ownerReferences = [{ apiVersion, kind, name, uid, controller: true }];
    return { apiVersion: "v1", kind: "Secret", metadata: { name, ownerReferences }, type: "Opaque", stringData: data };
}

function pathOf({ metadata }: SecretSync): string {
    return `${api}/namespaces/${metadata.namespace}/secretsyncs/${metadata.name}`;
}

const api = "/apis/secret-sync.gke.io/v1";
const collection = `${api}/secretsyncs`;
const retryMilliseconds = 2_000;
