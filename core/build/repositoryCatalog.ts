import { catalogImages } from "../release/lock";
import type { Catalog, ThirdPartyImage } from "../settings/model";
import { builtServices } from "../workflows/contentPlan";

/** What a lock of this repository is total over: a service that another repository builds has its image in that one's locks. */
export function repositoryCatalog({ services }: Catalog, repository: string): Catalog {
    const own = new Set(builtServices({ services }, repository).map(({ name }) => name));
    return {
        services: Object.fromEntries(
            Object.entries(services).filter(([name, { image }]) => image.from === "thirdParty" || own.has(name)),
        ),
    };
}

/** Image name → image, of all that others build. */
export function thirdPartyImages(catalog: Catalog): Record<string, ThirdPartyImage> {
    return Object.fromEntries(
        Object.entries(catalogImages(catalog)).flatMap(([name, image]) =>
            image.from === "thirdParty" ? [[name, image] as const] : [],
        ),
    );
}
