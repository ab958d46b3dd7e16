import type { BranchKind } from "../release/lock";

/** The branches whose pushes are built, as GitHub's filters name them, and what each is to the delivery. */
export const builtBranches: Readonly<Record<string, BranchKind>> = {
    develop: "develop",
    main: "main",
    master: "main",
    "hotfix/**": "hotfix",
};

/** The branch that the first environment follows. */
export const followedBranch = "develop";

/** The tags whose push makes a release, as GitHub's filters name them. */
export const releaseTags = "v*";

/** What starts the workflows that act on the cloud. A pull request is not among it. */
export const trustedEvents = ["push", "schedule", "workflow_dispatch"] as const;

/** What a branch is to the delivery. Nothing where its pushes are not built. */
export function branchKind(branch: string): BranchKind | undefined {
    const filter = Object.keys(builtBranches).find((one) =>
        one.endsWith("**") ? branch.length > one.length - 2 && branch.startsWith(one.slice(0, -2)) : branch === one,
    );
    return filter === undefined ? undefined : builtBranches[filter];
}
