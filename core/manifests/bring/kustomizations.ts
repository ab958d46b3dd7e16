import type { Problem } from "../../refusal";
import type { ManifestTree } from "../import/folder";
import { kustomizationFiles } from "../import/kustomization";
import { at, isTree, type SourceObject, treeAt, treesAt } from "../import/objects";

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

/** Refuses what a kustomization asks for and only kustomize itself does in full. */
export function refuseUnfaithful(
    kustomizations: ReadonlyMap<string, unknown>,
    sources: readonly SourceObject[],
    folder: string,
): Problem[] {
    const remedy = `kubectl kustomize ${folder} prints the objects with it: keep those here, without the kustomization`;
    return [...kustomizations].flatMap(([file, kustomization]) =>
        unfaithful(kustomization, sources).map((path) => ({
            subject: `${file}: ${path}`,
            message: `only kustomize does that in full; here are read ${[...applied].slice(3).join(", ")}`,
            remedy,
        })),
    );
}

/** Fields that are applied as kustomize applies them, or change no object. */
const applied = new Set([
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "namespace",
    "images",
    "replicas",
    "labels",
    "commonAnnotations",
]);

function unfaithful(kustomization: unknown, sources: readonly SourceObject[]): string[] {
    const unknown = Object.keys(treeAt(kustomization)).filter((field) => !applied.has(field));
    const labels = treesAt(kustomization, "labels").flatMap((row, index) =>
        Object.keys(row)
            .filter((key) => key !== "pairs" && row[key] !== false)
            .map((key) => `labels[${index}].${key}`),
    );
    // Kustomize annotates the jobs of a CronJob too, beside their pods.
    const annotations = sources.some(({ kind }) => kind === "CronJob") && at(kustomization, "commonAnnotations");
    return [...unknown, ...labels, ...(annotations ? ["commonAnnotations"] : [])];
}
