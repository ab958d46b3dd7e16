import type { Settings } from "../../settings/model";
import { choose, github, inputs, steps } from "../expressions";
import { deployer, email } from "../identities";
import type { Expression, Input, Workflow } from "../model";
import { requestJob } from "./request";
import { actAs, allHistory, checkout, deployments, oneflow, pulumiTools, run, settingsFolder, stackExports } from "./steps";

/** Whether what failed before is tried again: a button's choice. */
export const retry: Input = { description: "Try again what failed before", type: "boolean", required: false };

/**
 * Deploys one environment: what its file names, and in the first environment what `latest` means now.
 * The environment's own deployer does it, and the token says so by the GitHub environment of the job. Where the rollout fails, the
 * environment goes back, the job is red, and a job without an identity opens the pull request that takes the file back.
 */
export function deployWorkflow({ delivery, environments }: Pick<Settings, "delivery" | "environments">): Workflow {
    const environment = inputs("environment");
    return {
        name: "oneflow deploy",
        about: "Deploys one environment as its file says. Called on a change of that file, and for the first environment on a push.",
        on: {
            call: {
                inputs: {
                    environment: { description: "Name of the environment and of its stack", type: "string", required: true },
                    retry,
                },
            },
        },
        jobs: {
            deploy: {
                name: "Deploy",
                permissions: {
                    contents: { access: "read", why: "checks out the settings and the program" },
                    "id-token": { access: "write", why: "acts as the deployer of the environment, without a key" },
                },
                // Waits for the state, goes forward, and goes back.
                timeoutMinutes: 90,
                environment,
                // None is dropped, and none is ended: an update that is killed leaves its state locked.
                concurrency: { group: deployments(environment), cancelInProgress: false, queue: "max" },
                outputs: { proposal: steps("deploy").output("proposal") },
                steps: [
                    checkout("Check out the settings and the program", allHistory),
                    oneflow(delivery.operations),
                    {
                        name: "Install what the program needs",
                        if: equalTo(settingsFolder, github("workspace")),
                        run: ["npm ci --omit=dev"],
                    },
                    actAs("deployer", choose(environment, deployers(environments))),
                    ...pulumiTools(),
                    run(
                        "Deploy",
                        [
                            ...stackExports,
                            'oneflow deploy "$ENVIRONMENT" --pushed "$GITHUB_REPOSITORY@$GITHUB_SHA" --output "$GITHUB_OUTPUT" ${RETRY:+--retry}',
                        ],
                        {
                            id: "deploy",
                            env: {
                                ENVIRONMENT: environment,
                                RETRY: { expression: `${inputs("retry").expression} && 'yes' || ''` },
                            },
                        },
                    ),
                ],
            },
            request: requestJob(delivery.operations, "deploy"),
        },
    };
}

function deployers(environments: Settings["environments"]): Record<string, string> {
    return Object.fromEntries(environments.map((environment) => [environment.name, email(deployer(environment))]));
}

function equalTo(left: Expression, right: Expression): Expression {
    return { expression: `${left.expression} == ${right.expression}` };
}
