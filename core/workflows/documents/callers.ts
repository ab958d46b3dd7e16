import type { Settings } from "../../settings/model";
import { stackFile } from "../../settings/stackFile";
import { builtBranches, followedBranch } from "../branches";
import { equals, github } from "../expressions";
import type { CallJob, Workflow } from "../model";
import { called } from "./steps";

type Shared = Pick<Settings, "delivery" | "environments">;

/** What a push starts in a repository that services are built from: a build, and on develop the first environment. */
export function pushWorkflow({ delivery, environments }: Shared): Workflow {
    const first = environments.find(({ promotesFrom }) => promotesFrom === undefined)!;
    return {
        name: "oneflow",
        about: `Builds every push to ${Object.keys(builtBranches).join(", ")}, and deploys ${followedBranch} to ${first.name}.`,
        on: { push: { branches: Object.keys(builtBranches) } },
        jobs: {
            build: {
                name: "Build",
                permissions: {
                    contents: { access: "read", why: "checks out the commit" },
                    "id-token": { access: "write", why: "acts as the builder, without a key" },
                },
                calls: called(delivery.operations, "build"),
            },
            deploy: {
                ...deployJob(delivery, first.name),
                needs: ["build"],
                if: equals(github("ref"), `refs/heads/${followedBranch}`),
            },
        },
    };
}

/** What a pull request starts in a repository that services are built from. */
export function pullRequestWorkflow({ delivery }: Pick<Settings, "delivery">): Workflow {
    return {
        name: "oneflow pull request",
        about: "Builds what a pull request changes, without an identity.",
        on: { pullRequest: { branches: Object.keys(builtBranches) } },
        jobs: {
            check: {
                name: "Check",
                permissions: { contents: { access: "read", why: "checks out the pull request" } },
                calls: called(delivery.operations, "check"),
            },
        },
    };
}

/** Deploys an environment when its file changes on the protected branch: merging a promotion is the deployment. */
export function deployOnChange({ delivery }: Pick<Settings, "delivery">, environment: string): Workflow {
    const file = stackFile(environment);
    return {
        name: `Deploy ${environment}`,
        about: `Deploys ${environment} when ${file} changes on ${delivery.operations.branch}.`,
        on: { push: { branches: [delivery.operations.branch], paths: [file] } },
        jobs: { deploy: deployJob(delivery, environment) },
    };
}

function deployJob({ operations }: Settings["delivery"], environment: string): CallJob {
    return {
        name: "Deploy",
        permissions: {
            contents: { access: "read", why: "checks out the settings and the program" },
            "id-token": { access: "write", why: `acts as the deployer of ${environment}, without a key` },
        },
        calls: called(operations, "deploy"),
        with: { environment },
    };
}
