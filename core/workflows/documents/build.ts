import type { Environment, Settings } from "../../settings/model";
import { followedBranch } from "../branches";
import { all, any, choose, differs, equals, fromJson, github, matrix, needs, notCancelled, steps, text } from "../expressions";
import { builder, email } from "../identities";
import type { Permissions, Step, WorkJob, Workflow } from "../model";
import { checkout, logIn, oneflow, pushedCommit, run } from "./steps";

/**
 * Gives every service of a pushed commit an image under the commit's SHA: built where its content is new, else the one that was
 * built from the same content. Last of all the commit gets its lock, so a lock means that every image is there.
 */
export function buildWorkflow(settings: Pick<Settings, "delivery" | "environments">): Workflow {
    const { delivery, environments } = settings;
    const first = environments.find(({ promotesFrom }) => promotesFrom === undefined)!;
    const prepared = (more?: Parameters<typeof checkout>[1]): Step[] => [
        checkout("Check out the commit", more),
        oneflow(delivery.operations),
        ...logIn("builder", email(builder(delivery)), `${first.registry}/${first.tier}`),
    ];
    return {
        name: "oneflow build",
        about: "Builds what a push changed, tags what it did not, and locks the commit. Called by the push workflow of each repository.",
        on: { call: { inputs: {} } },
        // Putting a tag is not compare-and-set, and one commit may be pushed to two branches. Different commits never wait.
        concurrency: { group: text`oneflow-build-${github("sha")}`, cancelInProgress: false, queue: "max" },
        jobs: {
            plan: planJob(prepared()),
            build: buildJob(prepared(), first),
            lock: lockJob(prepared({ ref: github("ref"), "fetch-depth": 0 })),
        },
    };
}

const permissions: Permissions = {
    contents: { access: "read", why: "checks out the commit" },
    "id-token": { access: "write", why: "acts as the builder, without a key" },
};

function planJob(prepared: readonly Step[]): WorkJob {
    return {
        name: "Plan",
        permissions,
        timeoutMinutes: 30,
        outputs: { build: steps("plan").output("build") },
        steps: [
            ...prepared,
            run(
                "Plan what to build",
                [
                    `plan="$(oneflow plan ${pushedCommit})"`,
                    'echo "build=$(jq --compact-output .build <<< "$plan")" >> "$GITHUB_OUTPUT"',
                ],
                { id: "plan" },
            ),
            run("Tag what was built before, mirror what others build", [`oneflow carry ${pushedCommit}`]),
        ],
    };
}

function buildJob(prepared: readonly Step[], { registry, tier }: Pick<Environment, "registry" | "tier">): WorkJob {
    const service = matrix("service.name");
    return {
        name: text`Build ${service}`,
        permissions,
        needs: ["plan"],
        // A matrix of nothing is an error.
        if: differs(needs("plan").output("build"), "[]"),
        timeoutMinutes: 60,
        strategy: { failFast: false, matrix: { service: fromJson(needs("plan").output("build")) } },
        steps: [
            ...prepared,
            { name: "Set up buildx", action: "docker/setup-buildx-action" },
            {
                name: "Build and push by digest",
                id: "image",
                action: "docker/build-push-action",
                with: {
                    context: matrix("service.context"),
                    file: matrix("service.dockerfile"),
                    "build-args": matrix("service.args"),
                    "build-contexts": matrix("service.contexts"),
                    platforms: matrix("service.platforms"),
                    sbom: true,
                    provenance: "mode=max",
                    outputs: text`type=image,name=${registry}/${tier}/${service},push-by-digest=true,name-canonical=true,push=true`,
                },
            },
            // The tags are oneflow's to put: it never moves one.
            run("Tag it", [`oneflow tag ${pushedCommit} --service "$SERVICE" --digest "$DIGEST"`], {
                env: { SERVICE: service, DIGEST: steps("image").output("digest") },
            }),
        ],
    };
}

function lockJob(prepared: readonly Step[]): WorkJob {
    const [plan, build] = [needs("plan").result, needs("build").result];
    const followed = `refs/heads/${followedBranch}`;
    // Two moves of latest must not interleave; the locks of other branches wait for nobody.
    const turn = any(choose(github("ref"), { [followed]: "latest" }), github("sha"));
    return {
        name: "Lock",
        permissions,
        needs: ["plan", "build"],
        if: all(notCancelled, equals(plan, "success"), any(equals(build, "success"), equals(build, "skipped"))),
        concurrency: { group: text`oneflow-lock-${turn}`, cancelInProgress: false, queue: "max" },
        timeoutMinutes: 30,
        steps: [
            ...prepared,
            // The branch as it is by now is what tells whether latest may move; the settings are those of the commit.
            { name: "Go to the pushed commit", run: ['git checkout --quiet --detach "$GITHUB_SHA"'] },
            run("Push the commit's lock", [`oneflow lock ${pushedCommit} --branch "$GITHUB_REF_NAME"`]),
        ],
    };
}
