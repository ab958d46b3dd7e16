import type { Delivery } from "../settings/model";

/** The workflows of the operations repository that act on the cloud: an identity's condition names each by its file. */
export type WorkflowName = "build" | "release" | "deploy" | "promote" | "drift";

/** The workflows that may act as what exists once. An environment's deployer is the deploy workflow's, in that environment. */
export const workflowsOf = {
    builder: ["build"],
    releaser: ["release"],
    auditor: ["promote", "drift"],
} as const satisfies Readonly<Record<string, readonly WorkflowName[]>>;

/** A workflow that others call, by its file's name. `check` acts on nothing. */
export type CalledWorkflow = WorkflowName | "check";

/** Folder of a repository that GitHub finds workflows in. */
export const workflowFolder = ".github/workflows";

/** Folder of the action that brings oneflow to other repositories. */
export const actionFolder = ".github/actions/oneflow";

/** File of a workflow that others call. The prefix keeps it apart from a team's own `build.yml`. */
export function workflowPath(name: CalledWorkflow): string {
    return `${workflowFolder}/oneflow-${name}.yml`;
}

/** A workflow as GitHub's token names it in `job_workflow_ref`. */
export function jobWorkflowRef({ repository, branch }: Delivery["operations"], name: WorkflowName): string {
    return `${repository}/${workflowPath(name)}@refs/heads/${branch}`;
}

/** GitHub's variable with the full name of the workload identity provider: it holds a project's number, which no file knows. */
export const providerVariable = "ONEFLOW_IDENTITY_PROVIDER";
