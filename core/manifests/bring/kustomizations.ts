import type { Problem } from "../../refusal";
import type { ManifestTree } from "../import/folder";
import { kustomizationFiles } from "../import/kustomization";
import { at, isTree, type SourceObject, treesAt } from "../import/objects";

/**
 * The tree as `kubectl apply -k` sees it: where a kustomization stands, only what it lists is there. An import looks at all files.
 *
 * @param met gets every kustomization that is read: file → value
 */
export function whatIsDeployed(tree: ManifestTree, met: Map<string, unknown>): ManifestTree {
    const isKustomization = (file: string) => kustomizationFiles.includes(file.slice(file.lastIndexOf("/") + 1));
    const ownOf = (folder: string) => tree.files(folder).filter(isKustomization);
    return {
        files: (folder) => (ownOf(folder).length > 0 ? ownOf(folder) : tree.files(folder)),
        folders: (folder) => (ownOf(folder).length > 0 ? [] : tree.folders(folder)),
        documents: (file) => {
            const documents = tree.documents(file);
            if (documents && isKustomization(file)) {
                met.set(file, documents.find(isTree));
            }
            return documents;
        },
    };
}

/**
 * Refuses what a kustomization asks for and only kustomize itself does in full. What the importer does not apply at all is a
 * line of its own already.
 */
export function refuseUnfaithful(
    kustomizations: ReadonlyMap<string, unknown>,
    sources: readonly SourceObject[],
    folder: string,
): Problem[] {
    const remedy = `kubectl kustomize ${folder} prints the objects with it: keep those, and no kustomization`;
    return [...kustomizations].flatMap(([file, kustomization]) =>
        unfaithful(kustomization, sources).map(([path, message]) => ({ subject: `${file}: ${path}`, message, remedy })),
    );
}

function unfaithful(kustomization: unknown, sources: readonly SourceObject[]): [path: string, message: string][] {
    const generators = ["configMapGenerator", "secretGenerator", "generatorOptions"].filter((field) => at(kustomization, field));
    const labels = treesAt(kustomization, "labels").flatMap((row, index) =>
        ["includeSelectors", "includeTemplates", "fields"].filter((key) => row[key]).map((key) => `labels[${index}].${key}`),
    );
    const cron = sources.some(({ kind }) => kind === "CronJob");
    return [
        ...generators.map((path): [string, string] => [
            path,
            "kustomize names what it generates by its content, and oneflow does not",
        ]),
        ...(at(kustomization, "commonLabels") ? ["commonLabels", ...labels] : labels).map((path): [string, string] => [
            path,
            "it changes selectors or pods of many kinds, and oneflow does not",
        ]),
        ...(cron && at(kustomization, "commonAnnotations")
            ? [["commonAnnotations", "it annotates the jobs of a CronJob too, and oneflow does not"] as [string, string]]
            : []),
    ];
}
