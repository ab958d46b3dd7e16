import { fileKey } from "../settings/files";
import type { Service } from "../settings/model";
import { contentHash } from "./contentHash";
import type { ConfigMapObject, ObjectMetadata } from "./objects";

/**
 * The ConfigMap with a service's files, where it has any. It is never changed: other content is another name, so that other files
 * are a rollout like any other, and the pods before it keep theirs.
 */
export function renderFiles(
    service: Pick<Service, "name" | "files">,
    metadata: (name: string) => ObjectMetadata,
): ConfigMapObject | undefined {
    const name = filesName(service);
    return name === undefined
        ? undefined
        : { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(name), data: data(service), immutable: true };
}

/** Name of that ConfigMap. Absent where there are no files. */
export function filesName({ name, files = {} }: Pick<Service, "name" | "files">): string | undefined {
    const content = data({ files });
    return Object.keys(content).length === 0 ? undefined : `${name}-files-${contentHash(content, 10)}`;
}

/** In the order of the keys: the same files in another order are the same ConfigMap. */
function data({ files = {} }: Pick<Service, "files">): Record<string, string> {
    const entries = Object.entries(files).map(([path, content]) => [fileKey(path), content] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
