import type { Settings } from "../../settings/model";
import { inputs, needs, steps, text } from "../expressions";
import { auditor, email } from "../identities";
import type { Input, Workflow } from "../model";
import { called, checkout, actAs, oneflow, pulumiTools, run, stackExports } from "./steps";

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
    const proposal = needs("preview").output("proposal");
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
                    checkout("Check out the settings and the program", { ref: operations.branch }),
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
            request: {
                name: "Open the pull request",
                permissions: {
                    contents: { access: "write", why: "pushes the branch of the pull request" },
                    "pull-requests": { access: "write", why: "opens the pull request" },
                },
                needs: ["preview"],
                timeoutMinutes: 10,
                steps: [
                    checkout("Check out the settings", { ref: operations.branch }),
                    {
                        name: "Open the pull request",
                        env: {
                            GH_TOKEN: { expression: "github.token" },
                            PROPOSAL: proposal,
                            BASE: operations.branch,
                        },
                        run: [
                            'field() { jq --raw-output ".$1" <<< "$PROPOSAL"; }',
                            'branch="$(field branch)"',
                            "gh auth setup-git",
                            "git config user.name 'github-actions[bot]'",
                            "git config user.email '41898282+github-actions[bot]@users.noreply.github.com'",
                            'git switch --create "$branch"',
                            'jq --join-output .text <<< "$PROPOSAL" > "$(field file)"',
                            'git commit --all --message "$(field title)"',
                            'git push --force origin "$branch"',
                            'gh pr view "$branch" > /dev/null 2>&1 ||',
                            '    gh pr create --base "$BASE" --head "$branch" --title "$(field title)" --body "$(field body)"',
                        ],
                    },
                ],
            },
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
                    contents: { access: "write", why: "pushes the branch of the pull request" },
                    "id-token": { access: "write", why: "acts as the auditor, who reads and changes nothing" },
                    "pull-requests": { access: "write", why: "opens the pull request" },
                },
                calls: called(delivery.operations, "promote"),
                with: { environment, ref: inputs("ref") },
            },
        },
    };
}
