import { isDeepStrictEqual } from "node:util";
import { mountedClass } from "./entry";
import { treesAt } from "./objects";
import type { SecretUse, SyncedVersion } from "./secretManager";
import type { Settled } from "./settle";
import { readVariables, type References } from "./variables";
import type { Workload } from "./workloads";

/** What of Secret Manager the entries say, as they were settled. */
export function secretUse(workloads: readonly Workload[], settled: Settled, references: References): SecretUse {
    return {
        keys: workloads.flatMap((workload) => usedKeys(workload, settled, references)),
        mounted: workloads.flatMap((workload) => mountedClasses(workload, settled)),
        services: Object.keys(settled.entries),
    };
}

/** The keys that variables of an entry say. */
function usedKeys({ name, container, pod }: Workload, { entries }: Settled, references: References): SyncedVersion[] {
    const { env, init = [] } = entries[name] ?? {};
    const inits = treesAt(pod, "initContainers").map((one) => [one, init.find((entry) => entry.name === one.name)?.env] as const);
    return [[container, env] as const, ...inits].flatMap(([from, said]) =>
        readVariables(from, references).flatMap(({ name: variable, value, synced }) =>
            synced && isDeepStrictEqual(said?.[variable], value) ? [synced] : [],
        ),
    );
}

/** The SecretProviderClasses that folders of an entry are read from. */
function mountedClasses({ name, pod }: Workload, { entries }: Settled): string[] {
    return treesAt(pod, "volumes").flatMap((volume) =>
        entries[name]?.volumes?.[String(volume.name)]?.versions ? (mountedClass(volume) ?? []) : [],
    );
}
