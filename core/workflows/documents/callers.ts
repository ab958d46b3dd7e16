import type { Settings } from "../../settings/model";
import { stackFile } from "../../settings/stackFile";
import { builtBranches, followedBranch } from "../branches";
import { equals, github, inputs } from "../expressions";
import type { CallJob, Workflow } from "../model";
import { retry } from "./deploy";
import { requestPermissions } from "./request";
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

/**
 * Deploys an environment when its file changes on the protected branch: merging a promotion is the deployment. The first environment
 * follows what is pushed, and by this the settings too, where they come with no push of sources. A button tries again what failed.
 */
export function deployOnChange({ delivery, environments }: Shared, environment: string): Workflow {
    const own = stackFile(environment);
    const first = environments.find(({ name }) => name === environment)!.promotesFrom === undefined;
    const paths = first ? ["services.yaml", own] : [own];
    return {
        name: `Deploy ${environment}`,
        about: `Deploys ${environment} when ${paths.join(" or ")} changes on ${delivery.operations.branch}, and by a button.`,
        on: { push: { branches: [delivery.operations.branch], paths }, dispatch: { inputs: { retry } } },
        // A push has no inputs, and a comparison makes its nothing the value that the called workflow takes.
        jobs: { deploy: deployJob(delivery, environment, { retry: { expression: `${inputs("retry").expression} == true` } }) },
    };
}

function deployJob({ operations }: Settings["delivery"], environment: string, more: CallJob["with"] = {}): CallJob {
    return {
        name: "Deploy",
        permissions: {
            ...requestPermissions,
            "id-token": { access: "write", why: `acts as the deployer of ${environment}, without a key` },
        },
        calls: called(operations, "deploy"),
        with: { environment, ...more },
    };
}
