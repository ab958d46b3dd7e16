import { ProviderError, type Values } from "../double";
import { at, text } from "../values";

/** A kind of object that the API server knows. */
export interface Kind {
    apiVersion: string;
    kind: string;
    /** Name in paths and in RBAC rules: `deployments`. */
    resource: string;
    namespaced: boolean;
    /** What a name may look like. @default a DNS-1123 subdomain */
    names?: "dns1123Label" | "dns1035Label" | "path";
    /** Fields besides the name that only a new object can have. @default none */
    immutable?: readonly string[];
    /** Settings of a GKE cluster, one of which brings the kind. @default every cluster has it */
    addOns?: readonly string[];
}

const rbac = "rbac.authorization.k8s.io/v1";
const gateways = "gateway.networking.k8s.io/v1";

export const kinds: readonly Kind[] = [
    { apiVersion: "v1", kind: "Namespace", resource: "namespaces", namespaced: false, names: "dns1123Label" },
    { apiVersion: "v1", kind: "ServiceAccount", resource: "serviceaccounts", namespaced: true },
    {
        apiVersion: "v1",
        kind: "Service",
        resource: "services",
        namespaced: true,
        names: "dns1035Label",
        immutable: ["spec.clusterIP"],
    },
    { apiVersion: "v1", kind: "ConfigMap", resource: "configmaps", namespaced: true },
    { apiVersion: "v1", kind: "Secret", resource: "secrets", namespaced: true, immutable: ["type"] },
    { apiVersion: "v1", kind: "ResourceQuota", resource: "resourcequotas", namespaced: true },
    { apiVersion: "v1", kind: "LimitRange", resource: "limitranges", namespaced: true },
    { apiVersion: "apps/v1", kind: "Deployment", resource: "deployments", namespaced: true, immutable: ["spec.selector"] },
    {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        resource: "statefulsets",
        namespaced: true,
        immutable: ["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
    },
    {
        apiVersion: "batch/v1",
        kind: "Job",
        resource: "jobs",
        namespaced: true,
        immutable: ["spec.completions", "spec.completionMode", "spec.selector", "spec.template"],
    },
    { apiVersion: "batch/v1", kind: "CronJob", resource: "cronjobs", namespaced: true },
    { apiVersion: "policy/v1", kind: "PodDisruptionBudget", resource: "poddisruptionbudgets", namespaced: true },
    { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", resource: "networkpolicies", namespaced: true },
    { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", resource: "horizontalpodautoscalers", namespaced: true },
    {
        apiVersion: "secrets-store.csi.x-k8s.io/v1",
        kind: "SecretProviderClass",
        resource: "secretproviderclasses",
        namespaced: true,
        addOns: ["secretSyncConfig.enabled", "secretManagerConfig.enabled"],
    },
    {
        apiVersion: "secret-sync.gke.io/v1",
        kind: "SecretSync",
        resource: "secretsyncs",
        namespaced: true,
        addOns: ["secretSyncConfig.enabled"],
    },
    { apiVersion: gateways, kind: "Gateway", resource: "gateways", namespaced: true, addOns: ["enableAutopilot"] },
    { apiVersion: gateways, kind: "HTTPRoute", resource: "httproutes", namespaced: true, addOns: ["enableAutopilot"] },
    { apiVersion: rbac, kind: "Role", resource: "roles", namespaced: true, names: "path" },
    { apiVersion: rbac, kind: "RoleBinding", resource: "rolebindings", namespaced: true, names: "path", immutable: ["roleRef"] },
    { apiVersion: rbac, kind: "ClusterRole", resource: "clusterroles", namespaced: false, names: "path" },
    {
        apiVersion: rbac,
        kind: "ClusterRoleBinding",
        resource: "clusterrolebindings",
        namespaced: false,
        names: "path",
        immutable: ["roleRef"],
    },
];

/** The kind of a Pulumi type, `kubernetes:apps/v1:Deployment`. @throws ProviderError where the sandbox does not play it */
export function kindOf(token: string): Kind {
    const [, version, name] = token.split(":");
    const found = kinds.find(({ kind, apiVersion }) => kind === name && apiVersion === version.replace(/^core\//, ""));
    if (!found) {
        throw new ProviderError(
            `the sandbox's Kubernetes has no ${name} (${token}): it plays ${kinds.map(({ kind }) => kind).join(", ")}`,
        );
    }
    return found;
}

/** Whether a GKE cluster, by its resource, knows a group of kinds that not every cluster knows. */
export function isAddedOn(group: string, cluster: Values): boolean {
    const ofGroup = kinds.filter(({ apiVersion }) => groupOf(apiVersion) === group);
    return ofGroup.some(({ addOns = [] }) => addOns.some((addOn) => at(cluster, addOn) === true));
}

/** Group of an API version, empty for the core. */
export function groupOf(apiVersion: string): string {
    return apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
}

/** `deployments.apps`, as errors name a resource. */
export function qualified({ resource, apiVersion }: Kind): string {
    return groupOf(apiVersion) === "" ? resource : `${resource}.${groupOf(apiVersion)}`;
}

export function nameOf(object: Values): string {
    return text(object, "metadata.name") ?? "";
}
