import type { Environment, Settings } from "../settings/model";
import { followedBranch } from "./branches";

/** Where a run that deploys an environment comes from: a branch of a repository whose workflow may ask for it. */
export interface DeploymentOrigin {
    repository: string;
    branch: string;
}

/**
 * Pushes of any source repository deploy the first environment, and so do changes of its settings where the operations repository
 * builds nothing. All others are deployed from the operations repository alone.
 */
export function deploymentOrigins(
    settings: Pick<Settings, "catalog" | "delivery">,
    { promotesFrom }: Pick<Environment, "promotesFrom">,
): DeploymentOrigin[] {
    const { repository, branch } = settings.delivery.operations;
    const own = { repository, branch };
    if (promotesFrom !== undefined) return [own];
    const pushed = sourceRepositories(settings).map((source) => ({ repository: source, branch: followedBranch }));
    return operatesOnly(settings) ? [own, ...pushed] : pushed;
}

/** Whether no service is built from the operations repository: then no build's run brings a change of the settings along. */
export function operatesOnly(settings: Pick<Settings, "catalog" | "delivery">): boolean {
    return !sourceRepositories(settings).includes(settings.delivery.operations.repository);
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
