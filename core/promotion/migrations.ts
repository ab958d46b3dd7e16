import { outdatedVersions } from "./databaseSchemas";
import type { Judged } from "./rules/rule";

/** The `migrate` jobs of a set. */
export interface Migrations {
    /** Services that move forward, whose job runs before their rollout, sorted. */
    due: readonly string[];
    /** Services that stay, whose job ran when their version came and stands as it ended, sorted. */
    done: readonly string[];
}

/**
 * Which jobs run and which have run. What ran here has migrated here, so neither a way back nor a single service that comes back runs
 * one, and a service that comes back has none that stands; nor does a version run one whose schema the database has left behind.
 */
export function migrationsOf(judged: Judged): Migrations {
    const { direction, transitions, facts } = judged;
    const { services } = judged.request.catalog;
    const outdated = outdatedVersions(judged).map(({ service }) => service);
    const migrating = Object.keys(services)
        .filter((name) => services[name].migrate !== undefined)
        .sort();
    const moves = new Map(transitions.flatMap(({ image, to }) => (to === undefined ? [] : [[image, to] as const])));
    const isNew = (name: string) => moves.has(name) && !facts.imagesRanHere?.has(`${name}@${moves.get(name)}`);
    const forward = direction === "first" || direction === "forward";
    return {
        due: forward ? migrating.filter((name) => isNew(name) && !outdated.includes(name)) : [],
        done: migrating.filter((name) => !moves.has(name) && (facts.current?.migrated ?? []).includes(name)),
    };
}
