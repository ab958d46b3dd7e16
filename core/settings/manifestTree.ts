import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseAllDocuments, type Tags } from "yaml";
import type { ManifestTree } from "../manifests/import/folder";
import { kustomizationFiles } from "../manifests/import/kustomization";
import type { Problem } from "../refusal";

/** The manifests below a directory, read when they are asked for. What is broken is a problem, by line and column. */
export function manifestTree(directory: string, problems: Problem[]): ManifestTree {
    const known = new Map<string, readonly unknown[]>();
    const isManifest = (name: string) => /\.(ya?ml|json)$/.test(name) || kustomizationFiles.includes(name);
    const entries = (folder: string) =>
        isFolder(directory, folder)
            ? readdirSync(join(directory, folder), { withFileTypes: true }).filter(({ name }) => !name.startsWith("."))
            : [];
    const files = (folder: string) =>
        entries(folder)
            .filter((entry) => entry.isFile() && isManifest(entry.name))
            .map(({ name }) => under(folder, name))
            .sort();
    const folders = (folder: string): string[] =>
        entries(folder)
            .filter((entry) => entry.isDirectory())
            .map(({ name }) => under(folder, name))
            .sort();
    const holdsManifests = (folder: string): boolean => files(folder).length > 0 || folders(folder).some(holdsManifests);
    return {
        files,
        folders: (folder) => folders(folder).filter(holdsManifests),
        documents: (file) => {
            if (!known.has(file)) {
                if (!existsSync(join(directory, file)) || !statSync(join(directory, file)).isFile()) {
                    return undefined;
                }
                known.set(file, readDocuments(directory, file, problems));
            }
            return known.get(file);
        },
    };
}

export function isFolder(directory: string, folder: string): boolean {
    return existsSync(join(directory, folder)) && statSync(join(directory, folder)).isDirectory();
}

/** A tree without a file: for whoever reads a catalog that stands in no folder. */
export const noManifests: ManifestTree = { files: () => [], folders: () => [], documents: () => undefined };

function under(folder: string, name: string): string {
    return folder === "." ? name : `${folder}/${name}`;
}

function readDocuments(directory: string, file: string, problems: Problem[]): unknown[] {
    const lines = new LineCounter();
    const text = readFileSync(join(directory, file), "utf8");
    const options = { lineCounter: lines, prettyErrors: false, merge: true, version: "1.1", customTags: asKubectl } as const;
    return [...parseAllDocuments(text, options)].flatMap((document) => {
        const [error] = document.errors;
        if (!error) {
            return [document.toJS() as unknown];
        }
        const { line, col } = lines.linePos(error.pos[0]);
        problems.push({ subject: `${file}, line ${line}, column ${col}`, message: error.message });
        return [];
    });
}

/** YAML as kubectl reads it: 1.1, so that `mode: 0644` is octal, but a time of day is no number in base 60 and a date is a text. */
function asKubectl(tags: Tags): Tags {
    return tags.filter(
        (tag) => typeof tag === "string" || ("format" in tag ? tag.format !== "TIME" : !unknownToKubectl.test(tag.tag)),
    );
}

const unknownToKubectl = /:(timestamp|binary|omap|pairs|set)$/;
