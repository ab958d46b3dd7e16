import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments } from "yaml";
import { renderedFiles } from "../manifests/renderedFiles";
import { imageRepository } from "../release/addresses";
import type { Service, Settings } from "../settings/model";
import { builtServices } from "../workflows/contentPlan";
import { workflowFiles } from "../workflows/documents/files";

/** What a new entry brings about. */
export interface Consequences {
    /** What the image is built from; nothing of an image of others. */
    built?: { repository: string; path: string; dockerfile: string };
    /** Environment → the repository of the registry that its image comes to. */
    images: Readonly<Record<string, string>>;
    /** Environment → objects, as `Deployment gift`, sorted. */
    objects: Readonly<Record<string, ObjectChanges>>;
    /** Repository on GitHub → files that are added or change there. */
    workflows: Readonly<Record<string, readonly string[]>>;
    /** Services that the repository builds, this one included. */
    repositorySize: number;
}

/** What differs in an environment's cluster. */
export interface ObjectChanges {
    added: readonly string[];
    changed: readonly string[];
}

/**
 * Compares the catalogs with and without the service, in all that is made from them.
 *
 * @param before settings of each environment as they are; an environment may be missing where they are refused today
 * @param after the same with the service
 */
export function consequencesOf(name: string, before: readonly Settings[], after: readonly Settings[]): Consequences {
    const [first] = after;
    const service = first.catalog.services[name];
    const { image } = service;
    return {
        ...(image.from === "source" && { built: { repository: image.repository, path: image.path, dockerfile: image.dockerfile } }),
        images: Object.fromEntries(first.environments.map((environment) => [environment.name, imageRepository(environment, name)])),
        objects: Object.fromEntries(
            after.map((settings) => [
                settings.stack,
                changes(
                    before.find(({ stack }) => stack === settings.stack),
                    settings,
                ),
            ]),
        ),
        workflows: changedWorkflows(before.at(0), first),
        repositorySize: repositorySize(service, first),
    };
}

function repositorySize({ image }: Service, { catalog }: Settings): number {
    return image.from === "source" ? builtServices(catalog, image.repository).length : 0;
}

function changedWorkflows(before: Settings | undefined, after: Settings): Record<string, string[]> {
    const known = before ? workflowFiles(before) : {};
    return Object.fromEntries(
        Object.entries(workflowFiles(after)).flatMap(([repository, files]) => {
            const changed = Object.keys(files).filter((path) => known[repository]?.[path] !== files[path]);
            return changed.length > 0 ? [[repository, changed]] : [];
        }),
    );
}

function changes(before: Settings | undefined, after: Settings): ObjectChanges {
    const known = before ? renderedFiles(before) : new Map<string, string>();
    // Most files are the same, and reading YAML is slow.
    const differ = [...renderedFiles(after)].filter(([file, text]) => known.get(file) !== text);
    const old = objectsIn(differ.flatMap(([file]) => known.get(file) ?? []));
    const now = [...objectsIn(differ.map(([, text]) => text))];
    return {
        added: now.flatMap(([name]) => (old.has(name) ? [] : [name])).sort(),
        changed: now.flatMap(([name, object]) => (old.has(name) && !isDeepStrictEqual(old.get(name), object) ? [name] : [])).sort(),
    };
}

/** The objects of rendered files, by kind and name. */
function objectsIn(texts: readonly string[]): Map<string, unknown> {
    const documents = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as unknown));
    return new Map(
        (documents as ({ kind: string; metadata: { name: string } } | null)[]).flatMap((object) =>
            object === null ? [] : [[`${object.kind} ${object.metadata.name}`, object] as const],
        ),
    );
}
