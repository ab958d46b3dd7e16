import type { Values } from "../double";
import { at, text } from "../values";

/**
 * Fields of a kind that the provider never changes in an object: another value is another object. Stricter than the API
 * server's own rules where the provider is, as with the content of ConfigMaps and Secrets.
 */
export function replacementFields({ apiVersion, kind }: { apiVersion: string; kind: string }): readonly string[] {
    return [...identity, ...(fields[`${apiVersion}/${kind}`] ?? [])];
}

/**
 * Whether the object in the way has to go before its replacement can come: they have one name, which the program gave.
 * A name that was generated is generated anew.
 */
export function isInTheWay(oldInputs: Values, inputs: Values): boolean {
    const place = (object: Values) => [text(object, "metadata.namespace"), text(object, "metadata.name")].join("/");
    const annotations = (at(inputs, "metadata.annotations") ?? {}) as Values;
    return annotations["pulumi.com/autonamed"] !== "true" && place(oldInputs) === place(inputs);
}

const identity = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

const fields: Readonly<Record<string, readonly string[]>> = {
    "v1/ConfigMap": ["data", "binaryData"],
    "v1/Secret": ["type", "data", "stringData"],
    "v1/Service": ["spec.clusterIP"],
    "v1/ResourceQuota": ["spec.scopes"],
    "v1/Pod": ["spec"],
    "v1/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
    "apps/v1/Deployment": ["spec.selector"],
    "apps/v1/DaemonSet": ["spec.selector"],
    "apps/v1/StatefulSet": [
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ],
    "batch/v1/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
    "rbac.authorization.k8s.io/v1/RoleBinding": ["roleRef"],
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": ["roleRef"],
    "storage.k8s.io/v1/StorageClass": ["parameters", "provisioner"],
};
