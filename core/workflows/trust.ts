import type { Delivery } from "../settings/model";
import { builtBranches, releaseTags, trustedEvents } from "./branches";
import { jobWorkflowRef, workflowFolder, workflowsOf, type WorkflowName } from "./names";

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
 * request's run, and a caller that was edited on a branch of its own, get no token. A release's tag is the release workflow's, and
 * nothing else is: what a tag names never builds or deploys, and no branch releases. Nothing depends on the form of `sub`, which
 * changed for repositories made since 2026-07-15.
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
            onRefs([
                ...[...Object.keys(builtBranches), delivery.operations.branch].map((branch) => `refs/heads/${branch}`),
                `refs/tags/${releaseTags}`,
            ]),
            `${oneOf("assertion.ref", [`refs/tags/${releaseTags}`])} == (${oneOf("assertion.job_workflow_ref", releasing(delivery))})`,
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

/** CEL: whether the run is of one of these. */
function onRefs(filters: readonly string[]): string {
    return `(${oneOf("assertion.ref", filters)})`;
}

/** CEL: whether a claim is one of these. A filter that ends in a wildcard takes whatever begins like it. */
function oneOf(claim: string, filters: readonly string[]): string {
    const unique = [...new Set(filters)];
    const named = unique.filter((filter) => !filter.endsWith("*"));
    const open = unique.filter((filter) => filter.endsWith("*")).map((filter) => filter.replace(/\*+$/, ""));
    return [
        ...(named.length > 0 ? [`${claim} in [${named.map(quoted).join(", ")}]`] : []),
        ...open.map((start) => `${claim}.startsWith(${quoted(start)})`),
    ].join(" || ");
}

/** The workflows that a release's tag may start, as a token names them. */
function releasing({ operations }: Delivery): string[] {
    return workflowsOf.releaser.map((name) => jobWorkflowRef(operations, name));
}

function principalSet(pool: string, attribute: string, value: string): string {
    return `principalSet://iam.googleapis.com/${pool}/attribute.${attribute}/${value}`;
}

function quoted(text: string): string {
    return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
}
