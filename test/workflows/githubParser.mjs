// GitHub's own parser of workflows: prints what it holds against the files, as JSON. An ES module, which the tests are not.

import { readFileSync } from "node:fs";
import { register } from "node:module";

// The package imports JSON as bundlers take it, without the attribute that Node asks for.
register(
    `data:text/javascript,${encodeURIComponent(
        'export const load = (url, context, next) => next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);',
    )}`,
);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const findings = [];
for (const name of process.argv.slice(2)) {
    const { context, value } = parseWorkflow({ name, content: readFileSync(name, "utf8") }, new NoOperationTraceWriter());
    // What the schema takes and the jobs among each other do not. Asked only where the schema was content: else it repeats.
    if (value && context.errors.count === 0) await convertWorkflowTemplate(context, value);
    findings.push(...context.errors.getErrors().map(({ message }) => message));
}
console.log(JSON.stringify(findings));
