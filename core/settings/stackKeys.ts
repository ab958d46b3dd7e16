import { Findings, type Path } from "./findings";
import { isObject, type Project, type StackConfig } from "./stackFile";
import { orKnown, suggest } from "./suggest";

const ownKeys = ["commit", "pins", "catalogOf", "override", "environment", "platform"];

/** Refuses keys that no part of the program reads, and secrets, which none of ours is. */
export function refuseStrays(
    { stack, values }: StackConfig,
    project: Project,
    role: "platform" | "environment",
    findings: Findings,
): void {
    const foreign = ["gcp:project", "gcp:region", ...(role === "platform" ? ["github:owner"] : [])];
    for (const [key, value] of values) {
        const [namespace, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
        const remove = `pulumi config rm ${key} -s ${stack}`;
        if (namespace === project.name && ownKeys.includes(name)) {
            refuseSecrets(value, [key], stack, findings);
        } else if (namespace === project.name) {
            const meant = suggest(name, ownKeys);
            const rename =
                meant && typeof value === "string" ? `pulumi config set ${meant} ${value} -s ${stack}, and ${remove}` : remove;
            findings.add([key], `unknown key; ${orKnown(name, ownKeys, "known keys")}`, rename);
        } else if (foreign.includes(key)) {
            refuseSecrets(value, [key], stack, findings);
        } else if (["gcp", "google-native", "kubernetes", "github", "docker"].includes(namespace)) {
            findings.add(
                [key],
                `configures the ${namespace} provider, which the program does itself; allowed here: ${foreign.join(", ")}`,
                `${remove}; credentials come from the environment of the process`,
            );
        } else {
            findings.add(
                [key],
                `is in the namespace ${namespace}, which nothing here reads; ${orKnown(namespace, [project.name, "gcp"], "keys are in")}`,
                remove,
            );
        }
    }
}

function refuseSecrets(value: unknown, path: Path, stack: string, findings: Findings): void {
    if (!isObject(value) && !Array.isArray(value)) {
        return;
    }
    const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, inner] of entries) {
        if (key === "secure" && typeof inner === "string") {
            findings.add(
                path,
                "is encrypted (secure: …), and nothing of it is a secret: other stacks and reviewers read it",
                path.length === 1 ? `pulumi config set --plaintext ${path[0]} <value> -s ${stack}` : "write the plain value",
            );
        } else {
            refuseSecrets(inner, [...path, key], stack, findings);
        }
    }
}
