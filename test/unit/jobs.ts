import type { JobIdentity } from "../../sandbox/github/job";
import { ids } from "./platformCloud";

const commit = "a".repeat(40);

/** A job in one of the operations repository's workflows, called by a push to develop, or as given. */
export function job(workflow: string, more: Partial<JobIdentity> = {}): JobIdentity {
    const ref = more.ref ?? "refs/heads/develop";
    return {
        repository: { fullName: "acme/shop", id: ids.repository, ownerId: ids.owner, private: true },
        ref,
        sha: commit,
        eventName: "push",
        actor: "ada",
        runId: 12,
        runNumber: 3,
        runAttempt: 1,
        workflow: "oneflow",
        workflowRef: `acme/shop/.github/workflows/oneflow-push.yml@${ref}`,
        workflowSha: commit,
        jobWorkflowRef: `acme/shop/.github/workflows/oneflow-${workflow}.yml@refs/heads/main`,
        jobWorkflowSha: "b".repeat(40),
        ...more,
    };
}
