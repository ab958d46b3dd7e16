import { permits, rolePermissions } from "./roles";
import type { Store } from "./store";

/** A role that a member has on a resource. */
export interface Binding {
    role: string;
    /** `user:…`, `serviceAccount:…`, `principalSet://…`, `allUsers`. */
    member: string;
    /** Holds only for resources that the expression lets. @default holds for all */
    condition?: { title: string; expression: string };
}

/** IAM policies of resources, as they were really created, and what follows from them. */
export class Iam {
    constructor(private readonly store: Store) {}

    /** The bindings on a resource itself, not those that it inherits. */
    bindings(resourceName: string): Binding[] {
        return this.store.get<Binding[]>(`policies/${resourceName}`) ?? [];
    }

    grant(resourceName: string, role: string, member: string, condition?: Binding["condition"]): void {
        const binding = { role, member, ...(condition ? { condition } : {}) };
        const others = this.bindings(resourceName).filter((other) => !same(other, binding));
        this.store.put(`policies/${resourceName}`, [...others, binding]);
    }

    revoke(resourceName: string, role: string, member: string, condition?: Binding["condition"]): void {
        const left = this.bindings(resourceName).filter((other) => !same(other, { role, member, condition }));
        this.store.put(`policies/${resourceName}`, left);
    }

    allows(member: string, permission: string, resourceName: string): boolean {
        return this.lineage(resourceName).some((ancestor) =>
            this.bindings(ancestor).some(
                (binding) =>
                    concerns(binding.member, member) &&
                    permits(this.permissions(binding.role), permission) &&
                    (!binding.condition || holds(binding.condition.expression, resourceName)),
            ),
        );
    }

    /** What a role lets: a predefined one, or one that was created in a project. */
    permissions(role: string): readonly string[] {
        return rolePermissions(role) ?? this.store.get<{ permissions: string[]; deleted: boolean }>(role)?.permissions ?? [];
    }

    knows(role: string): boolean {
        return rolePermissions(role) !== undefined || this.store.get(role) !== undefined;
    }

    /** The resource and all that it lies in; a bucket lies in its project although its name does not say so. */
    private lineage(resourceName: string): string[] {
        const segments = resourceName.replace(/^projects\/_\/buckets\//, "buckets/").split("/");
        const ancestors = segments.map((_, index) => segments.slice(0, index + 1).join("/")).reverse();
        const project = segments[0] === "buckets" && this.store.get<{ project: string }>(segments.slice(0, 2).join("/"))?.project;
        return project ? [...ancestors, `projects/${project}`] : ancestors;
    }
}

/** Whether the sandbox can judge a condition: whatever it cannot judge must not be granted. */
export function isJudged(expression: string): boolean {
    return conditionPattern.test(expression.trim());
}

const conditionPattern = /^resource\.name(?:\.startsWith\(["']([^"']*)["']\)|\s*==\s*["']([^"']*)["'])$/;

function holds(expression: string, resourceName: string): boolean {
    const [, prefix, exact] = conditionPattern.exec(expression.trim()) ?? [];
    const name = resourceName.replace(/^buckets\//, "projects/_/buckets/");
    return (prefix !== undefined && name.startsWith(prefix)) || (exact !== undefined && name === exact);
}

function concerns(bound: string, member: string): boolean {
    return bound === member || bound === "allUsers" || (bound === "allAuthenticatedUsers" && member !== "allUsers");
}

function same(one: Binding, other: Binding): boolean {
    return one.role === other.role && one.member === other.member && one.condition?.expression === other.condition?.expression;
}
