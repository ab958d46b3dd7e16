import type { LiveObject } from "./observed";

/** Which fields of an object somebody set, as `metadata.managedFields` says it. */
export interface ManagedFields {
    manager: string;
    operation: "Apply" | "Update";
    apiVersion: string;
    time?: string;
    fieldsType: "FieldsV1";
    fieldsV1: FieldSet;
    subresource?: string;
}

interface FieldSet {
    [field: string]: FieldSet;
}

export function managedFields({ metadata }: LiveObject): readonly ManagedFields[] {
    return (metadata as { managedFields?: ManagedFields[] }).managedFields ?? [];
}

/** Whether the provider set fields when it made an object. */
export function isProviders({ manager, operation }: ManagedFields): boolean {
    return manager.startsWith("pulumi-kubernetes") && operation === "Update";
}

/**
 * The fields with those handed to a manager that the provider made without it, and those that people set with kubectl.
 * Nothing where there are none. As in the real provider, controllers and other appliers keep theirs.
 */
export function handedOver(managed: readonly ManagedFields[], manager: string): ManagedFields[] | undefined {
    const taken = managed.filter(isTaken);
    if (taken.length === 0) return undefined;
    const isOwn = (entry: ManagedFields) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource;
    const own = managed.find(isOwn);
    const fieldsV1 = [...(own ? [own] : []), ...taken].map((entry) => entry.fieldsV1).reduce(union);
    const { apiVersion, fieldsType } = own ?? taken[0];
    const rest = managed.filter((entry) => !isOwn(entry) && !taken.includes(entry));
    return [{ manager, operation: "Apply", apiVersion, time: taken[0].time, fieldsType, fieldsV1 }, ...rest];
}

function isTaken({ manager, operation, subresource }: ManagedFields): boolean {
    if (subresource) return false;
    const prefixes =
        operation === "Apply" ? ["kubectl"] : ["kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"];
    return prefixes.some((prefix) => manager.startsWith(prefix));
}

function union(one: FieldSet, other: FieldSet): FieldSet {
    const result = { ...one };
    for (const [field, inner] of Object.entries(other)) {
        result[field] = field in result ? union(result[field], inner) : inner;
    }
    return result;
}
