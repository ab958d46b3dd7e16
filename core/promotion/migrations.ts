import type { Catalog } from "../settings/model";
import type { RunRecord } from "../release/runRecord";
import type { Direction, Transition } from "./model";

/** The `migrate` jobs of a set. */
export interface Migrations {
    /** Services that move forward, whose job runs before their rollout, sorted. */
    due: readonly string[];
    /** Services that stay, whose job ran when their version came and stands as it ended, sorted. */
    done: readonly string[];
}

/**
 * Which jobs run and which have run. A way back runs none, so a service that comes back by one has none that stands; nothing
 * but a new image runs a job again.
 */
export function migrationsOf(
    { services }: Catalog,
    direction: Direction,
    transitions: readonly Transition[],
    current: Pick<RunRecord, "migrated"> | undefined,
): Migrations {
    const migrating = Object.keys(services)
        .filter((name) => services[name].migrate !== undefined)
        .sort();
    const moves = new Set(transitions.filter(({ to }) => to !== undefined).map(({ image }) => image));
    const forward = direction === "first" || direction === "forward";
    return {
        due: forward ? migrating.filter((name) => moves.has(name)) : [],
        done: migrating.filter((name) => !moves.has(name) && (current?.migrated ?? []).includes(name)),
    };
}
