import { applyKustomization, kustomizationFiles } from "./kustomization";
import { at, isTree, type Line, type SourceObject, textAt, type Tree } from "./objects";

/** The manifests of a team, as they were read. Paths are as the user would write them, with `/`. */
export interface ManifestTree {
    /** YAML files directly in the folder, sorted. */
    files(folder: string): readonly string[];
    /** Folders directly in it that hold YAML somewhere, sorted. */
    folders(folder: string): readonly string[];
    /** The documents of a YAML file; nothing where there is no such file. */
    documents(file: string): readonly unknown[] | undefined;
}

export interface Collected {
    objects: readonly SourceObject[];
    lines: readonly Line[];
}

/**
 * All objects of a folder: what its kustomization lists, with what the kustomization changes in them, or without one all YAML of
 * the folder and those below it. What is there and cannot be read in this way is a line.
 */
export function collect(tree: ManifestTree, folder: string): Collected {
    const files = tree.files(folder);
    const own = kustomizationFiles.map((name) => join(folder, name)).find((file) => tree.documents(file));
    if (own === undefined) {
        return together([
            ...files.map((file) => fromFile(tree, file)),
            ...tree.folders(folder).map((inner) => collect(tree, inner)),
        ]);
    }
    const kustomization = tree.documents(own)!.find(isTree) ?? {};
    const listed = references(kustomization).map((path) => fromResource(tree, folder, own, path));
    const applied = applyKustomization(own, kustomization, together(listed).objects);
    return together([...listed.map(({ lines }) => ({ objects: [], lines })), applied, notListed(tree, folder, own, kustomization)]);
}

/** Objects and lines of all parts. Of two objects of one name the first is taken, as they cannot both run. */
export function together(parts: readonly Collected[]): Collected {
    const objects = new Map<string, SourceObject>();
    const lines = parts.flatMap((part) => part.lines);
    for (const object of parts.flatMap((part) => part.objects)) {
        const key = `${object.kind}/${object.namespace ?? ""}/${object.name}`;
        const other = objects.get(key);
        if (!other) {
            objects.set(key, object);
        } else if (other.value !== object.value) {
            const reason = `stands in ${other.file} too, and that one was taken`;
            const name = `${object.kind}/${object.name}`;
            lines.push({ verdict: "not carried", file: object.file, object: name, reason, instead: other.file });
        }
    }
    return { objects: [...objects.values()], lines };
}

export function fromFile(tree: ManifestTree, file: string, unlistedIn?: string): Collected {
    const documents = (tree.documents(file) ?? []).filter((document) => document !== null && document !== undefined);
    return together(documents.flatMap((document) => items(document)).map((value) => fromDocument(file, value, unlistedIn)));
}

function fromDocument(file: string, value: unknown, unlistedIn: string | undefined): Collected {
    const [kind, name, namespace] = [
        textAt(value, "kind"),
        textAt(value, "metadata", "name"),
        textAt(value, "metadata", "namespace"),
    ];
    if (!isTree(value) || kind === undefined || name === undefined || at(value, "apiVersion") === undefined) {
        const what = kind === undefined ? "a document that is no Kubernetes object" : `a ${kind} without a name`;
        return {
            objects: [],
            lines: [{ verdict: "not carried", file, reason: `${what}: expected apiVersion, kind and metadata.name` }],
        };
    }
    return {
        objects: [{ file, kind, name, value, ...(namespace && { namespace }), ...(unlistedIn && { unlistedIn }) }],
        lines: [],
    };
}

/** `kubectl get -o yaml` wraps what it prints in a List. */
function items(document: unknown): unknown[] {
    const inner = at(document, "items");
    return Array.isArray(inner) && textAt(document, "kind")?.endsWith("List") ? inner : [document];
}

function references(kustomization: Tree): string[] {
    return ["resources", "bases"].flatMap((field) => {
        const list = kustomization[field];
        return Array.isArray(list) ? list.map(String) : [];
    });
}

function fromResource(tree: ManifestTree, folder: string, own: string, reference: string): Collected {
    const path = join(folder, reference);
    if (tree.documents(path)) {
        return fromFile(tree, path);
    }
    if (tree.files(path).length > 0) {
        return collect(tree, path);
    }
    const reason = /:\/\/|^github\.com|\?ref=/.test(reference)
        ? "it is on the web; fetch it into a folder here"
        : "there is no such file, and no such folder with YAML";
    return { objects: [], lines: [{ verdict: "not carried", file: own, path: `resources[${reference}]`, reason }] };
}

/**
 * What lies beside a kustomization that does not list it. A file with whole objects is imported all the same: teams keep there
 * what they deploy by other means. What the kustomization uses otherwise, its patches for example, is no object.
 */
function notListed(tree: ManifestTree, folder: string, own: string, kustomization: Tree): Collected {
    const used = new Set(texts(kustomization).map((text) => join(folder, text)));
    const files = tree.files(folder).filter((file) => file !== own && !used.has(file));
    const folders = tree
        .folders(folder)
        .filter((inner) => ![...used].some((path) => path === inner || path.startsWith(`${inner}/`)));
    return together([
        ...files.map((file) => fromFile(tree, file, own)),
        ...folders.map((inner): Collected => ({
            objects: [],
            lines: [
                {
                    verdict: "not carried",
                    file: inner,
                    reason: `${own} does not list it; to import it, name it: npx oneflow import ${inner}`,
                },
            ],
        })),
    ]);
}

function texts(value: unknown): string[] {
    if (typeof value === "string") {
        // `files: [name=path]`
        return [value, value.slice(value.indexOf("=") + 1)];
    }
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** `a/b` and `../c` are `a/c`. */
export function join(folder: string, path: string): string {
    if (path.startsWith("/")) {
        return path;
    }
    const parts: string[] = [];
    for (const part of `${folder}/${path}`.split("/")) {
        const last = parts.at(-1);
        if (part === ".." && last !== undefined && last !== ".." && last !== "") {
            parts.pop();
        } else if (part !== "." && (part !== "" || parts.length === 0)) {
            parts.push(part);
        }
    }
    return parts.join("/") || ".";
}
