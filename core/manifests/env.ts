import type { EnvValue } from "../settings/model";
import type { Container } from "./objects";
import { versionKey } from "./secretVersions";

/**
 * In the order of the file: `$(NAME)` in a value refers to a variable before it.
 *
 * @param versions name of the Secret with the service's versions of Secret Manager's secrets
 */
export function environment(env: Readonly<Record<string, EnvValue>>, versions: string | undefined): Pick<Container, "env"> {
    const variables = Object.entries(env).map(([name, value]) =>
        typeof value === "string" ? { name, value } : { name, valueFrom: { secretKeyRef: keyOf(value, versions) } },
    );
    return variables.length > 0 ? { env: variables } : {};
}

function keyOf(value: Exclude<EnvValue, string>, versions: string | undefined): { name: string; key: string } {
    return "secret" in value ? { name: value.secret, key: value.key } : { name: versions!, key: versionKey(value) };
}
