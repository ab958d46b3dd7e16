import type { EnvValue } from "../settings/model";
import type { Container } from "./objects";
import { versionKey } from "./secretVersions";

/**
 * In an order of their own, whatever that of the file is: a catalog that was kept by a lock has its keys sorted, and must render the
 * very same objects. `$(NAME)` in a value refers to a variable before it, so what is referred to comes first, and all else by name.
 *
 * @param versions name of the Secret with the service's versions of Secret Manager's secrets
 */
export function environment(env: Readonly<Record<string, EnvValue>>, versions: string | undefined): Pick<Container, "env"> {
    const variables = inOrder(env).map(([name, value]) =>
        typeof value === "string" ? { name, value } : { name, valueFrom: { secretKeyRef: keyOf(value, versions) } },
    );
    return variables.length > 0 ? { env: variables } : {};
}

/** Of those that refer to each other in a circle, which no order suits, the first by name is the last. */
function inOrder(env: Readonly<Record<string, EnvValue>>): [string, EnvValue][] {
    const seen = new Set<string>();
    const ordered: [string, EnvValue][] = [];
    const place = (name: string): void => {
        if (seen.has(name) || !Object.hasOwn(env, name)) return;
        seen.add(name);
        referred(env[name]).sort().forEach(place);
        ordered.push([name, env[name]]);
    };
    Object.keys(env).sort().forEach(place);
    return ordered;
}

/** Names in `$(NAME)`; `$$(NAME)` is a text that stays as it is. */
function referred(value: EnvValue): string[] {
    if (typeof value !== "string") return [];
    return [...value.matchAll(/\$\$|\$\(([^)]*)\)/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

function keyOf(value: Exclude<EnvValue, string>, versions: string | undefined): { name: string; key: string } {
    return "secret" in value ? { name: value.secret, key: value.key } : { name: versions!, key: versionKey(value) };
}
