import { setKey } from "../release/lock";
import type { Catalog, Environment } from "../settings/model";
import type { Plan } from "./model";
import { list } from "./words";

/** Services that are built from the working copy, sorted. */
export function localServices({ services }: Catalog): string[] {
    return Object.keys(services)
        .filter((name) => services[name].build === "local")
        .sort();
}

export function isLocal({ services }: Catalog, name: string): boolean {
    return Object.hasOwn(services, name) && services[name].build === "local";
}

/** What a reader should know of services that no commit has, in one sentence. Empty where there are none. */
export function localNotes(local: readonly string[]): string[] {
    return local.length === 0
        ? []
        : [`${list(local)} ${local.length === 1 ? "is" : "are"} built from this working copy (build: local): no run is recorded`];
}

/** The plan of an environment in which no commit has images yet: what the working copy builds runs, all else is pending. */
export function planWithoutCommit(environment: Environment, catalog: Catalog): Plan {
    const local = localServices(catalog);
    return {
        environment,
        request: { commit: "", pins: {} },
        direction: "first",
        images: {},
        set: {},
        key: setKey({}),
        transitions: [],
        migrations: { due: [], done: [] },
        pending: Object.keys(catalog.services)
            .filter((name) => !local.includes(name))
            .sort(),
        local,
        locks: {},
        notes: localNotes(local),
    };
}
