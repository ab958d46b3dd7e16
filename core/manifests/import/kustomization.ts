import type { Collected } from "./folder";
import { at, isTree, type Line, numberAt, type SourceObject, textAt, type Tree, treeAt, treesAt } from "./objects";

export const kustomizationFiles = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** What a kustomization changes in its resources, as far as it can be applied; every other field is a line. */
export function applyKustomization(file: string, kustomization: Tree, objects: readonly SourceObject[]): Collected {
    let changed = objects;
    const lines: Line[] = [];
    for (const [field, value] of Object.entries(kustomization)) {
        if (plain.includes(field)) {
            continue;
        }
        const apply = fields[field];
        if (!apply) {
            lines.push(...unknownField(file, field, value));
            continue;
        }
        const step = apply(file, value, changed);
        changed = step.objects;
        lines.push(...step.lines);
    }
    return { objects: changed, lines };
}

/** Fields that change nothing in an object. */
const plain = ["apiVersion", "kind", "metadata", "resources", "bases"];

type Apply = (file: string, value: unknown, objects: readonly SourceObject[]) => Collected;

/** One row for each field that is understood. */
const fields: Readonly<Record<string, Apply>> = {
    namespace: (_file, value, objects) => ({
        objects: objects.map((object) =>
            edited({ ...object, namespace: String(value) }, (tree) => withIn(tree, ["metadata"], { namespace: value })),
        ),
        lines: [],
    }),
    images: (_file, value, objects) => ({
        objects: objects.map((object) =>
            edited(object, (tree) => withImages(tree, Array.isArray(value) ? value.filter(isTree) : [])),
        ),
        lines: [],
    }),
    replicas: (_file, value, objects) => ({
        objects: objects.map((object) => {
            const count = Array.isArray(value) ? value.find((row) => at(row, "name") === object.name) : undefined;
            const scales = ["Deployment", "StatefulSet"].includes(object.kind) && numberAt(count, "count") !== undefined;
            return scales ? edited(object, (tree) => withIn(tree, ["spec"], { replicas: at(count, "count") })) : object;
        }),
        lines: [],
    }),
    commonLabels: (_file, value, objects) => ({
        objects: objects.map((object) => labelled(object, treeAt(value), true, true)),
        lines: [],
    }),
    labels: (_file, value, objects) => ({
        objects: objects.map((object) =>
            (Array.isArray(value) ? value : []).reduce<SourceObject>((one, row) => {
                const selectors = at(row, "includeSelectors") === true;
                return labelled(one, treeAt(row, "pairs"), selectors, selectors || at(row, "includeTemplates") === true);
            }, object),
        ),
        lines: [],
    }),
    commonAnnotations: (_file, value, objects) => ({
        objects: objects.map((object) =>
            edited(object, (tree) =>
                withIn(
                    templateOf(tree) ? withIn(tree, [...templateOf(tree)!, "metadata", "annotations"], treeAt(value)) : tree,
                    ["metadata", "annotations"],
                    treeAt(value),
                ),
            ),
        ),
        lines: [],
    }),
    configMapGenerator: (file, value, objects) => generated(file, "ConfigMap", "configMapGenerator", value, objects),
    secretGenerator: (file, value, objects) => generated(file, "Secret", "secretGenerator", value, objects),
    // What it says holds for generators only, whose names the program makes anew anyway.
    generatorOptions: (_file, _value, objects) => ({ objects, lines: [] }),
};

function unknownField(file: string, field: string, value: unknown): Line[] {
    const reason = field.startsWith("patches")
        ? "a patch is not applied; `kubectl kustomize` prints the objects with all patches, and those can be imported"
        : "a field of kustomizations that is not applied; `kubectl kustomize` prints the objects with it, and those can be imported";
    const entries = Array.isArray(value) ? value.map((_, index) => `${field}[${index}]`) : [field];
    return entries.map((path) => ({ verdict: "not carried", file, path, reason }));
}

/** The ConfigMap or Secret that the generator makes of its literals. Of a Secret only the keys are read. */
function generated(
    file: string,
    kind: "ConfigMap" | "Secret",
    field: string,
    value: unknown,
    objects: readonly SourceObject[],
): Collected {
    const lines: Line[] = [];
    const made = (Array.isArray(value) ? value.filter(isTree) : []).flatMap((row, index): SourceObject[] => {
        const name = textAt(row, "name");
        for (const part of Object.keys(row).filter((key) => !["name", "namespace", "literals", "type", "options"].includes(key))) {
            const reason = `${part} of a generator are not read; write the ${kind} out`;
            lines.push({ verdict: "not carried", file, path: `${field}[${name ?? index}].${part}`, reason });
        }
        if (name === undefined) {
            return [];
        }
        const literals = Array.isArray(row.literals) ? row.literals.map(String) : [];
        const data = Object.fromEntries(
            literals.map((literal) => {
                const [key, text] = [literal.split("=", 1)[0], literal.slice(literal.indexOf("=") + 1)];
                return [key, kind === "Secret" ? "" : text.replace(/^(["'])(.*)\1$/s, "$2")];
            }),
        );
        return [{ file, kind, name, value: { apiVersion: "v1", kind, metadata: { name }, data } }];
    });
    return { objects: [...objects, ...made], lines };
}

function edited(object: SourceObject, edit: (tree: Tree) => Tree): SourceObject {
    return { ...object, value: edit(object.value) };
}

/** The tree with the entries added to the map at the path; maps on the way are made where they lack. */
function withIn(tree: Tree, [key, ...rest]: readonly string[], entries: Tree): Tree {
    return key === undefined ? { ...tree, ...entries } : { ...tree, [key]: withIn(treeAt(tree, key), rest, entries) };
}

/** Where the pods of an object are described; nothing for an object without pods. */
export function templateOf(tree: Tree): string[] | undefined {
    return [
        ["spec", "jobTemplate", "spec", "template"],
        ["spec", "template"],
    ].find((path) => isTree(at(tree, ...path, "spec")));
}

function labelled(object: SourceObject, labels: Tree, inSelectors: boolean, inTemplates: boolean): SourceObject {
    return edited(object, (tree) => {
        const template = templateOf(tree);
        const named = withIn(tree, ["metadata", "labels"], labels);
        const inPods = inTemplates && template ? withIn(named, [...template, "metadata", "labels"], labels) : named;
        const selector = template
            ? ["spec", "selector", "matchLabels"]
            : object.kind === "Service"
              ? ["spec", "selector"]
              : undefined;
        return inSelectors && selector && isTree(at(inPods, ...selector)) ? withIn(inPods, selector, labels) : inPods;
    });
}

function withImages(tree: Tree, rows: readonly Tree[]): Tree {
    const template = templateOf(tree);
    if (!template) {
        return tree;
    }
    const path = [...template, "spec"];
    const renamed = ["initContainers", "containers"]
        .filter((list) => Array.isArray(at(tree, ...path, list)))
        .map((list) => [
            list,
            treesAt(tree, ...path, list).map((container) => ({
                ...container,
                image: renamedImage(textAt(container, "image"), rows),
            })),
        ]);
    return withIn(tree, path, Object.fromEntries(renamed));
}

function renamedImage(image: string | undefined, rows: readonly Tree[]): string | undefined {
    const { name = "", tag, digest } = image === undefined ? {} : splitImage(image);
    const row = rows.find((candidate) => candidate.name === name);
    if (!row) {
        return image;
    }
    const newDigest = textAt(row, "digest");
    const newTag = at(row, "newTag") ?? (newDigest === undefined ? tag : undefined);
    const keptDigest = newDigest ?? (at(row, "newTag") === undefined ? digest : undefined);
    return `${textAt(row, "newName") ?? name}${newTag === undefined ? "" : `:${String(newTag)}`}${keptDigest === undefined ? "" : `@${keptDigest}`}`;
}

/** `host/name`, `tag` and `digest` of an image, as they are written. */
export function splitImage(image: string): { name: string; tag?: string; digest?: string } {
    const [tagged, digest] = image.split("@");
    const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
    return {
        name: colon < 0 ? tagged : tagged.slice(0, colon),
        ...(colon < 0 ? {} : { tag: tagged.slice(colon + 1) }),
        ...(digest === undefined ? {} : { digest }),
    };
}
