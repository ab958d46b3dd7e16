import type { BuiltImage } from "./model";

/**
 * The folders that an image is also built from, by what its Dockerfile calls them in `COPY --from=`: the path in lower case, since
 * docker takes no other. Sorted, each once.
 */
export function buildContexts({ alsoBuildFrom }: Pick<BuiltImage, "alsoBuildFrom">): Record<string, string> {
    return Object.fromEntries([...alsoBuildFrom].sort().map((path) => [path.toLowerCase(), path]));
}

/** Folders of which docker would take one for another, as it tells names apart by neither case nor its own hub's prefix. */
export function clashingContexts({ alsoBuildFrom }: Pick<BuiltImage, "alsoBuildFrom">): string[] {
    const names = new Map<string, string>();
    return [...new Set(alsoBuildFrom)].flatMap((path) => {
        const name = path.toLowerCase().replace(/^(docker\.io\/)?(library\/)?/, "");
        const other = names.get(name);
        names.set(name, other ?? path);
        return other === undefined ? [] : [other, path];
    });
}
