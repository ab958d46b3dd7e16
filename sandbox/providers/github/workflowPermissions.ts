/** What a repository's jobs may beyond what their workflows say. GitHub's default: `read`, and no pull request. */
export interface WorkflowPermissions {
    defaultWorkflowPermissions?: "read" | "write";
    /** Opening pull requests too, in spite of the name. */
    canApprovePullRequestReviews?: boolean;
}

/** Path of the {@link WorkflowPermissions} below a repository's record, `github/<owner>/<name>`, and `organizations/<owner>`. */
export const workflowPermissions = "actions/workflow";
