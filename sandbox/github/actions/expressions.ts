import { createRequire } from "node:module";
import type * as Evaluation from "@actions/expressions";

const github = createRequire(__filename)("./githubExpressions.mjs") as typeof Evaluation;

/** Values that an expression may name: `github`, `needs`, `inputs`, … */
export type Contexts = Readonly<Record<string, unknown>>;

/** How the jobs before stand: which of `success()`, `failure()` and `cancelled()` answers yes. None of them where one was skipped. */
export type Standing = "success" | "failure" | "cancelled" | "skipped";

/** What an expression cannot be evaluated to, in the evaluator's own words. */
export class ExpressionFault extends Error {
    constructor(
        readonly expression: string,
        reason: string,
    ) {
        super(`The template is not valid. ${reason} in \${{ ${expression} }}`);
        this.name = "ExpressionFault";
    }
}

/** The value of an expression. @throws ExpressionFault */
export function evaluate(expression: string, contexts: Contexts, functions: readonly StatusFunction[] = []): unknown {
    return plain(computed(expression, contexts, functions));
}

/**
 * The value of a text with expressions in it: the expression's own where it is nothing else, a string otherwise.
 *
 * @throws ExpressionFault
 */
export function evaluateText(text: string, contexts: Contexts): unknown {
    const parts = partsOf(text);
    if (parts.length === 1 && "expression" in parts[0]) return evaluate(parts[0].expression, contexts);
    return parts.map((part) => ("text" in part ? part.text : computed(part.expression, contexts, []).coerceString())).join("");
}

/** {@link evaluateText} for every string in a value. @throws ExpressionFault */
export function evaluateAll(value: unknown, contexts: Contexts): unknown {
    if (typeof value === "string") return evaluateText(value, contexts);
    if (Array.isArray(value)) return value.map((one) => evaluateAll(one, contexts));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, evaluateAll(one, contexts)]));
}

/**
 * Whether a job's `if` holds. A condition that asks nothing of the jobs before holds only where they succeeded.
 *
 * @throws ExpressionFault
 */
export function holds(condition: string | boolean | undefined, contexts: Contexts, standing: Standing): boolean {
    const text = condition === undefined ? "success()" : String(condition);
    const [part, ...more] = partsOf(text);
    const expression = more.length === 0 && part && "expression" in part ? part.expression : text;
    const asks = /\b(success|failure|cancelled|always)\s*\(/i.test(expression);
    const answer = evaluate(asks ? expression : `success() && (${expression})`, contexts, statusFunctions(standing));
    return answer !== false && answer !== null && answer !== "" && answer !== 0;
}

/** A text cut at its expressions. */
export function partsOf(text: string): ({ text: string } | { expression: string })[] {
    const parts: ({ text: string } | { expression: string })[] = [];
    let at = 0;
    for (const found of text.matchAll(/\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}/g)) {
        if (found.index > at) parts.push({ text: text.slice(at, found.index) });
        parts.push({ expression: found[1].trim() });
        at = found.index + found[0].length;
    }
    return at < text.length || parts.length === 0 ? [...parts, { text: text.slice(at) }] : parts;
}

/** A function that only a condition may call. */
interface StatusFunction {
    name: string;
    answer: boolean;
}

function statusFunctions(standing: Standing): StatusFunction[] {
    return [
        { name: "always", answer: true },
        ...(["success", "failure", "cancelled"] as const).map((name) => ({ name, answer: standing === name })),
    ];
}

function computed(expression: string, contexts: Contexts, status: readonly StatusFunction[]): Evaluation.data.ExpressionData {
    const { BooleanData, Dictionary } = github.data;
    const functions = status.map(({ name, answer }) => ({
        name,
        description: name,
        minArgs: 0,
        maxArgs: 0,
        call: () => new BooleanData(answer),
    }));
    const entries = Object.entries(contexts).map(([key, value]) => ({ key, value: dataOf(value ?? null) }));
    try {
        const { tokens } = new github.Lexer(expression).lex();
        const tree = new github.Parser(tokens, Object.keys(contexts), functions).parse();
        const known = new Map(functions.map((one) => [one.name, one]));
        return new github.Evaluator(tree, new Dictionary(...entries), known).evaluate();
    } catch (error) {
        throw new ExpressionFault(expression, (error as Error).message);
    }
}

function dataOf(value: unknown): Evaluation.data.ExpressionData {
    return JSON.parse(JSON.stringify(value), github.data.reviver) as Evaluation.data.ExpressionData;
}

function plain(value: Evaluation.data.ExpressionData): unknown {
    return JSON.parse(JSON.stringify(value, github.data.replacer)) as unknown;
}
