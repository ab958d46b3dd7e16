/** One job of a workflow run, as GitHub knows it: the claims of its token and its `GITHUB_*` variables come from here. */
export interface JobIdentity {
    /** The repository whose event started the run: the caller's, where the job stands in a reusable workflow. */
    repository: { fullName: string; id: number; ownerId: number; private: boolean };
    /** `refs/heads/develop`; of a pull request `refs/pull/7/merge`. */
    ref: string;
    sha: string;
    /** `push`, `workflow_dispatch`, `schedule`, `pull_request`. */
    eventName: string;
    /** Login of who caused the event. */
    actor: string;
    runId: number;
    runNumber: number;
    /** Starts at 1; a rerun counts on. */
    runAttempt: number;
    /** Name of the workflow that the event started. */
    workflow: string;
    /** Its file: `acme/shop/.github/workflows/oneflow-push.yml@refs/heads/develop`. */
    workflowRef: string;
    workflowSha: string;
    /** The file that the job itself stands in, and the commit that it was read from; the workflow's own where it is not called. */
    jobWorkflowRef: string;
    jobWorkflowSha: string;
    /** GitHub environment of the job. @default - none */
    environment?: string;
    /** Branches of a pull request. @default - none */
    headRef?: string;
    baseRef?: string;
}
