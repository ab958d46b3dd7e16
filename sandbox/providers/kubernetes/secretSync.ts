import type { KubernetesObject } from "../cloud/objects";
import { at, records, text } from "../values";
import { type Place, readClass } from "./secretReads";

/**
 * GKE's own controller: makes the Secret of each SecretSync in a namespace that lacks one. It reads Secret Manager as the account that
 * the SecretSync names; what that one may not read is said in the status, and tried again.
 */
export function syncSecrets(place: Place, namespace: string): void {
    const { objects } = place;
    for (const sync of objects.list("SecretSync", namespace)) {
        if (objects.get("Secret", namespace, sync.metadata.name)) {
            continue;
        }
        const found = secretData(place, sync);
        if (typeof found !== "string") {
            objects.put(secretOf(sync, found));
        }
        const [reason, message] = typeof found === "string" ? ["ProviderError", found] : ["CreateSuccessful", "Secret created."];
        const status = typeof found === "string" ? "False" : "True";
        objects.put({ ...sync, status: { conditions: [{ type: "SecretCreated", status, reason, message }] } });
    }
}

/** Key of the Secret → value, or why there is none. */
function secretData(place: Place, { metadata, spec }: KubernetesObject): Record<string, string> | string {
    const className = text(spec, "secretProviderClassName") ?? "";
    return picked(spec, readClass(place, metadata.namespace, text(spec, "serviceAccountName") ?? "", className));
}

/** Of what was read of a class, what a SecretSync wants, by the keys that it wants it under; or why that is not to be had. */
export function picked(spec: unknown, read: Record<string, string> | string): Record<string, string> | string {
    if (typeof read === "string") {
        return read;
    }
    const className = text(spec, "secretProviderClassName") ?? "";
    const data = records(at(spec, "secretObject.data"));
    const unknown = data.find(({ sourcePath }) => !Object.hasOwn(read, String(sourcePath)));
    return unknown
        ? `${String(unknown.sourcePath)} is no path of SecretProviderClass ${className}`
        : Object.fromEntries(data.map(({ sourcePath, targetKey }) => [String(targetKey), read[String(sourcePath)]]));
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
