import type { Expression, Template } from "./model";

const expression = (text: string): Expression => ({ expression: text });

/** What GitHub knows of a run: `github("sha")`, `github("event.pull_request.base.sha")`. */
export const github = (path: string): Expression => expression(`github.${path}`);

/** A variable of the repository that the run belongs to, also in a workflow that another repository calls. */
export const vars = (name: string): Expression => expression(`vars.${name}`);

/** What the caller, or the form behind the button, gave. */
export const inputs = (name: string): Expression => expression(`inputs.${name}`);

/** A variable of the job's matrix; of one that holds objects, a path: `matrix("service.name")`. */
export const matrix = (path: string): Expression => expression(`matrix.${path}`);

export const steps = (id: string) => ({ output: (name: string): Expression => expression(`steps.${id}.outputs.${name}`) });

export const needs = (job: string) => ({
    output: (name: string): Expression => expression(`needs.${job}.outputs.${name}`),
    /** `success`, `failure`, `cancelled` or `skipped`. */
    result: expression(`needs.${job}.result`),
});

/** Holds unless the run was cancelled. A condition without it fails as soon as any job before was skipped. */
export const notCancelled = expression("!cancelled()");

/** A JSON text as what it says. */
export const fromJson = ({ expression: text }: Expression): Expression => expression(`fromJSON(${text})`);

export const equals = (left: Expression, right: string): Expression => expression(`${left.expression} == ${literal(right)}`);

export const differs = (left: Expression, right: string): Expression => expression(`${left.expression} != ${literal(right)}`);

export const all = (...conditions: readonly Expression[]): Expression => joined(conditions, " && ");

export const any = (...conditions: readonly Expression[]): Expression => joined(conditions, " || ");

/**
 * The text that belongs to a value, and nothing where none does. Written out case by case: an index that is computed
 * is what hidden code looks like, and zizmor takes it for that.
 */
export function choose(value: Expression, cases: Readonly<Record<string, string>>): Expression {
    const branches = Object.entries(cases).map(([when, then]) => `${equals(value, when).expression} && ${literal(then)}`);
    return expression([...branches, "''"].join(" || "));
}

/** Text with expressions in it: text`deploy-${inputs("environment")}`. */
export function text(strings: TemplateStringsArray, ...values: readonly (string | Expression)[]): Template {
    const parts = strings.flatMap((string, index): (string | Expression)[] =>
        index < values.length ? [string, values[index]] : [string],
    );
    return { parts: parts.filter((part) => part !== "") };
}

function joined(conditions: readonly Expression[], operator: string): Expression {
    const inner = conditions.map(({ expression: text }) => (/ (&&|\|\|) /.test(text) ? `(${text})` : text));
    return expression(inner.join(operator));
}

/** Text as GitHub's expressions write it. */
function literal(value: string): string {
    return `'${value.replace(/'/g, "''")}'`;
}
