import type { Environment, Settings } from "../settings/model";
import { followedBranch } from "./branches";

/** Where runs that deploy an environment come from. */
export interface DeploymentOrigins {
    /** The repositories whose workflows may ask for it. */
    repositories: readonly string[];
    /** The branch that they run on. */
    branch: string;
}

/** Pushes of any source repository deploy the first environment; all others are deployed from the operations repository alone. */
export function deploymentOrigins(
    settings: Pick<Settings, "catalog" | "delivery">,
    { promotesFrom }: Pick<Environment, "promotesFrom">,
): DeploymentOrigins {
    const { repository, branch } = settings.delivery.operations;
    return promotesFrom === undefined
        ? { repositories: sourceRepositories(settings), branch: followedBranch }
        : { repositories: [repository], branch };
}

/**
 * Repositories that services are built from, sorted, each once. GitHub tells no names apart by case: of several spellings the
 * operations repository's wins, else the first in order.
 */
export function sourceRepositories({ catalog, delivery }: Pick<Settings, "catalog" | "delivery">): string[] {
    const named = Object.values(catalog.services).flatMap(({ image }) => (image.from === "source" ? [image.repository] : []));
    const spellings = [delivery.operations.repository, ...named.sort()];
    const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
    return [...new Set(named.map((name) => spellings.find((spelling) => same(spelling, name))!))].sort();
}
