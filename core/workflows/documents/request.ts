import type { Delivery } from "../../settings/model";
import { all, differs, needs, notCancelled } from "../expressions";
import type { Permissions, WorkJob } from "../model";
import { checkout } from "./steps";

/** What a job's token needs to open a pull request. */
export const requestPermissions: Permissions = {
    contents: { access: "write", why: "pushes the branch of the pull request" },
    "pull-requests": { access: "write", why: "opens the pull request" },
};

/**
 * Opens the pull request that another job proposed, or renews it. It writes to GitHub, so it has no identity and looks at nothing but
 * the one file.
 *
 * @param job id of the job whose output `proposal` holds it; where that is empty, nothing is opened, and where the job failed it is
 */
export function requestJob({ branch }: Delivery["operations"], job: string): WorkJob {
    const proposal = needs(job).output("proposal");
    return {
        name: "Open the pull request",
        permissions: requestPermissions,
        needs: [job],
        if: all(notCancelled, differs(proposal, "")),
        timeoutMinutes: 10,
        steps: [
            checkout("Check out the settings", { ref: branch }),
            {
                name: "Open the pull request",
                env: {
                    GH_TOKEN: { expression: "github.token" },
                    PROPOSAL: proposal,
                    BASE: branch,
                },
                run: [
                    'field() { jq --raw-output ".$1" <<< "$PROPOSAL"; }',
                    'branch="$(field branch)"',
                    // Another change came meanwhile: what was proposed would take that back too.
                    'if ! sha256sum --check --status <<< "$(field was)  $(field file)"; then',
                    '    echo "::notice::$(field file) has changed meanwhile: $(field title) is not proposed"',
                    "    exit 0",
                    "fi",
                    "gh auth setup-git",
                    "git config user.name 'github-actions[bot]'",
                    "git config user.email '41898282+github-actions[bot]@users.noreply.github.com'",
                    'git switch --create "$branch"',
                    'jq --join-output .text <<< "$PROPOSAL" > "$(field file)"',
                    'git commit --all --message "$(field title)"',
                    'git push --force origin "$branch"',
                    // Of a fork's branch of this name nobody is to be kept waiting, nor of a pull request that was merged or closed.
                    "own='.[] | select(.isCrossRepository | not) | .number'",
                    'open="$(gh pr list --head "$branch" --base "$BASE" --state open --json number,isCrossRepository --jq "$own")"',
                    'if [ -z "$open" ]; then',
                    '    gh pr create --base "$BASE" --head "$branch" --title "$(field title)" --body "$(field body)"',
                    "fi",
                ],
            },
        ],
    };
}
