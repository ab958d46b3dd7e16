/** A map as YAML gives it. */
export type Tree = Readonly<Record<string, unknown>>;

/** A Kubernetes object of the manifests, and where it stands. */
export interface SourceObject {
    /** The file, as the user would name it. */
    file: string;
    kind: string;
    name: string;
    namespace?: string;
    value: Tree;
    /** The kustomization beside the file that does not list it. @default - there is none, or it does */
    unlistedIn?: string;
}

/** What a person must know of one place of the manifests. */
export interface Line {
    /** `not carried`: the catalog does not say it. `stricter`: oneflow takes more care. `note`: it is carried, and worth a look. */
    verdict: "not carried" | "stricter" | "note";
    file: string;
    /** `Deployment/cart`. @default - the line is about the file */
    object?: string;
    /** Where in the object: `spec.template.spec.containers[server].env[PORT].value`. @default - the line is about all of it */
    path?: string;
    reason: string;
    /** The file of an object of the same name that was taken instead. @default - there is none */
    instead?: string;
    /** The service that it belongs to. @default - none */
    service?: string;
}

export function formatLine({ verdict, file, object, path, reason }: Line): string {
    const place = [file, object, path].filter((part) => part !== undefined && part !== "").join(": ");
    return `${verdict}: ${place}: ${reason.replace(/\s*\n\s*/g, " ")}`;
}

/** `Deployment/cart` */
export function objectName({ kind, name }: Pick<SourceObject, "kind" | "name">): string {
    return `${kind}/${name}`;
}

export function isTree(value: unknown): value is Tree {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands under the keys; nothing where one of them is not there. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
    return keys.reduce<unknown>(
        (inner, key) =>
            typeof inner === "object" && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined,
        value,
    );
}

export function treeAt(value: unknown, ...keys: readonly (string | number)[]): Tree {
    const found = at(value, ...keys);
    return isTree(found) ? found : {};
}

export function textAt(value: unknown, ...keys: readonly (string | number)[]): string | undefined {
    const found = at(value, ...keys);
    return typeof found === "string" ? found : undefined;
}

export function numberAt(value: unknown, ...keys: readonly (string | number)[]): number | undefined {
    const found = at(value, ...keys);
    return typeof found === "number" ? found : undefined;
}

export function treesAt(value: unknown, ...keys: readonly (string | number)[]): readonly Tree[] {
    const found = at(value, ...keys);
    return Array.isArray(found) ? found.filter(isTree) : [];
}

/** The map without what is undefined, so an absent key is absent. */
export function present<T extends Record<string, unknown>>(map: T): T {
    return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as T;
}
