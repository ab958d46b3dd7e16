import type { ServiceEntry, ServicesFile } from "../../settings/schema/service";

type Defaults = NonNullable<ServicesFile["defaults"]>;
type Entries = Readonly<Record<string, ServiceEntry>>;

/** The entries with what most of them say once, in the defaults. As settings nothing changes. */
export function factoredDefaults(base: Defaults, entries: Entries): { defaults: Defaults; entries: Entries } {
    const all = Object.values(entries);
    // A default holds for whoever says nothing, so it is one only where everybody says something.
    const user = all.every((entry) => entry.user !== undefined) ? usual(all.map((entry) => entry.user!)) : undefined;
    const resources = all.every(isComplete) ? usual(all.map((entry) => entry.resources!)) : undefined;
    return {
        defaults: { ...base, ...(user !== undefined && { user }), ...(resources && { resources }) },
        entries: Object.fromEntries(
            Object.entries(entries).map(([name, entry]) => [name, without(without(entry, "user", user), "resources", resources)]),
        ),
    };
}

/** The value that stands most often, if it stands twice. */
function usual<T>(values: readonly T[]): T | undefined {
    const count = (value: T) => values.filter((other) => JSON.stringify(other) === JSON.stringify(value)).length;
    const [most] = [...values].sort((a, b) => count(b) - count(a));
    return most !== undefined && count(most) > 1 ? most : undefined;
}

/** Whether nothing of the defaults' resources would show through. */
function isComplete({ resources }: ServiceEntry): boolean {
    return resources?.cpu !== undefined && resources.memory !== undefined;
}

function without<Key extends keyof ServiceEntry>(entry: ServiceEntry, key: Key, value: ServiceEntry[Key]): ServiceEntry {
    const { [key]: own, ...rest } = entry;
    return value !== undefined && JSON.stringify(own) === JSON.stringify(value) ? (rest as ServiceEntry) : entry;
}
