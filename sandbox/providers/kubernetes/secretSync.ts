import { parse } from "yaml";
import type { Cloud, Cluster } from "../cloud";
import type { KubernetesObject, Objects } from "../cloud/objects";
import { at, records, text } from "../values";

/**
 * GKE's own controller: makes the Secret of each SecretSync in a namespace that lacks one. It reads Secret Manager as the account that
 * the SecretSync names; what that one may not read is said in the status, and tried again.
 */
export function syncSecrets(cloud: Cloud, cluster: Cluster, objects: Objects, namespace: string): void {
    for (const sync of objects.list("SecretSync", namespace)) {
        if (objects.get("Secret", namespace, sync.metadata.name)) {
            continue;
        }
        const found = readSecrets(cloud, cluster, objects, sync);
        if (typeof found !== "string") {
            objects.put(secretOf(sync, found));
        }
        const [reason, message] = typeof found === "string" ? ["ProviderError", found] : ["CreateSuccessful", "Secret created."];
        const status = typeof found === "string" ? "False" : "True";
        objects.put({ ...sync, status: { conditions: [{ type: "SecretCreated", status, reason, message }] } });
    }
}

/** Key of the Secret → value, or why there is none. */
function readSecrets(cloud: Cloud, cluster: Cluster, objects: Objects, sync: KubernetesObject): Record<string, string> | string {
    const { namespace } = sync.metadata;
    const className = text(sync, "spec.secretProviderClassName") ?? "";
    const secretClass = objects.get("SecretProviderClass", namespace, className);
    if (!secretClass) {
        return `SecretProviderClass ${className} not found`;
    }
    const listed = records(parse(text(secretClass, "spec.parameters.secrets") ?? ""));
    const reader = readerOf(cloud, cluster, objects, sync);
    const values: Record<string, string> = {};
    for (const { sourcePath, targetKey } of records(at(sync, "spec.secretObject.data"))) {
        const resource = text(
            listed.find(({ path }) => path === sourcePath),
            "resourceName",
        );
        if (resource === undefined) {
            return `${String(sourcePath)} is no path of SecretProviderClass ${className}`;
        }
        const value = cloud.resource<{ value: string }>(resource)?.value;
        const may = reader.some((member) => cloud.allows(member, "secretmanager.versions.access", resource));
        if (value === undefined || !may) {
            return `rpc error: code = PermissionDenied desc = Permission 'secretmanager.versions.access' denied for resource '${resource}' (or it may not exist).`;
        }
        values[String(targetKey)] = value;
    }
    return values;
}

/** The names by which IAM knows the one who reads: a Kubernetes account has two, a Google account one. */
function readerOf(cloud: Cloud, cluster: Cluster, objects: Objects, { metadata, spec }: KubernetesObject): string[] {
    const [project] = cluster.key.split("/");
    const name = text(spec, "serviceAccountName") ?? "";
    const account = objects.get("ServiceAccount", metadata.namespace, name);
    if (!account) {
        return [];
    }
    const pool = `projects/${cloud.project(project)?.number}/locations/global/workloadIdentityPools/${project}.svc.id.goog`;
    const own = [
        `principal://iam.googleapis.com/${pool}/subject/ns/${metadata.namespace}/sa/${name}`,
        `serviceAccount:${project}.svc.id.goog[${metadata.namespace}/${name}]`,
    ];
    const identity = account.metadata.annotations?.["iam.gke.io/gcp-service-account"];
    if (identity === undefined) {
        return own;
    }
    const home = identity.slice(identity.indexOf("@") + 1).split(".")[0];
    const resource = `projects/${home}/serviceAccounts/${identity}`;
    const actsAs = own.some((member) => cloud.allows(member, "iam.serviceAccounts.getAccessToken", resource));
    return actsAs ? [`serviceAccount:${identity}`] : [];
}

function secretOf({ apiVersion, kind, metadata }: KubernetesObject, values: Record<string, string>): KubernetesObject {
    const { name, namespace, uid, creationTimestamp } = metadata;
    const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
            ...{ name, namespace, uid: `${uid}-secret`, resourceVersion: "1", creationTimestamp },
            ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
        },
        type: "Opaque",
        data: Object.fromEntries(data),
    };
}
