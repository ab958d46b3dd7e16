import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { deployedKinds } from "../core/manifests/deployedKinds";

/** What an {@link EnvironmentNamespace} is made from. */
export interface EnvironmentNamespaceArgs {
    namespace: string;
    /** Name of the Pulumi project, for the label `app.kubernetes.io/part-of`. */
    partOf: string;
    /** User name of who deploys, as the cluster sees it. */
    deployer: pulumi.Input<string>;
    /** User name of who only looks. @default - nobody */
    auditor?: pulumi.Input<string>;
    /** Upper bounds of the namespace, as a ResourceQuota says them. @default {@link defaultQuota} */
    quota?: Record<string, string>;
}

/** An environment's place in a cluster: a namespace that takes restricted pods only, its quota, and who may do what in it. */
export class EnvironmentNamespace extends pulumi.ComponentResource {
    constructor(name: string, args: EnvironmentNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:EnvironmentNamespace", name, {}, opts);
        const { partOf, deployer, auditor, quota = defaultQuota } = args;
        const labels = { "app.kubernetes.io/part-of": partOf, "app.kubernetes.io/managed-by": "oneflow" };

        const created = new k8s.core.v1.Namespace(
            name,
            {
                metadata: {
                    name: args.namespace,
                    labels: {
                        ...labels,
                        "pod-security.kubernetes.io/enforce": "restricted",
                        "pod-security.kubernetes.io/enforce-version": "latest",
                    },
                },
            },
            { parent: this, protect: true },
        );
        const namespace = created.metadata.name;
        new k8s.core.v1.ResourceQuota(
            `${name}-quota`,
            { metadata: { name: "oneflow", namespace, labels }, spec: { hard: quota } },
            { parent: this },
        );

        const grant = (role: string, user: pulumi.Input<string>, rules: typeof deployerRules) => {
            const granted = new k8s.rbac.v1.Role(
                `${name}-${role}`,
                { metadata: { name: `oneflow-${role}`, namespace, labels }, rules },
                { parent: this },
            );
            new k8s.rbac.v1.RoleBinding(
                `${name}-${role}-binding`,
                {
                    metadata: { name: `oneflow-${role}`, namespace, labels },
                    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: granted.metadata.name },
                    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
                },
                { parent: this },
            );
        };
        grant("deployer", deployer, deployerRules);
        if (auditor) {
            grant("auditor", auditor, auditorRules);
        }
        this.registerOutputs({});
    }
}

/** Room for a team of several hundred services; it stops a runaway, it does not plan capacity. */
export const defaultQuota: Record<string, string> = { pods: "2000", "services.loadbalancers": "20" };

const looking = ["get", "list", "watch"];
const changing = [...looking, "create", "update", "patch", "delete"];

/** What a deployer changes, and what it looks at to tell whether a rollout is healthy. No Secret, no RBAC, no exec. */
export const deployerRules = [
    ...[...new Set(deployedKinds.map(({ group }) => group))].map((group) => ({
        apiGroups: [group],
        resources: deployedKinds.filter((kind) => kind.group === group).map(({ resource }) => resource),
        verbs: changing,
    })),
    { apiGroups: ["apps"], resources: ["replicasets", "controllerrevisions"], verbs: looking },
    { apiGroups: [""], resources: ["pods", "events", "endpoints", "persistentvolumeclaims"], verbs: looking },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: looking },
];

const auditorRules = deployerRules.map((rule) => ({ ...rule, verbs: looking }));
