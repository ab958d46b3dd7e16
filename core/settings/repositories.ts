import { isRepository } from "../registry/reference";
import { imageRepository, lockRepository } from "../release/addresses";
import { imageNames } from "../release/lock";
import type { Findings } from "./findings";
import type { Catalog, Environment } from "./model";

/** Refuses names that make no repository of an OCI registry: GitHub allows some, and together they may be too long. */
export function refuseRepositoryNames(
    environments: readonly Environment[],
    catalog: Catalog,
    services: Findings,
    environmentKey: string,
    findingsOf: (environment: string) => Findings,
): void {
    const unfit = new Set<string>();
    for (const [name, { image }] of Object.entries(catalog.services)) {
        // The part alone says whether a name is at fault, or only the length of all.
        if (image.from === "source" && image.repository && !isRepository(`locks/${image.repository.toLowerCase()}`)) {
            unfit.add(image.repository);
            services.add(
                ["services", name, "source"],
                `${image.repository} names no place for its commit locks: a registry takes letters and digits, with single . _ or - between them`,
                "build the service from a repository of another name",
            );
        }
    }
    for (const environment of environments) {
        const sources = Object.values(catalog.services).flatMap(({ image }) =>
            image.from === "source" && image.repository ? [image.repository] : [],
        );
        const names = [
            ...imageNames(catalog).map((name) => imageRepository(environment, name)),
            ...sources.filter((repository) => !unfit.has(repository)).map((repository) => lockRepository(environment, repository)),
        ];
        const longest = names.map((name) => name.slice(name.indexOf("/") + 1)).sort((a, b) => b.length - a.length)[0];
        const findings = findingsOf(environment.name);
        if (longest !== undefined && longest.length > 255 && !findings.touches([environmentKey, "registry"])) {
            findings.add(
                [environmentKey, "registry"],
                `is too long: ${longest} has ${longest.length} characters, and a registry takes 255`,
                "write a shorter one",
            );
        }
    }
}
