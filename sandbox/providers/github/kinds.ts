import type { Repository } from "../cloud";
import { hex } from "../cloud/endpoints";
import { ProviderError, type Values } from "../double";
import { type WorkflowPermissions, workflowPermissions } from "./workflowPermissions";

/** How one kind of GitHub resource is kept. */
export interface GithubKind {
    required: readonly string[];
    replaceOn: readonly string[];
    /** Path of the record under its repository. */
    path(inputs: Values, repository: Repository): string;
    id(inputs: Values, repository: Repository): string;
    answers(inputs: Values, repository: Repository): Values;
    defaults?(): Values;
    /** @throws ProviderError */
    admit?(inputs: Values, repository: Repository, record: RecordOf, owner: RecordOf): void;
}

/** What is kept at a path of a repository, or of its owner. */
export type RecordOf = <T>(path: string) => T | undefined;

const kinds: Readonly<Record<string, GithubKind>> = {
    "github:index/repositoryEnvironment:RepositoryEnvironment": {
        required: ["repository", "environment"],
        replaceOn: ["repository", "environment"],
        path: ({ environment }) => `environments/${environment}`,
        id: ({ environment }, { fullName }) => `${fullName.split("/")[1]}:${environment}`,
        answers: (_, { id }) => ({ repositoryId: id }),
        defaults: () => ({ canAdminsBypass: true }),
        admit: ({ deploymentBranchPolicy, reviewers }, repository) => {
            requirePlan(repository, "PUT", "environments", ["team", "enterprise"]);
            if (reviewers !== undefined && !allows(repository, ["enterprise"])) {
                throw apiError(
                    422,
                    "PUT",
                    `${repository.fullName}/environments`,
                    "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.",
                );
            }
            const policy = deploymentBranchPolicy as { protectedBranches?: boolean; customBranchPolicies?: boolean } | undefined;
            if (policy && policy.protectedBranches === policy.customBranchPolicies) {
                throw apiError(
                    422,
                    "PUT",
                    "environments",
                    "protected_branches and custom_branch_policies cannot have the same value",
                );
            }
        },
    },
    "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": {
        required: ["repository", "environment"],
        replaceOn: ["repository", "environment"],
        path: ({ environment, branchPattern, tagPattern }) =>
            `environments/${environment}/policies/${String(branchPattern ?? tagPattern).replaceAll("/", ":")}`,
        id: (inputs, { fullName }) =>
            `${fullName.split("/")[1]}:${inputs.environment}:${idOf(`${inputs.environment} ${inputs.branchPattern ?? inputs.tagPattern}`)}`,
        answers: ({ environment, branchPattern, tagPattern }, { id }) => ({
            repositoryId: id,
            policyId: idOf(`${environment} ${branchPattern ?? tagPattern}`),
        }),
        admit: ({ environment, branchPattern, tagPattern }, { fullName }, record) => {
            if ((branchPattern === undefined) === (tagPattern === undefined)) {
                throw new ProviderError('"branch_pattern": one of `branch_pattern,tag_pattern` must be specified');
            }
            const policy = record<{ deploymentBranchPolicy?: { customBranchPolicies?: boolean } }>(`environments/${environment}`);
            if (!policy?.deploymentBranchPolicy?.customBranchPolicies) {
                throw apiError(404, "POST", `${fullName}/environments/${environment}/deployment-branch-policies`, "Not Found");
            }
        },
    },
    "github:index/repositoryRuleset:RepositoryRuleset": {
        required: ["repository", "name", "target", "enforcement", "rules"],
        replaceOn: [],
        path: ({ name }) => `rulesets/${String(name).replaceAll("/", ":")}`,
        id: ({ name }, { fullName }) => `${fullName.split("/")[1]}:${idOf(`${fullName} ${String(name)}`)}`,
        answers: ({ name }, { fullName }) => ({ rulesetId: idOf(`${fullName} ${String(name)}`), nodeId: `RRS_${String(name)}` }),
        admit: ({ target, enforcement, conditions }, repository) => {
            requirePlan(repository, "POST", "rulesets", ["team", "enterprise"]);
            if (
                !["branch", "tag", "push"].includes(String(target)) ||
                !["active", "disabled", "evaluate"].includes(String(enforcement))
            ) {
                throw new ProviderError(
                    `expected target to be one of [branch push tag], enforcement one of [disabled active evaluate]`,
                );
            }
            const { refName } = (conditions ?? {}) as { refName?: { includes?: string[] } };
            const bad = (refName?.includes ?? []).find((one) => !/^(refs\/(heads|tags)\/.+|~DEFAULT_BRANCH|~ALL)$/.test(one));
            if (target !== "push" && (refName === undefined || bad !== undefined)) {
                throw apiError(
                    422,
                    "POST",
                    `${repository.fullName}/rulesets`,
                    `Validation Failed: Invalid conditions: ${bad ?? "ref_name"}`,
                );
            }
        },
    },
    "github:index/actionsRepositoryAccessLevel:ActionsRepositoryAccessLevel": {
        required: ["repository", "accessLevel"],
        replaceOn: ["repository"],
        path: () => "actions/access",
        id: (_, { fullName }) => fullName.split("/")[1],
        answers: () => ({}),
        admit: ({ accessLevel }, repository) => {
            if (!["none", "user", "organization", "enterprise"].includes(String(accessLevel))) {
                throw new ProviderError(
                    `expected access_level to be one of ["none" "user" "organization" "enterprise"], got ${accessLevel}`,
                );
            }
            if (!repository.private) {
                throw apiError(
                    422,
                    "PUT",
                    `${repository.fullName}/actions/permissions/access`,
                    "Access policy only applies to internal and private repositories.",
                );
            }
        },
    },
    "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions": {
        required: ["repository"],
        replaceOn: ["repository"],
        path: () => workflowPermissions,
        id: (_, { fullName }) => fullName.split("/")[1],
        answers: () => ({}),
        defaults: () => ({ canApprovePullRequestReviews: false }),
        admit: ({ defaultWorkflowPermissions, canApprovePullRequestReviews }, { fullName }, _record, owner) => {
            if (!["read", "write"].includes(String(defaultWorkflowPermissions))) {
                throw new ProviderError(
                    `expected default_workflow_permissions to be one of ["read" "write"], got ${String(defaultWorkflowPermissions)}`,
                );
            }
            // An organisation that switched it off lets no repository switch it on.
            if (
                canApprovePullRequestReviews &&
                owner<WorkflowPermissions>(workflowPermissions)?.canApprovePullRequestReviews === false
            ) {
                throw apiError(409, "PUT", `${fullName}/actions/permissions/workflow`, "Conflict");
            }
        },
    },
    "github:index/actionsVariable:ActionsVariable": {
        required: ["repository", "variableName", "value"],
        replaceOn: ["repository", "variableName"],
        path: ({ variableName }) => `variables/${variableName}`,
        id: ({ variableName }, { fullName }) => `${fullName.split("/")[1]}:${variableName}`,
        answers: (_, { id }) => ({ repositoryId: id }),
        admit: ({ variableName }) => {
            if (!/^(?!GITHUB_|\d)[A-Z0-9_]+$/i.test(String(variableName))) {
                throw apiError(
                    422,
                    "POST",
                    "actions/variables",
                    `Variable name ${JSON.stringify(variableName)} is not valid: letters, digits and _, not beginning with a digit or GITHUB_`,
                );
            }
        },
    },
};

/** Whether the repository's owner pays for what private repositories get from one of these plans on. */
function allows({ private: closed, plan = "team" }: Repository, plans: readonly string[]): boolean {
    return !closed || plans.includes(plan);
}

function requirePlan(repository: Repository, method: string, path: string, plans: readonly string[]): void {
    if (!allows(repository, plans)) {
        const message = "Upgrade to GitHub Pro or make this repository public to enable this feature.";
        throw apiError(403, method, `${repository.fullName}/${path}`, message);
    }
}

/** A number for a name: GitHub's own count on, and say nothing either. */
const idOf = (name: string) => Number.parseInt(hex(name, 7), 16);

/** @throws ProviderError where the sandbox does not play it */
export function kindOf(token: string): GithubKind {
    const kind = kinds[token];
    if (!kind) {
        throw new ProviderError(
            `the sandbox's GitHub has no resource ${token}: it plays ${Object.keys(kinds)
                .map((known) => known.split(":").at(-1))
                .join(", ")}`,
        );
    }
    return kind;
}

/** An answer of the API that is none of the good ones. */
export function apiError(code: number, method: string, path: string, message: string): ProviderError {
    return new ProviderError(`${method} https://api.github.com/repos/${path}: ${code} ${message} []`);
}
