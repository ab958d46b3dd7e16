import { Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import type { Tier } from "../release/addresses";
import { pullLock } from "../release/lockStore";
import { builtFrom, formatUnion } from "../release/union";
import type { Catalog } from "../settings/model";

/**
 * What `latest` means in the environment's tier: a commit, or where services are built from several repositories the union of those
 * that were built. Nothing where nothing was built yet: then every service is pending.
 *
 * @throws Refusal where the catalog builds nothing: then there is no commit to follow
 */
export async function resolveLatest(registry: Registry, environment: Tier, catalog: Catalog): Promise<string | undefined> {
    const repositories = sourceRepositories(catalog);
    const locks = await Promise.all(repositories.map((repository) => pullLock(registry, environment, repository, "latest")));
    const union = Object.fromEntries(
        repositories.flatMap((repository, index) => (locks[index] ? [[repository, locks[index].source.commit]] : [])),
    );
    return repositories.length === 1 ? union[repositories[0]] : formatUnion(union) || undefined;
}

/**
 * The repositories that commits of the request are commits of, in lower case.
 *
 * @throws Refusal where the catalog builds nothing: then no commit names a service
 */
export function sourceRepositories(catalog: Catalog): string[] {
    const repositories = builtFrom(catalog);
    if (repositories.length === 0) {
        throw new Refusal("Promotion refused, nothing was changed", [
            {
                subject: "services.yaml",
                message: "builds nothing: a commit names the services of the repository that they are built from.",
            },
        ]);
    }
    return repositories;
}
