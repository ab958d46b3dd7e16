import type { Settings } from "../../settings/model";
import { any, choose, differs, equals, github, inputs, steps } from "../expressions";
import { deployer, email } from "../identities";
import type { Expression, Workflow } from "../model";
import { actAs, checkout, deployments, oneflow, pulumiTools, run, settingsFolder, stackExports } from "./steps";

/**
 * Deploys one environment: what its file names, and in the first environment what `latest` means now.
 * The environment's own deployer does it, and the token says so by the GitHub environment of the job.
 */
export function deployWorkflow({ delivery, environments }: Pick<Settings, "delivery" | "environments">): Workflow {
    const environment = inputs("environment");
    const first = environments.find(({ promotesFrom }) => promotesFrom === undefined)!;
    const commit = steps("latest").output("commit");
    return {
        name: "oneflow deploy",
        about: "Deploys one environment as its file says. Called on a change of that file, and for the first environment on a push.",
        on: {
            call: {
                inputs: {
                    environment: { description: "Name of the environment and of its stack", type: "string", required: true },
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
                timeoutMinutes: 60,
                environment,
                // None is dropped, and none is ended: an update that is killed leaves its state locked.
                concurrency: { group: deployments(environment), cancelInProgress: false, queue: "max" },
                steps: [
                    checkout("Check out the settings and the program"),
                    oneflow(delivery.operations),
                    {
                        name: "Install what the program needs",
                        if: equalTo(settingsFolder, github("workspace")),
                        run: ["npm ci --omit=dev"],
                    },
                    actAs("deployer", choose(environment, deployers(environments))),
                    ...pulumiTools(),
                    run("Ask what latest means", ['oneflow latest "$ENVIRONMENT" --pushed "$GITHUB_SHA" >> "$GITHUB_OUTPUT"'], {
                        id: "latest",
                        if: equals(environment, first.name),
                        env: { ENVIRONMENT: environment },
                    }),
                    run(
                        "Deploy",
                        [
                            ...stackExports,
                            'pulumi up --yes --skip-preview --non-interactive --stack "$ENVIRONMENT" ${COMMIT:+--config "commit=$COMMIT"}',
                        ],
                        {
                            // No commit in the first environment: its file holds it at another one, or a later push overtook this one.
                            if: any(differs(environment, first.name), differs(commit, "")),
                            env: { ENVIRONMENT: environment, COMMIT: commit },
                        },
                    ),
                ],
            },
        },
    };
}

function deployers(environments: Settings["environments"]): Record<string, string> {
    return Object.fromEntries(environments.map((environment) => [environment.name, email(deployer(environment))]));
}

function equalTo(left: Expression, right: Expression): Expression {
    return { expression: `${left.expression} == ${right.expression}` };
}
