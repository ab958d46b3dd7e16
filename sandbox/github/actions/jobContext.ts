import type { JobIdentity } from "../job";
import type { Run } from "./model";
import type { WorkflowPlace } from "./plannedWorkflow";
import type { Repositories } from "./repositories";

/** Who a job of a run is: where it stands, and what its run is of. */
export function identityOf(run: Run, place: WorkflowPlace, repositories: Repositories, environment?: string): JobIdentity {
    const { fullName, id, ownerId, private: hidden } = repositories.require(run.repository);
    return {
        repository: { fullName, id, ownerId, private: hidden },
        ref: run.ref,
        sha: run.sha,
        eventName: run.event,
        actor: run.actor,
        runId: run.id,
        runNumber: run.number,
        runAttempt: run.attempt,
        workflow: run.workflow,
        workflowRef: `${run.repository}/${run.path}@${run.ref}`,
        workflowSha: run.sha,
        jobWorkflowRef: `${place.repository}/${place.path}@${place.ref}`,
        jobWorkflowSha: place.sha,
        ...(environment === undefined ? {} : { environment }),
        ...(run.headRef === undefined ? {} : { headRef: run.headRef }),
        ...(run.baseRef === undefined ? {} : { baseRef: run.baseRef }),
    };
}

/** What expressions find at `github`, but for what only the runner knows. */
export function githubContext(run: Run, place: WorkflowPlace, repositories: Repositories): object {
    const { repository, ...identity } = identityOf(run, place, repositories);
    return {
        repository: repository.fullName,
        repository_id: String(repository.id),
        repository_owner: repository.fullName.split("/")[0],
        repository_owner_id: String(repository.ownerId),
        repository_visibility: repository.private ? "private" : "public",
        ref: run.ref,
        ref_name: run.ref.replace(/^refs\/(heads|tags|pull)\//, ""),
        ref_type: run.ref.startsWith("refs/tags/") ? "tag" : "branch",
        sha: run.sha,
        event_name: run.event,
        event: run.payload,
        actor: run.actor,
        triggering_actor: run.actor,
        run_id: String(run.id),
        run_number: String(run.number),
        run_attempt: String(run.attempt),
        workflow: run.workflow,
        workflow_ref: identity.workflowRef,
        workflow_sha: identity.workflowSha,
        job_workflow_sha: identity.jobWorkflowSha,
        head_ref: run.headRef ?? "",
        base_ref: run.baseRef ?? "",
    };
}

/** What expressions find at `vars`. */
export function variablesOf(repository: string, { cloud }: Repositories): Record<string, string> {
    const records = cloud.store.all<{ variableName: string; value: string }>(`github/${repository}/variables`);
    return Object.fromEntries(records.map(({ variableName, value }) => [variableName, value]));
}
