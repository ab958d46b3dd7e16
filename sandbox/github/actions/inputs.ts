import type { PlannedWorkflow } from "./plannedWorkflow";
import type { WorkflowDocument } from "./workflowFile";

interface DeclaredInput {
    type?: string;
    required?: boolean;
    default?: unknown;
    options?: readonly string[];
}

/** GitHub's most. */
const mostInputs = 25;

/** The values that a button's form gives a workflow, of the types that it declares. @throws Error in GitHub's words */
export function dispatchInputs({ on }: WorkflowDocument, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { inputs } = (on.workflow_dispatch ?? {}) as { inputs?: Record<string, DeclaredInput> | null };
    const declared = inputs ?? {};
    if (Object.keys(declared).length > mostInputs) throw new Error(`you may only define up to ${mostInputs} \`inputs\``);
    const unexpected = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
    if (unexpected.length > 0) throw new Error(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
    return Object.fromEntries(Object.entries(declared).map(([name, input]) => [name, valueOf(name, input, given[name])]));
}

/** The values that a workflow is called with, of the types that it declares. @throws Error in GitHub's words */
export function calledInputs(
    { document, place }: PlannedWorkflow,
    given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
    const { inputs = {} } = (document.on.workflow_call ?? {}) as { inputs?: Record<string, DeclaredInput> };
    const unknown = Object.keys(given).filter((name) => !Object.hasOwn(inputs, name));
    if (unknown.length > 0)
        throw new Error(`Invalid input, ${unknown.join(", ")} is not defined in the referenced workflow ${place.path}.`);
    return Object.fromEntries(
        Object.entries(inputs).map(([name, { type, required, default: otherwise }]) => {
            if (given[name] === undefined && required === true && otherwise === undefined) {
                throw new Error(`Input ${name} is required, but not provided while calling ${place.path}.`);
            }
            return [name, given[name] ?? otherwise ?? (type === "boolean" ? false : type === "number" ? 0 : "")];
        }),
    );
}

function valueOf(name: string, { type, required, default: otherwise, options }: DeclaredInput, given: unknown): unknown {
    const value = given ?? otherwise;
    if ((value === undefined || value === "") && required === true) throw new Error(`Required input '${name}' not provided`);
    if (type === "boolean") return value === true || value === "true";
    if (type === "number") return Number(value ?? 0);
    if (type === "choice" && value !== undefined && !options!.includes(String(value))) {
        throw new Error(`Provided value '${String(value)}' for input '${name}' not in the list of allowed values`);
    }
    return value ?? "";
}
