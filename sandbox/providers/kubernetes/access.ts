import type { Cloud, Cluster } from "../cloud";
import { allowedByIam, clusterUser, isClusterAdmin } from "../cloud/clusterIam";
import type { KubernetesObject, Objects } from "../cloud/objects";
import { ProviderError } from "../double";
import { records } from "../values";
import { groupOf, qualified, type Kind } from "./kinds";

/** What the API server answers 403 to because of who asks. */
export class Forbidden extends ProviderError {}

export type Verb = "get" | "create" | "patch" | "delete";

/** Who asks, and what the cluster's admins, the cloud's IAM and the cluster's own RBAC let them do. */
export class Access {
    constructor(
        private readonly cloud: Cloud,
        private readonly cluster: Cluster,
        private readonly objects: Objects,
        /** IAM member. */
        readonly member: string,
    ) {}

    /** Name that the API server knows the member by. */
    get user(): string {
        return clusterUser(this.member);
    }

    /** @throws Forbidden in the API server's words */
    require(verb: Verb, kind: Kind, namespace: string | undefined, name: string): void {
        if (!this.allows(verb, kind, namespace, name)) {
            const where = namespace === undefined ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
            throw new Forbidden(
                `${qualified(kind)} ${JSON.stringify(name)} is forbidden: User ${JSON.stringify(this.user)} cannot ${verb} resource ` +
                    `${JSON.stringify(kind.resource)} in API group ${JSON.stringify(groupOf(kind.apiVersion))} ${where}`,
            );
        }
    }

    allows(verb: Verb, kind: Kind, namespace: string | undefined, name: string): boolean {
        return (
            allowedByIam(this.cloud, this.cluster, this.member, { verb, resource: kind.resource }) ||
            this.allowedByRbac(verb, groupOf(kind.apiVersion), kind.resource, namespace, name)
        );
    }

    /** Nobody gives rights that they do not have. @throws ProviderError */
    requireNoEscalation(object: KubernetesObject): void {
        if (
            isClusterAdmin(this.cloud, this.cluster, this.member) ||
            !["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"].includes(object.kind)
        ) {
            return;
        }
        const namespace = object.metadata.namespace;
        const rules = object.kind.endsWith("Binding") ? this.rulesOf(object) : records(object.rules);
        const lacking = rules.flatMap((rule) =>
            strings(rule.resources).flatMap((resource) =>
                strings(rule.apiGroups).flatMap((group) =>
                    strings(rule.verbs)
                        .filter((verb) => !this.allowedByRbac(verb, group, resource, namespace, ""))
                        .map((verb) => `${verb} ${resource}.${group}`),
                ),
            ),
        );
        if (lacking.length > 0) {
            throw new ProviderError(
                `${object.kind.toLowerCase()}s.rbac.authorization.k8s.io ${JSON.stringify(object.metadata.name)} is forbidden: user ${JSON.stringify(this.user)} ` +
                    `is attempting to grant RBAC permissions not currently held: ${lacking.join(", ")}`,
            );
        }
    }

    private allowedByRbac(verb: string, group: string, resource: string, namespace: string | undefined, name: string): boolean {
        const bindings = [
            ...this.objects.list("ClusterRoleBinding"),
            ...(namespace === undefined ? [] : this.objects.list("RoleBinding", namespace)),
        ];
        return bindings
            .filter(({ subjects }) => records(subjects).some((subject) => this.isSubject(subject)))
            .flatMap((binding) => this.rulesOf(binding))
            .some(
                (rule) =>
                    has(rule.verbs, verb) &&
                    has(rule.apiGroups, group) &&
                    has(rule.resources, resource) &&
                    (rule.resourceNames === undefined || (verb !== "create" && strings(rule.resourceNames).includes(name))),
            );
    }

    private rulesOf({ roleRef, metadata }: KubernetesObject): Record<string, unknown>[] {
        const { kind, name } = roleRef as { kind: string; name: string };
        return records(this.objects.get(kind, kind === "Role" ? metadata.namespace : undefined, name)?.rules);
    }

    private isSubject({ kind, name }: Record<string, unknown>): boolean {
        return (kind === "User" && name === this.user) || (kind === "Group" && name === "system:authenticated");
    }
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const has = (values: unknown, value: string): boolean => strings(values).some((one) => one === "*" || one === value);
