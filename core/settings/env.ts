import type { Findings, Path } from "./findings";
import type { EnvValue } from "./model";
import type { EnvEntry } from "./schema/service";

/** Environment variables; what does not fit is left out and reported. */
export function readEnv(env: EnvEntry = {}, path: Path, findings: Findings): Record<string, EnvValue> {
    return Object.fromEntries(
        Object.entries(env).flatMap(([name, entry]) => {
            const value = typeof entry === "string" ? entry : readReference(entry, [...path, name], findings);
            return value === undefined ? [] : [[name, value]];
        }),
    );
}

function readReference(entry: Exclude<EnvEntry[string], string>, path: Path, findings: Findings): EnvValue | undefined {
    const { secret, key, secretManager, version } = entry;
    const named = Object.keys(entry).length;
    if (secret !== undefined && key !== undefined && named === 2) {
        return { secret, key };
    }
    if (secretManager !== undefined && version !== undefined && named === 2) {
        return { secretManager, version };
    }
    if (!findings.touches(path)) {
        findings.add(
            path,
            `${fault(entry)}; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }`,
        );
    }
    return undefined;
}

function fault({ secret, key, secretManager, version }: Exclude<EnvEntry[string], string>): string {
    if ((secret ?? key) !== undefined && (secretManager ?? version) !== undefined) {
        return "mixes a Kubernetes Secret and Secret Manager";
    }
    if (secretManager !== undefined) {
        return `names the secret ${secretManager} of Secret Manager and no version of it`;
    }
    return secret !== undefined ? `names the Secret ${secret} and no key of it` : "is a map that names no Secret";
}
