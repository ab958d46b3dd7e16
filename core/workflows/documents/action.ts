import type { Settings } from "../../settings/model";
import { steps } from "../expressions";
import type { CompositeAction } from "../model";
import { setupNode } from "./steps";

/**
 * Brings the `oneflow` command, and with it settings and program, to a job of any repository. The token of another repository could
 * not check out the operations repository; an action of it comes along as a whole.
 */
export function oneflowAction({ delivery }: Pick<Settings, "delivery">): CompositeAction {
    return {
        name: "oneflow",
        about: "The oneflow command of this branch, for workflows of every repository that the catalog names.",
        description: "Sets up the oneflow command of the operations repository's protected branch",
        outputs: {
            directory: {
                description: "Where the settings stand: the checkout in the operations repository, else this action's copy of it",
                value: steps("locate").output("directory"),
            },
        },
        steps: [
            setupNode(),
            {
                name: "Install oneflow",
                id: "locate",
                suppress: { rule: "github-env", why: "the path is this action's own folder, whoever calls it" },
                env: { OPERATIONS: delivery.operations.repository },
                run: [
                    'home="$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)"',
                    'npm ci --omit=dev --prefix "$home"',
                    // Not by npx, which would take the program of the checkout: that is what was pushed.
                    'echo "$home/bin/pinned" >> "$GITHUB_PATH"',
                    // GitHub tells no names apart by case.
                    'if [ "${GITHUB_REPOSITORY,,}" = "${OPERATIONS,,}" ]; then home="$GITHUB_WORKSPACE"; fi',
                    'echo "directory=$home" >> "$GITHUB_OUTPUT"',
                ],
            },
        ],
    };
}
