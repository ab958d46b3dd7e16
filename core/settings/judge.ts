import { Findings, type Path } from "./findings";
import type { Shape } from "./shape";
import { orKnown, suggest } from "./suggest";

/**
 * Holds a value against its shape: reports every misfit by its path, and gives back what fits,
 * so that whoever reads on meets no value of a wrong form. What is told already is not told again.
 *
 * @returns nothing where the value itself, or a key that it must have, does not fit
 */
export function judge(shape: Shape, value: unknown, path: Path, findings: Findings): unknown {
    if (findings.tells(path)) {
        return undefined;
    }
    if (shape.anyOf) {
        return judge(branch(shape, value), value, path, findings);
    }
    if (!hasKind(shape, value)) {
        findings.add(path, wrongKind(shape, value));
        return undefined;
    }
    if (shape.type === "object") {
        return judgeMap(shape, value as Record<string, unknown>, path, findings);
    }
    if (shape.type === "array") {
        return judgeList(shape, value as unknown[], path, findings);
    }
    if (!scalarFits(shape, value)) {
        findings.add(path, wrongValue(shape, value));
        return undefined;
    }
    return value;
}

function judgeMap(
    shape: Shape,
    value: Record<string, unknown>,
    path: Path,
    findings: Findings,
): Record<string, unknown> | undefined {
    const known = shape.properties ?? {};
    const fitting: [string, unknown][] = [];
    for (const [key, inner] of Object.entries(value)) {
        const place = [...path, key];
        const expected = Object.hasOwn(known, key) ? known[key] : shape.additionalProperties;
        if (expected === false || expected === undefined) {
            const meant = suggest(key, Object.keys(known));
            findings.add(
                place,
                `unknown key; ${orKnown(key, Object.keys(known), "known keys")}`,
                meant === undefined ? undefined : `write ${meant}`,
            );
            continue;
        }
        if (shape.propertyNames && !scalarFits(shape.propertyNames, key)) {
            findings.add(place, wrongValue(shape.propertyNames, key));
            continue;
        }
        const fit = judge(expected, inner, place, findings);
        if (fit !== undefined) {
            fitting.push([key, fit]);
        }
    }
    for (const key of shape.required ?? []) {
        if (!Object.hasOwn(value, key)) {
            findings.add([...path, key], `missing; expected ${expectation(known[key])}`);
        }
    }
    const fit = Object.fromEntries(fitting);
    return (shape.required ?? []).every((key) => Object.hasOwn(fit, key)) ? fit : undefined;
}

function judgeList(shape: Shape, value: readonly unknown[], path: Path, findings: Findings): unknown[] | undefined {
    if (value.length < (shape.minItems ?? 0)) {
        findings.add(path, `is empty; expected ${expectation(shape)}`);
        return undefined;
    }
    return value
        .map((item, index) => judge(shape.items ?? {}, item, [...path, index], findings))
        .filter((item) => item !== undefined);
}

/** The alternative that the value was meant to be; where none has its kind, one that says all that is expected. */
function branch(shape: Shape, value: unknown): Shape {
    const { anyOf = [], expected } = shape;
    const candidates = anyOf.filter((alternative) => hasKind(alternative, value));
    const fitting = candidates.find(
        (alternative) => alternative.type === "object" || alternative.type === "array" || scalarFits(alternative, value),
    );
    if (fitting) {
        return fitting;
    }
    const closest = candidates[0] ?? anyOf.find(({ type }) => type === "string") ?? anyOf[0];
    return { ...closest, expected };
}

function hasKind({ type }: Shape, value: unknown): boolean {
    switch (type) {
        case undefined:
            return true;
        case "object":
            return typeof value === "object" && value !== null && !Array.isArray(value);
        case "array":
            return Array.isArray(value);
        case "integer":
            return typeof value === "number";
        default:
            return typeof value === type;
    }
}

function scalarFits(shape: Shape, value: unknown): boolean {
    if ((shape.enum && !shape.enum.includes(value)) || ("const" in shape && shape.const !== value)) {
        return false;
    }
    if (typeof value === "string") {
        const { minLength = 0, maxLength = Infinity, pattern } = shape;
        return value.length >= minLength && value.length <= maxLength && (pattern === undefined || compiled(pattern).test(value));
    }
    if (typeof value === "number") {
        const { minimum = -Infinity, maximum = Infinity } = shape;
        return value >= minimum && value <= maximum && (shape.type !== "integer" || Number.isSafeInteger(value));
    }
    return true;
}

function wrongKind(shape: Shape, value: unknown): string {
    if (value === null) {
        return `is empty; expected ${expectation(shape)}`;
    }
    if (shape.type === "string" && typeof value !== "object" && scalarFits(shape, String(value))) {
        return `${value} is ${kinds[typeof value]}; expected ${expectation(shape)}: quote it, "${value}"`;
    }
    return `${show(value)} is ${Array.isArray(value) ? "a list" : kinds[typeof value]}; expected ${expectation(shape)}`;
}

function wrongValue(shape: Shape, value: unknown): string {
    const tooLong = typeof value === "string" && value.length > (shape.maxLength ?? Infinity);
    return `${show(value)}${tooLong ? ` has ${String(value).length} characters; it` : ""} is not ${expectation(shape)}`;
}

const kinds: Record<string, string> = {
    string: "a text",
    number: "a number",
    boolean: "true or false",
    object: "a map",
    undefined: "nothing",
    bigint: "a number",
};

function expectation(shape: Shape): string {
    if (shape.expected) {
        return shape.expected;
    }
    const plain = {
        string: "a text",
        integer: "a whole number",
        number: "a number",
        boolean: "true or false",
        array: "a list",
        object: "a map",
    };
    if (shape.enum) {
        return `one of ${shape.enum.join(", ")}`;
    }
    if (shape.properties) {
        return `a map of ${Object.keys(shape.properties).join(", ")}`;
    }
    return shape.type === undefined ? "a value" : plain[shape.type];
}

function show(value: unknown): string {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}

const patterns = new Map<string, RegExp>();
function compiled(pattern: string): RegExp {
    let expression = patterns.get(pattern);
    if (!expression) {
        patterns.set(pattern, (expression = new RegExp(pattern)));
    }
    return expression;
}
