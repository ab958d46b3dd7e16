/** A kind of objects that an environment's deployer makes, changes and deletes. */
export interface DeployedKind {
    /** API group; empty for the core one. */
    group: string;
    kind: string;
    /** As Kubernetes' access rules name it. */
    resource: string;
}

/** All kinds that come into an environment's namespace with its services, in the order in which they are applied. */
export const deployedKinds: readonly DeployedKind[] = [
    { group: "", kind: "ServiceAccount", resource: "serviceaccounts" },
    { group: "networking.k8s.io", kind: "NetworkPolicy", resource: "networkpolicies" },
    { group: "", kind: "ConfigMap", resource: "configmaps" },
    { group: "secrets-store.csi.x-k8s.io", kind: "SecretProviderClass", resource: "secretproviderclasses" },
    { group: "secret-sync.gke.io", kind: "SecretSync", resource: "secretsyncs" },
    { group: "", kind: "Service", resource: "services" },
    { group: "policy", kind: "PodDisruptionBudget", resource: "poddisruptionbudgets" },
    { group: "apps", kind: "Deployment", resource: "deployments" },
    { group: "apps", kind: "StatefulSet", resource: "statefulsets" },
    { group: "batch", kind: "CronJob", resource: "cronjobs" },
    { group: "batch", kind: "Job", resource: "jobs" },
    { group: "autoscaling", kind: "HorizontalPodAutoscaler", resource: "horizontalpodautoscalers" },
    { group: "gateway.networking.k8s.io", kind: "Gateway", resource: "gateways" },
    { group: "gateway.networking.k8s.io", kind: "HTTPRoute", resource: "httproutes" },
];

/** The row of a kind; nothing where a deployer may not touch it. Versions of an API are one kind. */
export function deployedKind(apiVersion: string, kind: string): DeployedKind | undefined {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    return deployedKinds.find((one) => one.group === group && one.kind === kind);
}
