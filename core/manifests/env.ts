import type { EnvValue } from "../settings/model";
import type { Container } from "./objects";

/** In the order of the file: `$(NAME)` in a value refers to a variable before it. */
export function environment(env: Readonly<Record<string, EnvValue>>): Pick<Container, "env"> {
    const variables = Object.entries(env).map(([name, value]) =>
        typeof value === "string" ? { name, value } : { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key } } },
    );
    return variables.length > 0 ? { env: variables } : {};
}
