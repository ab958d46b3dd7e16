import { type Contexts, evaluate } from "./expressions";

/**
 * Puts what is known before a job starts in place of the names that its steps call it by, so that the runner has to know only what
 * comes about while it runs: `steps`, `env`, `job` and `runner`.
 *
 * @param known contexts by name
 * @throws ExpressionFault
 */
export function inlineContexts(value: unknown, known: Contexts, key?: string): unknown {
    if (typeof value === "string") return key === "if" ? inlined(value, known) : inText(value, known);
    if (Array.isArray(value)) return value.map((one) => inlineContexts(one, known));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inlineContexts(one, known, name)]));
}

function inText(text: string, known: Contexts): string {
    return text.replace(
        /\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}/g,
        (_, expression: string) => `\${{${inlined(expression, known)}}}`,
    );
}

/** One name with all that is picked out of it, or a text in quotes, in which no name is one. */
const pattern = /'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\s*\.\s*(?:[A-Za-z_][\w-]*|\*)|\s*\[\s*(?:'(?:[^']|'')*'|\d+)\s*\])*/g;

function inlined(expression: string, known: Contexts): string {
    return expression.replace(pattern, (access: string, at: number) => {
        const context = /^[A-Za-z_][\w-]*/.exec(access)?.[0].toLowerCase();
        const picked = expression[at - 1] === ".";
        if (context === undefined || picked || !Object.hasOwn(known, context) || runnersOwn.test(access)) return access;
        return literal(evaluate(access, known));
    });
}

/** What of `github` only the runner knows. `github` as a whole would hold it too. */
const runnersOwn = /^github(\s*$|\s*\.\s*(token|workspace|action|action_\w+|event_path|job|env|path|output)$)/i;

function literal(value: unknown): string {
    if (value === null || typeof value === "boolean" || typeof value === "number") return String(value);
    if (typeof value === "string" && !/[\n\r']/.test(value)) return `'${value}'`;
    // A quoted text may hold no line feed, and GitHub's evaluator reads of several quotes in one only the first.
    return `fromJSON('${JSON.stringify(value).replaceAll("'", "\\u0027")}')`;
}
