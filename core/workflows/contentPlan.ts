import { createHash } from "node:crypto";
import { canonicalJson } from "../release/lock";
import type { BuiltImage, Catalog, Service } from "../settings/model";

/** What one service is built from, as a tag: two commits with the same tag need one build. */
export interface PlannedContent {
    service: string;
    /** `tree-` and 64 hex digits: the hash of everything in the repository and the catalog that can change the image. */
    tag: string;
    /** Paths of the service that do not exist in the commit, sorted. Then nothing can be built, and {@link tag} must not be used. */
    missingPaths: readonly string[];
    /** Paths of the service that are symbolic links, sorted: git's hash of one does not change with what it leads to. As above. */
    linkedPaths: readonly string[];
}

/**
 * Which content each service of one source repository has, sorted by service.
 *
 * @param trees path → git's hash of the folder or file at that path in the commit, with its mode behind it where that is no plain
 *     file's; absent or undefined: not there. {@link contentPaths} names the paths to ask git for.
 * @param platforms what the images are built for, `linux/amd64` …; their order does not matter
 */
export function contentPlan(
    catalog: Catalog,
    repository: string,
    trees: Readonly<Record<string, string | undefined>>,
    platforms: readonly string[],
): PlannedContent[] {
    return builtServices(catalog, repository).map(({ name, image }) => ({
        service: name,
        tag: `tree-${contentHash(image, trees, platforms)}`,
        missingPaths: imagePaths(image).filter((path) => trees[path] === undefined),
        linkedPaths: imagePaths(image).filter((path) => trees[path]?.endsWith(` ${linkMode}`)),
    }));
}

/** Every path whose tree {@link contentPlan} wants to know, sorted, each once. */
export function contentPaths(catalog: Catalog, repository: string): string[] {
    return distinct(builtServices(catalog, repository).flatMap(({ image }) => [...imagePaths(image), ...attributeFiles(image)]));
}

/** The services that are built from this source repository, sorted by name. */
export function builtServices(catalog: Catalog, repository: string): (Service & { image: BuiltImage })[] {
    return Object.values(catalog.services)
        .filter((service): service is Service & { image: BuiltImage } => isBuiltFrom(service, repository))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
}

// The service's name is not part of it: an image stands in its service's own repository, and a renamed service is another one.
function contentHash(image: BuiltImage, trees: Readonly<Record<string, string | undefined>>, platforms: readonly string[]): string {
    const attributes = attributeFiles(image).flatMap((path) => (trees[path] === undefined ? [] : [[path, trees[path]]]));
    const content = {
        trees: imagePaths(image).map((path) => [path, trees[path] ?? null]),
        // `alsoBuildFrom` may hold the path of another service's context, so which path is the context must count.
        context: image.path,
        dockerfile: image.dockerfile,
        args: image.args,
        platforms: distinct(platforms),
        ...(attributes.length > 0 && { attributes }),
    };
    return createHash("sha256").update(canonicalJson(content)).digest("hex");
}

function imagePaths({ path, alsoBuildFrom }: BuiltImage): string[] {
    return distinct([path, ...alsoBuildFrom]);
}

/** Files outside of a service's folders that say how git writes those folders' files into a checkout: line ends, for one. */
function attributeFiles(image: BuiltImage): string[] {
    const above = imagePaths(image).flatMap((path) => {
        const parts = path === "." ? [] : path.split("/");
        return parts.map((_, depth) => [...parts.slice(0, depth), ".gitattributes"].join("/"));
    });
    return distinct(above);
}

const linkMode = "120000";

// GitHub does not tell names apart by case.
function isBuiltFrom({ image }: Service, repository: string): boolean {
    return image.from === "source" && image.repository.toLowerCase() === repository.toLowerCase();
}

function distinct(texts: readonly string[]): string[] {
    return [...new Set(texts)].sort();
}
