import type { Problem } from "../refusal";
import type { RepositoryPlan } from "./repositories";

/** What GitHub says of a repository and its owner. */
export interface Standing {
    private: boolean;
    owner: "organization" | "user";
    /** What the owner pays for: `free`, `pro`, `team`, `enterprise`. Absent where the token may not see it. */
    plan?: string;
}

/** Whether GitHub gives the repository environments and rulesets: to private ones from Pro and Team on. */
export function isProtectable({ private: closed, plan }: Standing): boolean {
    return !closed || plan !== "free";
}

/** Whether GitHub asks reviewers before a deployment: in private repositories with Enterprise alone. */
function asksReviewers({ private: closed, plan }: Standing): boolean {
    return !closed || plan === undefined || plan.startsWith("enterprise");
}

/** What is asked for and GitHub would refuse. */
export function overLimits(plans: readonly RepositoryPlan[], standings: Readonly<Record<string, Standing>>): Problem[] {
    return plans.flatMap(({ repository, environments, called }) => {
        const standing = standings[repository];
        const reviewed = asksReviewers(standing) ? [] : environments.filter(({ reviewers }) => reviewers.length > 0);
        const owner = ownerOf(repository);
        const strangers = called && standing.private ? plans.filter((other) => ownerOf(other.repository) !== owner) : [];
        return [
            ...reviewed.map(({ name }) => ({
                subject: `Pulumi.${name}.yaml: reviewers`,
                message: `${repository} is private, and its owner's plan (${standing.plan}) has no required reviewers; GitHub Enterprise has`,
                remedy: `delete the line, and name owners of Pulumi.${name}.yaml in CODEOWNERS: merging is deploying`,
            })),
            ...strangers.map((other) => ({
                subject: other.repository,
                message: `cannot call the workflows of ${repository}, which is private: GitHub lets the repositories of ${owner} alone`,
                remedy: `move it to ${owner}, or make ${repository} public`,
            })),
        ];
    });
}

/** What holds less than it should, and stands in nobody's file. */
export function unprotected(repository: string, standing: Standing): string | undefined {
    return isProtectable(standing)
        ? undefined
        : `${repository} is private and its owner's plan is free: GitHub protects no branch, tag or environment of it.\n` +
              "  Who can push to it can change what is deployed; IAM alone says what a run may do. docs/bootstrap.md\n" +
              "  → GitHub Pro or Team, or a public repository";
}

const ownerOf = (repository: string) => repository.split("/")[0].toLowerCase();
