import type { Findings, Path } from "./findings";

/** The documents that schemas describe: `services.yaml`, and two keys of the stack files. */
type Described = "services" | "environment" | "platform";

interface NotYet {
    in: Described;
    /** Keys from the document's top; `*` is any key or position. */
    path: string;
    /** Only these values are refused. @default - every value but nothing */
    values?: readonly unknown[];
    /** What can be done now: an edit to make. */
    instead: string;
}

/** Everything that the schemas know and the program does not do yet. Whoever builds it deletes its line. */
export const notYet: readonly NotYet[] = [];

/** Refuses by name what is not supported yet: what is asked for is never ignored. */
export function refuseNotYet(document: Described, value: unknown, path: Path, findings: Findings): void {
    for (const rule of notYet.filter((candidate) => candidate.in === document)) {
        const { values, instead } = rule;
        for (const found of occurrences(value, rule.path.split("."), path)) {
            if (found.value !== null && (!values || values.includes(found.value))) {
                const said = values ? `${found.path.at(-1)}: ${String(found.value)}` : String(found.path.at(-1));
                findings.add(found.path, `${said} is not supported yet`, instead);
            }
        }
    }
}

function occurrences(value: unknown, [key, ...rest]: readonly string[], path: Path): { path: Path; value: unknown }[] {
    if (key === undefined) {
        return [{ path, value }];
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    return entries
        .filter(([name]) => key === "*" || key === name)
        .flatMap(([name, inner]) => occurrences(inner, rest, [...path, name]));
}
