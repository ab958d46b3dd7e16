import type { Cloud, Cluster } from "../cloud";
import { at } from "../values";

/** What somebody wants of an API server. */
export interface ClusterAction {
    /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or another one of RBAC. */
    verb: string;
    /** As in paths and RBAC rules: `deployments`. */
    resource: string;
    /** `status`, `log`. @default - the object itself */
    subresource?: string;
}

/** Whether the cloud's IAM alone lets a member do something in a cluster. What the cluster's own RBAC lets comes beside it. */
export function allowedByIam(cloud: Cloud, cluster: Cluster, member: string, action: ClusterAction): boolean {
    return isClusterAdmin(cloud, cluster, member) || hasPermission(cloud, cluster, member, clusterPermission(action));
}

/** Whether a member may do everything in a cluster, give rights that they do not have included. */
export function isClusterAdmin(cloud: Cloud, cluster: Cluster, member: string): boolean {
    return cluster.admins.includes(member) || hasPermission(cloud, cluster, member, "container.clusterRoles.escalate");
}

/** IAM permission that stands for an action: `container.deployments.update`. */
export function clusterPermission({ verb, resource, subresource }: ClusterAction): string {
    const kind = camelCase.get(resource) ?? resource;
    if (subresource === "log") return `container.${kind}.getLogs`;
    const action = iamVerbs.get(verb) ?? verb;
    return `container.${kind}.${action}${subresource === "status" ? "Status" : ""}`;
}

/** Why a member does not even get through to a cluster's API server, in the words of its DNS endpoint. Nothing where they do. */
export function connectionRefusal(cloud: Cloud, { resource, server }: Cluster, member: string): string | undefined {
    if (resource === undefined) return undefined;
    if (at(cloud.resource(resource), "controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic") !== true) {
        return `${server}: dial tcp: i/o timeout (the cluster's DNS endpoint admits no external traffic)`;
    }
    return cloud.allows(member, "container.clusters.connect", resource)
        ? undefined
        : `${server}: 403 Forbidden: Permission 'container.clusters.connect' denied on resource '${resource}' (or it may not exist)`;
}

/** Name that the API server knows a member by. */
export function clusterUser(member: string): string {
    return member.replace(/^(?:user|serviceAccount):/, "");
}

function hasPermission(cloud: Cloud, { resource }: Cluster, member: string, permission: string): boolean {
    return resource !== undefined && cloud.allows(member, permission, resource);
}

const iamVerbs = new Map([
    ["watch", "list"],
    ["patch", "update"],
    ["deletecollection", "delete"],
]);

/** Resources of more than one word: IAM writes them as no path does. */
const camelCase = new Map(
    [
        ...["clusterRoleBindings", "clusterRoles", "configMaps", "controllerRevisions", "cronJobs", "customResourceDefinitions"],
        ...["daemonSets", "endpointSlices", "horizontalPodAutoscalers", "limitRanges", "networkPolicies", "persistentVolumeClaims"],
        ...[
            "persistentVolumes",
            "podDisruptionBudgets",
            "podTemplates",
            "priorityClasses",
            "replicaSets",
            "replicationControllers",
        ],
        ...["resourceQuotas", "roleBindings", "serviceAccounts", "statefulSets", "storageClasses", "volumeAttachments"],
    ].map((name) => [name.toLowerCase(), name]),
);
