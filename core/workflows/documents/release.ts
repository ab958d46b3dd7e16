import type { Settings } from "../../settings/model";
import { releaseTags } from "../branches";
import { github } from "../expressions";
import { email, releaser } from "../identities";
import type { Permissions, Workflow } from "../model";
import { actAs, called, checkout, oneflow, run } from "./steps";

/**
 * Makes the release that a pushed tag names: judged again, its images copied by digest, and the release itself last.
 * Settings and program are those of the protected branch, whatever stands at the tag.
 */
export function releaseWorkflow({ delivery }: Pick<Settings, "delivery">): Workflow {
    return {
        name: "oneflow release",
        about: "Makes the release that a pushed tag names. Called by the caller of tags; a run that is started again changes nothing.",
        on: { call: { inputs: {} } },
        // One after the other, none dropped: each is judged by those before it.
        concurrency: { group: "oneflow-release", cancelInProgress: false, queue: "max" },
        jobs: {
            release: {
                name: "Release",
                permissions,
                // Waits for the commit's build too.
                timeoutMinutes: 90,
                steps: [
                    // A branch by name, with all history: of the tag itself, the checkout would keep the commit and lose its text.
                    checkout("Check out the settings, and all tags and branches", {
                        ref: delivery.operations.branch,
                        "fetch-depth": 0,
                    }),
                    oneflow(delivery.operations),
                    actAs("releaser", email(releaser(delivery))),
                    run("Release", ['oneflow release "$VERSION" --publish --wait 45 --output "$RUNNER_TEMP/notes.md"', summarise], {
                        env: { VERSION: github("ref_name") },
                    }),
                ],
            },
        },
    };
}

const summarise = 'cat "$RUNNER_TEMP/notes.md" >> "$GITHUB_STEP_SUMMARY"';

/** Starts the release of every tag that may name one. */
export function releaseOnTag({ delivery }: Pick<Settings, "delivery">): Workflow {
    return {
        name: "Release",
        about: `Makes the release of every tag ${releaseTags} that is pushed. Such a tag is made by \`npx oneflow release vX.Y.Z\`.`,
        on: { push: { tags: [releaseTags] } },
        jobs: { release: { name: "Release", permissions, calls: called(delivery.operations, "release") } },
    };
}

// Not `contents: write`, which a release on GitHub would need: whoever holds it can push to every branch that is not protected.
const permissions: Permissions = {
    contents: { access: "read", why: "checks out settings, program and history" },
    "id-token": { access: "write", why: "acts as the releaser, without a key" },
};
