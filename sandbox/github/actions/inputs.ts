import type { WorkflowDocument } from "./workflowFile";

interface DispatchInput {
    type?: string;
    required?: boolean;
    default?: unknown;
    options?: readonly string[];
}

/** GitHub's most. */
const mostInputs = 25;

/** The values that a button's form gives a workflow, of the types that it declares. @throws Error in GitHub's words */
export function dispatchInputs({ on }: WorkflowDocument, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { inputs } = (on.workflow_dispatch ?? {}) as { inputs?: Record<string, DispatchInput> | null };
    const declared = inputs ?? {};
    if (Object.keys(declared).length > mostInputs) throw new Error(`you may only define up to ${mostInputs} \`inputs\``);
    const unexpected = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
    if (unexpected.length > 0) throw new Error(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
    return Object.fromEntries(Object.entries(declared).map(([name, input]) => [name, valueOf(name, input, given[name])]));
}

function valueOf(name: string, { type, required, default: otherwise, options }: DispatchInput, given: unknown): unknown {
    const value = given ?? otherwise;
    if ((value === undefined || value === "") && required === true) throw new Error(`Required input '${name}' not provided`);
    if (type === "boolean") return value === true || value === "true";
    if (type === "number") return Number(value ?? 0);
    if (type === "choice" && value !== undefined && !options!.includes(String(value))) {
        throw new Error(`Provided value '${String(value)}' for input '${name}' not in the list of allowed values`);
    }
    return value ?? "";
}
