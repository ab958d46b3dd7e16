import type { Findings, Path } from "./findings";
import type { EnvValue } from "./model";
import type { EnvEntry } from "./schema/service";

/** Environment variables, in the order of the file; what does not fit is left out and reported. */
export function readEnv(env: EnvEntry = {}, path: Path, findings: Findings): Record<string, EnvValue> {
    return Object.fromEntries(
        Object.entries(env).flatMap(([name, entry]) => {
            const value = typeof entry === "string" ? entry : readReference(entry, [...path, name], findings);
            return value === undefined ? [] : [[name, value]];
        }),
    );
}

function readReference({ secret, key }: Exclude<EnvEntry[string], string>, path: Path, findings: Findings): EnvValue | undefined {
    if (secret !== undefined && key !== undefined) {
        return { secret, key };
    }
    if (!findings.touches(path)) {
        const message = secret !== undefined ? `names the Secret ${secret} and no key of it` : "is a map that names no Secret";
        findings.add(path, `${message}; expected a text, or { secret: name, key: password }`);
    }
    return undefined;
}
