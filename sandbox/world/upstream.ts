import { formatReference, parseReference } from "../../core/registry/reference";
import { catalogImages } from "../../core/release/lock";
import type { Catalog } from "../../core/settings/model";
import { buildImage, writeImage } from "../registry/images";

/** Third-party images of a catalog as its file names them, each once. */
export function thirdPartyImages(catalog: Catalog): string[] {
    const images = Object.values(catalogImages(catalog));
    return [...new Set(images.flatMap((image) => (image.from === "thirdParty" ? [image.source] : [])))].sort();
}

/**
 * Fills the registry that plays Docker Hub: for each third-party image one of two platforms, under its own name.
 *
 * @returns image as named → reference by digest on the upstream
 */
export async function fillUpstream(directory: string, address: string, images: readonly string[]): Promise<Record<string, string>> {
    const entries = images.map(async (source) => {
        const { repository, tag } = parseReference(source);
        const image = buildImage({
            files: { "/app": { content: `stands for ${source}\n`, mode: 0o755 } },
            config: { entrypoint: ["/app"], user: "1000", labels: { "org.opencontainers.image.title": repository } },
            platforms: ["linux/amd64", "linux/arm64"],
        });
        await writeImage(directory, repository, image, tag ? [tag] : []);
        return [source, formatReference({ host: address, repository, ...(tag ? { tag } : {}), digest: image.digest })];
    });
    return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}
