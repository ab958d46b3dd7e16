import type { Settings } from "../../settings/model";
import { matrix, text } from "../expressions";
import { auditor, email } from "../identities";
import type { Permissions, Workflow } from "../model";
import { actAs, allHistory, called, checkout, oneflow, pulumiTools, run, stackExports } from "./steps";

/** Compares every environment with what its file says. It changes nothing: a job that finds a difference is red. */
export function driftWorkflow({ delivery, environments }: Pick<Settings, "delivery" | "environments">): Workflow {
    return {
        name: "oneflow drift",
        about: "Compares every environment with what its file says, and changes nothing. Red: they differ.",
        on: { call: { inputs: {} } },
        // Whoever presses the button while the morning's run is under way wants an answer too.
        concurrency: { group: "oneflow-drift", cancelInProgress: false, queue: "max" },
        jobs: {
            drift: {
                name: text`Compare ${matrix("environment")}`,
                permissions,
                timeoutMinutes: 30,
                strategy: { failFast: false, matrix: { environment: environments.map(({ name }) => name) } },
                steps: [
                    checkout("Check out the settings and the program", { ref: delivery.operations.branch, ...allHistory }),
                    oneflow(delivery.operations),
                    { name: "Install what the program needs", run: ["npm ci --omit=dev"] },
                    actAs("auditor", email(auditor(delivery))),
                    ...pulumiTools(),
                    run(
                        "Compare",
                        [
                            ...stackExports,
                            'asked="$(pulumi config get commit --stack "$ENVIRONMENT" 2> /dev/null || true)"',
                            'pulumi stack export --stack "$ENVIRONMENT" --file "$RUNNER_TEMP/stack.json"',
                            `deployed="$(jq '.deployment.resources // [] | length' "$RUNNER_TEMP/stack.json")"`,
                            // Of a stack that nobody brought up yet, the preview would show the stack itself as missing.
                            'if [ -z "$asked" ] && [ "$deployed" = 0 ]; then',
                            '    echo "$ENVIRONMENT runs nothing, and its file asks for nothing."',
                            "    exit",
                            "fi",
                            'pulumi preview --refresh --expect-no-changes --diff --non-interactive --stack "$ENVIRONMENT" | tee "$RUNNER_TEMP/drift.txt"',
                        ],
                        { id: "compare", env: { ENVIRONMENT: matrix("environment") } },
                    ),
                    run(
                        "Report",
                        [
                            `printf '## %s differs from its file\\n\\n~~~\\n%s\\n~~~\\n' "$ENVIRONMENT" "$(cat "$RUNNER_TEMP/drift.txt")" >> "$GITHUB_STEP_SUMMARY"`,
                        ],
                        {
                            if: { expression: "failure() && steps.compare.outcome == 'failure'" },
                            env: { ENVIRONMENT: matrix("environment") },
                        },
                    ),
                ],
            },
        },
    };
}

/** Each morning, and by a button. GitHub starts both on the default branch, which need not be the one that identities trust. */
export function driftSchedule({ delivery }: Pick<Settings, "delivery">): Workflow {
    return {
        name: "Drift",
        about: "Starts the comparison of every environment with its file: each morning, and by a button.",
        on: { schedule: ["17 5 * * *"], dispatch: { inputs: {} } },
        jobs: { drift: { name: "Drift", permissions, calls: called(delivery.operations, "drift") } },
    };
}

const permissions: Permissions = {
    contents: { access: "read", why: "checks out the settings and the program" },
    "id-token": { access: "write", why: "acts as the auditor, who reads and changes nothing" },
};
