import { commitAnnotation, releaseAnnotation } from "../manifests/workload";
import { canonicalJson } from "../release/lock";
import type { FieldChange, ObjectChange } from "./model";

/** Kubernetes objects of one cluster: `Deployment cart` → the object. */
export type Objects = ReadonlyMap<string, object>;

/** What differs between what runs and what would run, object by object, sorted by name. */
export function objectChanges(before: Objects, after: Objects): ObjectChange[] {
    return [...new Set([...before.keys(), ...after.keys()])].sort(byName).flatMap((object): ObjectChange[] => {
        const [then, now] = [before.get(object), after.get(object)];
        if (!then || !now) {
            const whole: FieldChange = { path: "", ...(then && { before: then }), ...(now && { after: now }), isImage: false };
            return [{ object, change: then ? "removed" : "added", fields: [whole] }];
        }
        const fields = fieldChanges(then, now, "");
        return fields.length === 0 ? [] : [{ object, change: "changed", fields }];
    });
}

/** By the name first: what belongs to one service stands together. */
function byName(a: string, b: string): number {
    const [kindA, nameA = ""] = a.split(" ");
    const [kindB, nameB = ""] = b.split(" ");
    return nameA === nameB ? (kindA < kindB ? -1 : 1) : nameA < nameB ? -1 : 1;
}

/** Maps are compared key by key, and lists of named things name by name: where something stands in a list means nothing to a reader. */
function fieldChanges(before: unknown, after: unknown, path: string): FieldChange[] {
    const [then, now] = [named(before), named(after)];
    if (then && now && then.isList === now.isList) {
        const inner = (key: string) => (then.isList ? `${path}[${key}]` : within(path, key));
        const keys = [...new Set([...Object.keys(then.entries), ...Object.keys(now.entries)])];
        return keys.flatMap((key) => fieldChanges(then.entries[key], now.entries[key], inner(key)));
    }
    const same =
        before === after || (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after));
    const values = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
    return same ? [] : [{ path, ...values, isImage: isImagePath(path) }];
}

/** The parts of a value that have a name of their own. Nothing where it has none, and is compared as a whole. */
function named(value: unknown): { isList: boolean; entries: Record<string, unknown> } | undefined {
    if (typeof value !== "object" || value === null) {
        return undefined;
    }
    if (!Array.isArray(value)) {
        return { isList: false, entries: value as Record<string, unknown> };
    }
    const names = value.map((one: unknown) =>
        typeof one === "object" && one !== null && "name" in one ? String(one.name) : undefined,
    );
    const distinct = value.length > 0 && names.every((name) => name !== undefined) && new Set(names).size === names.length;
    return distinct ? { isList: true, entries: Object.fromEntries(value.map((one, index) => [names[index], one])) } : undefined;
}

function isImagePath(path: string): boolean {
    return (
        /\.(containers|initContainers)\[[^\]]+\]\.image$/.test(path) ||
        [commitAnnotation, releaseAnnotation].some((name) => path === within("metadata.annotations", name))
    );
}

/** A key with a dot or a slash stands in brackets, or nobody could tell where it ends. */
function within(path: string, key: string): string {
    return /^[\w-]+$/.test(key) ? (path === "" ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`;
}
