import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { LineCounter, parseAllDocuments, type Tags } from "yaml";
import type { ManifestTree } from "../manifests/import/folder";
import { kustomizationFiles } from "../manifests/import/kustomization";
import type { Problem } from "../refusal";

/**
 * The manifests below a directory, read when they are asked for. What is broken is a problem, by line and column.
 *
 * @param isManifest which files are any, by their names
 */
export function manifestTree(directory: string, problems: Problem[], isManifest: (name: string) => boolean): ManifestTree {
    const known = new Map<string, readonly unknown[]>();
    const entries = (folder: string) =>
        isFolder(directory, folder)
            ? readdirSync(resolve(directory, folder), { withFileTypes: true }).filter(
                  ({ name }) => !name.startsWith(".") && name !== "node_modules",
              )
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
                if (!existsSync(resolve(directory, file)) || !statSync(resolve(directory, file)).isFile()) {
                    return undefined;
                }
                known.set(file, readDocuments(directory, file, problems));
            }
            return known.get(file);
        },
    };
}

/** YAML, and kustomizations without an ending. */
export function isYaml(name: string): boolean {
    return /\.ya?ml$/.test(name) || kustomizationFiles.includes(name);
}

/** The same, and JSON. */
export function isYamlOrJson(name: string): boolean {
    return isYaml(name) || name.endsWith(".json");
}

export function isFolder(directory: string, folder: string): boolean {
    return existsSync(resolve(directory, folder)) && statSync(resolve(directory, folder)).isDirectory();
}

function under(folder: string, name: string): string {
    return folder === "." ? name : `${folder}/${name}`;
}

function readDocuments(directory: string, file: string, problems: Problem[]): unknown[] {
    const lines = new LineCounter();
    const text = readFileSync(resolve(directory, file), "utf8");
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
