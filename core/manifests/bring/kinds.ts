import type { Problem } from "../../refusal";
import { deployedKind, deployedKinds } from "../deployedKinds";
import { type SourceObject, textAt } from "../import/objects";
import { problemIn } from "./problem";

/** Refuses objects of kinds that the environment's deployer may not touch. */
export function refuseKinds(sources: readonly SourceObject[]): Problem[] {
    return sources.flatMap((source) => {
        const { kind, name } = source;
        const apiVersion = textAt(source.value, "apiVersion") ?? "";
        if (!deployedKind(apiVersion, kind)) {
            const reason = Object.hasOwn(reasons, kind) ? reasons[kind] : undefined;
            const message = `the deployer may not touch ${apiVersion} ${kind}; expected ${kinds}`;
            return [
                problemIn(source, [], ...(reason ?? ([message, "delete it here, and let an administrator apply it"] as const))),
            ];
        }
        if (everyNamespaces.includes(`${kind}/${name}`)) {
            return [problemIn(source, [], `every namespace has a ${kind} of that name by itself`, "choose another name")];
        }
        return [];
    });
}

const kinds = deployedKinds.map(({ kind }) => kind).join(", ");

const everyNamespaces = ["ServiceAccount/default", "ConfigMap/kube-root-ca.crt", "Service/kubernetes"];

const clusters = [
    "belongs to the whole cluster, and a deployer has rights in its environment's namespace alone",
    "delete it here, and let an administrator apply it",
] as const;
const rights = [
    "gives rights, and a deployer that could give them could take any",
    "delete it here, and let an administrator apply it",
] as const;

/** Why the kind is refused, and what to do instead. */
const reasons: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
    Secret: [
        "a Secret never comes from files; the manifests may name one that is in the namespace (secretKeyRef, secretName)",
        "delete it here, and put it into each environment's namespace: kubectl create secret",
    ],
    Role: rights,
    RoleBinding: rights,
    ClusterRole: rights,
    ClusterRoleBinding: rights,
    Namespace: ["the platform stack makes each environment's namespace", "delete it here"],
    ResourceQuota: ["the platform stack sets the namespace's quota", "delete it here"],
    LimitRange: ["the platform stack sets the namespace's bounds", "delete it here"],
    CustomResourceDefinition: clusters,
    PersistentVolume: clusters,
    StorageClass: clusters,
    PriorityClass: clusters,
    IngressClass: clusters,
    GatewayClass: clusters,
    ValidatingWebhookConfiguration: clusters,
    MutatingWebhookConfiguration: clusters,
    DaemonSet: [
        "runs on every node, and nodes are the cluster's, shared with other environments' pods",
        "write a Deployment, or let an administrator apply it",
    ],
    Pod: ["nobody replaces a bare Pod when its node goes, or when its image changes", "write a Deployment or a Job"],
    ReplicaSet: ["a bare ReplicaSet does not roll out a changed image", "write a Deployment"],
    ReplicationController: ["it does not roll out a changed image", "write a Deployment"],
    PersistentVolumeClaim: [
        "a deployer that could delete it could delete data",
        "write volumeClaimTemplates in a StatefulSet, or let an administrator apply it",
    ],
    Ingress: ["traffic from outside comes by HTTPRoute or a Service of type LoadBalancer", "write an HTTPRoute"],
};
