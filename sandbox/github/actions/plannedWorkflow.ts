import { beyond, intersection, type Permissions, permissionsOf, restrictedDefault } from "./permissions";
import type { Repositories } from "./repositories";
import { InvalidWorkflow, readWorkflow, type WorkflowDocument } from "./workflowFile";

/** Where a workflow's text was read. */
export interface WorkflowPlace {
    repository: string;
    path: string;
    /** Full ref, or a commit where it was named by one. */
    ref: string;
    sha: string;
}

/** A workflow, with those that its jobs call. */
export interface PlannedWorkflow {
    place: WorkflowPlace;
    document: WorkflowDocument;
    /** Job's id → what its token may do. */
    permissions: Readonly<Record<string, Permissions>>;
    /** Job's id → the workflow that it calls. */
    calls: Readonly<Record<string, PlannedWorkflow>>;
}

/**
 * Reads a workflow and all that it calls, before anything of it runs.
 *
 * @param caller repository whose event it is
 * @param limit of a workflow that is called: what the job that calls it was given
 * @throws InvalidWorkflow where GitHub would not start it, in GitHub's words
 */
export async function planWorkflow(
    repositories: Repositories,
    place: WorkflowPlace,
    { caller, limit, depth = 1 }: { caller: string; limit?: Permissions; depth?: number },
): Promise<PlannedWorkflow> {
    const text = await repositories.text(place.repository, place.sha, place.path);
    if (text === undefined) throw new InvalidWorkflow(place.path, "workflow was not found.");
    const document = readWorkflow(place.path, text);
    if (limit !== undefined && !("workflow_call" in document.on)) {
        throw new InvalidWorkflow(place.path, "workflow is not reusable as it is missing a `on.workflow_call` trigger");
    }
    if (depth > deepest) throw new InvalidWorkflow(place.path, `workflows are called more than ${deepest} deep`);
    const permissions: Record<string, Permissions> = {};
    const calls: Record<string, PlannedWorkflow> = {};
    for (const [id, job] of Object.entries(document.jobs)) {
        const asked = permissionsOf(job.permissions) ?? permissionsOf(document.permissions);
        if (asked !== undefined && limit !== undefined) requireGiven(place.path, id, asked, limit);
        const most = limit ?? asked ?? restrictedDefault;
        permissions[id] = asked === undefined ? most : intersection(asked, limit ?? asked);
        if (job.uses === undefined) continue;
        const target = await calledPlace(repositories, place, job.uses, caller);
        calls[id] = await planWorkflow(repositories, target, { caller, limit: permissions[id], depth: depth + 1 });
    }
    return { place, document, permissions, calls };
}

/** GitHub lets a chain be ten workflows long. */
const deepest = 10;

function requireGiven(path: string, id: string, asked: Permissions, limit: Permissions): void {
    const missing = beyond(asked, limit);
    if (missing.length === 0) return;
    const list = (side: "asked" | "given") => missing.map((one) => one[side]).join(", ");
    throw new InvalidWorkflow(
        path,
        `The nested job '${id}' is requesting '${list("asked")}', but is only allowed '${list("given")}'.`,
    );
}

async function calledPlace(repositories: Repositories, from: WorkflowPlace, uses: string, caller: string): Promise<WorkflowPlace> {
    if (uses.startsWith("./")) return { ...from, path: uses.slice(2) };
    const [, repository, path, name] = /^([^/]+\/[^/]+)\/(\.github\/workflows\/[^@]+)@(.+)$/.exec(uses) ?? [];
    const fault = (reason: string) => new InvalidWorkflow(from.path, `error parsing called workflow "${uses}": ${reason}`);
    if (repository === undefined) throw fault("expected owner/repository/.github/workflows/file@ref or ./.github/workflows/file");
    const known = repositories.find(repository);
    const found = known && repositories.shares(repository, caller) ? await repositories.resolve(repository, name) : undefined;
    if (!known || !found) throw fault("workflow was not found. See the access policy of its repository.");
    return { repository: known.fullName, path, ...found };
}
