import type { Delivery } from "../settings/model";
import { releaseTags } from "../workflows/branches";

/** Rules of GitHub over branches or tags, and who is free of them. */
export interface Ruleset {
    name: string;
    target: "branch" | "tag";
    /** Patterns of full reference names. */
    references: readonly string[];
    rules: {
        /** Who is not free of the rules may not create such a reference. */
        creation?: true;
        /** … may not move it. */
        update?: true;
        deletion?: true;
        /** No forced push. */
        nonFastForward?: true;
        pullRequest?: { requiredApprovingReviewCount: number; requireCodeOwnerReview: boolean; dismissStaleReviewsOnPush: boolean };
    };
    free: readonly Free[];
}

/** Who is free of a ruleset's rules: always, or only in a pull request. */
export type Free = ({ team: string } | { role: "administrator" }) & { mode: "always" | "pullRequest" };

/**
 * The rules of a repository. A release's tag never moves, and only releasers make one or a hotfix branch. The branch that
 * deployments run from changes by reviewed pull requests alone: who can push to it can change what every identity does.
 */
export function rulesets(delivery: Delivery, is: { operations: boolean; source: boolean }): Ruleset[] {
    const { branch } = delivery.operations;
    const releasers: Free[] = delivery.releasers
        ? delivery.releasers.map((team) => ({ team, mode: "always" }))
        : [{ role: "administrator", mode: "always" }];
    const tags = { target: "tag", references: [`refs/tags/${releaseTags}`] } as const;
    const operations: Ruleset[] = [
        {
            name: `oneflow: ${branch}`,
            target: "branch",
            references: [`refs/heads/${branch}`],
            rules: {
                deletion: true,
                nonFastForward: true,
                pullRequest: { requiredApprovingReviewCount: 1, requireCodeOwnerReview: true, dismissStaleReviewsOnPush: true },
            },
            // Where one person is the team, nobody else can approve. Files that are delivered without a pull request need more.
            free: [{ role: "administrator", mode: delivery.workflowFiles === "direct" ? "always" : "pullRequest" }],
        },
        { ...tags, name: "oneflow: who releases", rules: { creation: true }, free: releasers },
        { ...tags, name: "oneflow: releases stay", rules: { update: true, deletion: true }, free: [] },
    ];
    const source: Ruleset = {
        name: "oneflow: who begins a hotfix",
        target: "branch",
        // GitHub's `**` takes folders only where a slash follows it.
        references: ["refs/heads/hotfix/**/*"],
        rules: { creation: true },
        free: releasers,
    };
    return [...(is.operations ? operations : []), ...(is.source ? [source] : [])];
}
