import type { Settings } from "../../settings/model";
import { inputs, steps, text } from "../expressions";
import { auditor, email } from "../identities";
import type { Input, Workflow } from "../model";
import { requestJob, requestPermissions } from "./request";
import { actAs, allHistory, called, checkout, oneflow, pulumiTools, run, stackExports } from "./steps";

const ref: Input = {
    description: "What to promote: a full commit SHA or a release",
    type: "string",
    required: true,
};

/**
 * Proposes a promotion as a pull request that shows what would change. Whoever merges it deploys.
 * The job that looks into the cloud writes nothing to GitHub, and the job that writes to GitHub has no identity.
 */
export function promoteWorkflow({ delivery }: Pick<Settings, "delivery">): Workflow {
    const { operations } = delivery;
    const environment = inputs("environment");
    const values = { ENVIRONMENT: environment, REF: inputs("ref") };
    return {
        name: "oneflow promote",
        about: "Makes the pull request that promotes an environment, with its preview. Called by the button of each environment.",
        on: {
            call: {
                inputs: {
                    environment: { description: "Name of the environment and of its stack", type: "string", required: true },
                    ref,
                },
            },
        },
        concurrency: { group: text`oneflow-promote-${environment}`, cancelInProgress: false, queue: "max" },
        jobs: {
            preview: {
                name: "Preview",
                permissions: {
                    contents: { access: "read", why: "checks out the settings and the program" },
                    "id-token": { access: "write", why: "acts as the auditor, who reads and changes nothing" },
                },
                timeoutMinutes: 30,
                outputs: { proposal: steps("proposal").output("proposal") },
                steps: [
                    // Whatever branch the button was pressed on: what runs with an identity stands on the protected one.
                    checkout("Check out the settings and the program", { ref: operations.branch, ...allHistory }),
                    oneflow(operations),
                    { name: "Install what the program needs", run: ["npm ci --omit=dev"] },
                    actAs("auditor", email(auditor(delivery))),
                    ...pulumiTools(),
                    run(
                        "Propose",
                        [
                            ...stackExports,
                            'oneflow propose "$ENVIRONMENT" "$REF" > "$RUNNER_TEMP/proposal.json"',
                            'pulumi preview --non-interactive --stack "$ENVIRONMENT" | tee "$RUNNER_TEMP/preview.txt"',
                            "quote='.body += \"\\n\\n~~~\\n\\($preview)\\n~~~\"'",
                            'proposal="$(jq --compact-output --rawfile preview "$RUNNER_TEMP/preview.txt" "$quote" "$RUNNER_TEMP/proposal.json")"',
                            'echo "proposal=$proposal" >> "$GITHUB_OUTPUT"',
                        ],
                        { id: "proposal", env: values },
                    ),
                ],
            },
            request: requestJob(operations, "preview"),
        },
    };
}

/** The button of one environment. */
export function promoteButton({ delivery }: Pick<Settings, "delivery">, environment: string): Workflow {
    return {
        name: `Promote to ${environment}`,
        about: `The button that proposes a promotion to ${environment}: a pull request that shows what would change.`,
        on: { dispatch: { inputs: { ref } } },
        jobs: {
            promote: {
                name: "Promote",
                permissions: {
                    ...requestPermissions,
                    "id-token": { access: "write", why: "acts as the auditor, who reads and changes nothing" },
                },
                calls: called(delivery.operations, "promote"),
                with: { environment, ref: inputs("ref") },
            },
        },
    };
}
