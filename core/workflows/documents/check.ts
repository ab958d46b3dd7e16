import type { Settings } from "../../settings/model";
import { differs, fromJson, matrix, needs, steps, text } from "../expressions";
import type { Permissions, Workflow } from "../model";
import { checkout, oneflow, pushedCommit, run } from "./steps";

/** Builds what a pull request changes and throws it away. It has no identity: whatever it runs, it reaches nothing. */
export function checkWorkflow({ delivery }: Pick<Settings, "delivery">): Workflow {
    const build = needs("plan").output("build");
    return {
        name: "oneflow check",
        about: "Builds what a pull request changes, and pushes nothing: no job here has an identity.",
        on: { call: { inputs: {} } },
        jobs: {
            plan: {
                name: "Plan",
                permissions,
                timeoutMinutes: 15,
                outputs: { build: steps("plan").output("build") },
                steps: [
                    // GitHub's merge of the request: its first parent is what it is compared with.
                    checkout("Check out the pull request", { "fetch-depth": 2 }),
                    oneflow(delivery.operations),
                    run(
                        "Plan what to build",
                        [
                            `plan="$(oneflow plan ${pushedCommit} --since HEAD^1)"`,
                            'echo "build=$(jq --compact-output .build <<< "$plan")" >> "$GITHUB_OUTPUT"',
                        ],
                        { id: "plan" },
                    ),
                ],
            },
            build: {
                name: text`Build ${matrix("service.name")}`,
                permissions,
                needs: ["plan"],
                // A matrix of nothing is an error.
                if: differs(build, "[]"),
                timeoutMinutes: 60,
                strategy: { failFast: false, matrix: { service: fromJson(build) } },
                steps: [
                    checkout("Check out the pull request"),
                    { name: "Set up buildx", action: "docker/setup-buildx-action" },
                    {
                        name: "Build",
                        action: "docker/build-push-action",
                        with: {
                            context: matrix("service.context"),
                            file: matrix("service.dockerfile"),
                            "build-args": matrix("service.args"),
                            "build-contexts": matrix("service.contexts"),
                            platforms: matrix("service.platforms"),
                            push: false,
                        },
                    },
                ],
            },
        },
    };
}

const permissions: Permissions = { contents: { access: "read", why: "checks out the pull request" } };
