import type { Repository } from "../cloud";
import { hex } from "../cloud/endpoints";
import { ProviderError, type Values } from "../double";
import { text } from "../values";

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
    admit?(inputs: Values, repository: Repository, exists: boolean): void;
}

const kinds: Readonly<Record<string, GithubKind>> = {
    "github:index/repositoryEnvironment:RepositoryEnvironment": {
        required: ["repository", "environment"],
        replaceOn: ["repository", "environment"],
        path: ({ environment }) => `environments/${environment}`,
        id: ({ environment }, { fullName }) => `${fullName.split("/")[1]}:${environment}`,
        answers: (_, { id }) => ({ repositoryId: id }),
        defaults: () => ({ canAdminsBypass: true }),
        admit: ({ deploymentBranchPolicy }) => {
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
    "github:index/repositoryFile:RepositoryFile": {
        required: ["repository", "file", "content"],
        replaceOn: ["repository", "file", "branch"],
        path: (inputs, repository) => `files/${branchOf(inputs, repository)}/${inputs.file}`,
        id: (inputs, repository) => `${repository.fullName.split("/")[1]}/${inputs.file}:${branchOf(inputs, repository)}`,
        answers: (inputs, repository) => ({
            branch: branchOf(inputs, repository),
            ref: branchOf(inputs, repository),
            repositoryId: repository.id,
            sha: hex(`blob ${inputs.content}`, 40),
            commitSha: hex(`commit ${inputs.file} ${inputs.content}`, 40),
        }),
        admit: (inputs, repository, exists) => {
            const branch = branchOf(inputs, repository);
            if (!repository.branches.includes(branch)) {
                throw apiError(404, "PUT", `${repository.fullName}/contents/${inputs.file}`, `Branch ${branch} not found`);
            }
            if (exists && inputs.overwriteOnCreate !== true) {
                throw new ProviderError(
                    `refusing to overwrite existing file: configure \`overwrite_on_create\` to \`true\` to override`,
                );
            }
        },
    },
};

/** The branch that a file stands on. */
export const branchOf = (inputs: Values, repository: Repository) => text(inputs, "branch") ?? repository.defaultBranch;

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
