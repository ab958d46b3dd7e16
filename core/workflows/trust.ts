import type { Delivery } from "../settings/model";
import { builtBranches, trustedEvents } from "./branches";
import { jobWorkflowRef, workflowFolder, type WorkflowName } from "./names";

export type { WorkflowName } from "./names";

/** Numeric ids of a GitHub repository: a name can be registered again by another, an id cannot. */
export interface RepositoryIds {
    repository: string;
    owner: string;
}

/** How workload identity federation reads a GitHub token. */
export interface Trust {
    /** Google attribute → CEL expression over the token's claims. */
    attributeMapping: Readonly<Record<string, string>>;
    /** CEL: which tokens are taken at all. At most 4,096 characters. */
    attributeCondition: string;
}

/** Where GitHub's tokens come from. */
export const githubIssuer = "https://token.actions.githubusercontent.com";

/**
 * Tokens are taken from workflows of the operations repository's protected branch alone, called from repositories of
 * one owner. `job_workflow_ref` decides: a push runs the caller's file of *that* branch, so without it whoever can push
 * a branch holds the builder's token. And of what calls them, only pushes and buttons on the branches that are built: a pull
 * request's run, and a caller that was edited on a branch of its own, get no token. Nothing depends on the form of `sub`, which changed for repositories made since
 * 2026-07-15.
 */
export function trust(delivery: Delivery, operations: RepositoryIds, callers: readonly RepositoryIds[]): Trust {
    const owners = [...new Set([operations, ...callers].map(({ owner }) => owner))].sort();
    const repositories = [...new Set([operations, ...callers].map(({ repository }) => repository))].sort();
    return {
        attributeMapping: {
            // google.subject holds 127 bytes, which `sub` with a long branch name would overflow.
            "google.subject": "assertion.repository_id + ':' + assertion.run_id",
            "attribute.workflow": "assertion.repository_id + '@' + assertion.job_workflow_ref",
            "attribute.deployment":
                "assertion.repository_id + '@' + assertion.job_workflow_ref + '@' + (has(assertion.environment) ? assertion.environment : '') + '@' + assertion.ref",
        },
        attributeCondition: [
            `assertion.repository_owner_id in [${owners.map(quoted).join(", ")}]`,
            `assertion.repository_id in [${repositories.map(quoted).join(", ")}]`,
            `assertion.job_workflow_ref.startsWith(${quoted(`${delivery.operations.repository}/${workflowFolder}/`)})`,
            `assertion.job_workflow_ref.endsWith(${quoted(`@refs/heads/${delivery.operations.branch}`)})`,
            `assertion.event_name in [${trustedEvents.map(quoted).join(", ")}]`,
            onBranches([...Object.keys(builtBranches), delivery.operations.branch]),
        ].join(" && "),
    };
}

/** The member that stands for one workflow, called from one repository. */
export function workflowPrincipal(pool: string, delivery: Delivery, workflow: WorkflowName, caller: RepositoryIds): string {
    return principalSet(pool, "workflow", `${caller.repository}@${jobWorkflowRef(delivery.operations, workflow)}`);
}

/** The member that stands for the deploy workflow in one GitHub environment, called from one branch of one repository. */
export function deploymentPrincipal(
    pool: string,
    delivery: Delivery,
    caller: RepositoryIds,
    { environment, branch }: { environment: string; branch: string },
): string {
    const workflow = jobWorkflowRef(delivery.operations, "deploy");
    return principalSet(pool, "deployment", `${caller.repository}@${workflow}@${environment}@refs/heads/${branch}`);
}

/** CEL: whether the run's branch is one of these. A filter that ends in a wildcard takes whatever begins like it. */
function onBranches(filters: readonly string[]): string {
    const refs = [...new Set(filters)].map((filter) => `refs/heads/${filter}`);
    const named = refs.filter((ref) => !ref.endsWith("**"));
    const open = refs.filter((ref) => ref.endsWith("**")).map((ref) => ref.slice(0, -2));
    const conditions = [
        `assertion.ref in [${named.map(quoted).join(", ")}]`,
        ...open.map((ref) => `assertion.ref.startsWith(${quoted(ref)})`),
    ];
    return `(${conditions.join(" || ")})`;
}

function principalSet(pool: string, attribute: string, value: string): string {
    return `principalSet://iam.googleapis.com/${pool}/attribute.${attribute}/${value}`;
}

function quoted(text: string): string {
    return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
}
