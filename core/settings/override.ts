import type { Findings } from "./findings";
import type { StandingOverride } from "./model";
import { isObject, type StackConfig } from "./stackFile";

/** Judges the `override` of a stack file. Whether its rules may be overridden, the rules of promotion say. */
export function judgeOverride({ stack, values }: StackConfig, project: string, findings: Findings): void {
    const path = `${project}:override`;
    const value = values.get(path);
    if (value === undefined) {
        return;
    }
    const remove = `pulumi config rm override -s ${stack}`;
    if (!isObject(value)) {
        const expected = '{ for: <commit>, rules: [freeze], reason: "…" }';
        findings.add([path], `${JSON.stringify(value)} is not an override; expected ${expected}`, remove);
        return;
    }
    const { for: asked, rules, reason, ...others } = value;
    for (const key of Object.keys(others)) {
        findings.add(
            [path, key],
            "unknown key; known keys: for, rules, reason",
            `pulumi config rm --path override.${key} -s ${stack}`,
        );
    }
    if (!isText(asked)) {
        findings.add([path, "for"], "names no promotion; expected what is asked for, as commit says it", remove);
    } else if (asked === "latest") {
        const message = "latest is another commit tomorrow, and an override is for one promotion; expected a full commit SHA";
        findings.add([path, "for"], message, remove);
    }
    if (!isRules(rules)) {
        findings.add([path, "rules"], "names no rules; expected a list: [freeze]", remove);
    }
    if (!isText(reason)) {
        findings.add([path, "reason"], "is missing; expected the words that the run record keeps", remove);
    }
}

/** The override as the file says it. Nothing where it says none, or one that {@link judgeOverride} refuses. */
export function readOverride({ values }: StackConfig, project: string): StandingOverride | undefined {
    const value = values.get(`${project}:override`);
    const { for: asked, rules, reason } = isObject(value) ? value : {};
    return isText(asked) && isRules(rules) && isText(reason) ? { for: asked, rules, reason } : undefined;
}

function isText(value: unknown): value is string {
    return typeof value === "string" && value.trim() !== "";
}

function isRules(value: unknown): value is string[] {
    return Array.isArray(value) && value.length > 0 && value.every(isText);
}
