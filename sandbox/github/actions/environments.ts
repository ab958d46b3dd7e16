import type { Cloud } from "../../providers/cloud";
import { matches } from "./patterns";

/** An environment of a repository, as GitHub's records have it. */
interface EnvironmentRecord {
    deploymentBranchPolicy?: { protectedBranches?: boolean; customBranchPolicies?: boolean };
    reviewers?: readonly { users?: readonly unknown[]; teams?: readonly unknown[] }[];
}

/** What GitHub makes of a job that names an environment. */
export interface Admission {
    /** Why the job may not run at all, in GitHub's words. */
    refusal?: string;
    /** Whether somebody has to approve first. */
    needsApproval: boolean;
}

/** Holds a job against the rules of its environment, which is made where there is none. */
export function admit(cloud: Cloud, repository: string, environment: string, ref: string): Admission {
    const name = `github/${repository}/environments/${environment}`;
    const record = cloud.store.get<EnvironmentRecord>(name);
    if (!record) {
        cloud.store.put(name, { environment, repository: repository.split("/")[1] });
        return { needsApproval: false };
    }
    if (!branchAllowed(cloud, name, record, ref)) {
        const short = ref.replace(/^refs\/(heads|tags)\//, "").replace(/^refs\/pull\//, "");
        const kind = ref.startsWith("refs/tags/") ? "Tag" : "Branch";
        const refusal = `${kind} "${short}" is not allowed to deploy to ${environment} due to environment protection rules.`;
        return { refusal, needsApproval: false };
    }
    const reviewers = (record.reviewers ?? []).flatMap(({ users = [], teams = [] }) => [...users, ...teams]);
    return { needsApproval: reviewers.length > 0 };
}

function branchAllowed(cloud: Cloud, name: string, { deploymentBranchPolicy: policy }: EnvironmentRecord, ref: string): boolean {
    const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
    if (policy?.customBranchPolicies) {
        const patterns = cloud.store.all<{ branchPattern?: string; tagPattern?: string }>(name);
        const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
        return patterns.some(
            ({ branchPattern, tagPattern }) =>
                (branch !== undefined && branchPattern !== undefined && matches([branchPattern], branch)) ||
                (tag !== undefined && tagPattern !== undefined && matches([tagPattern], tag)),
        );
    }
    // The sandbox's GitHub has rulesets; they are not what this policy means.
    return policy?.protectedBranches !== true;
}
