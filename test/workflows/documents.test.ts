import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import type { Settings } from "../../core/settings/model";
import { actions, type ActionName } from "../../core/workflows/actions";
import { workflowFiles } from "../../core/workflows/documents/files";
import { pulumiVersion } from "../../core/workflows/documents/steps";
import { auditor, builder, deployer, email, releaser } from "../../core/workflows/identities";
import { type WorkflowName, workflowPath, workflowsOf } from "../../core/workflows/names";
import { tools } from "../../sandbox/toolchain/tools";
import { anySettings, manyRepositories, monorepo } from "./documentSettings";

interface ReadStep {
    uses?: string;
    run?: string;
    with?: Record<string, unknown>;
}

interface ReadJob {
    permissions: Record<string, string>;
    environment?: string;
    if?: string;
    outputs?: Record<string, string>;
    concurrency?: { "cancel-in-progress": boolean; queue?: string };
    uses?: string;
    steps?: ReadStep[];
}

interface ReadWorkflow {
    on: Record<string, unknown>;
    permissions: object;
    concurrency?: ReadJob["concurrency"];
    jobs: Record<string, ReadJob>;
}

/** Path of a file, with its repository → the workflow that stands in it. */
function workflowsOfFiles(settings: Settings): Map<string, ReadWorkflow> {
    return new Map(
        Object.entries(workflowFiles(settings)).flatMap(([repository, files]) =>
            Object.entries(files)
                .filter(([path]) => path.startsWith(".github/workflows/"))
                .map(([path, text]): [string, ReadWorkflow] => [`${repository}/${path}`, parse(text) as ReadWorkflow]),
        ),
    );
}

function jobsOf(settings: Settings): { file: string; job: ReadJob }[] {
    return [...workflowsOfFiles(settings)].flatMap(([file, { jobs }]) => Object.values(jobs).map((job) => ({ file, job })));
}

const authentication = (job: ReadJob) => job.steps?.find(({ uses }) => uses?.startsWith("google-github-actions/auth@"));
const always = (holds: (settings: Settings) => void) => fc.assert(fc.property(anySettings, holds), { numRuns: 8 });

describe("the generated workflows", () => {
    it("deploy with the engine that the story is played with", () => {
        const [, module] = tools.pulumi.sources;
        assert.equal(`v${pulumiVersion}`, module.version);
    });

    it("are the operations repository's own, and thin callers in every repository that services are built from", () => {
        const files = Object.entries(workflowFiles(manyRepositories)).map(([repository, texts]) => [
            repository,
            Object.keys(texts),
        ]);
        const callers = [".github/workflows/oneflow-pull-request.yml", ".github/workflows/oneflow-push.yml"];
        assert.deepEqual(files, [
            [
                "acme/delivery",
                [
                    ".github/actions/oneflow/action.yml",
                    ".github/workflows/deploy-dev.yml",
                    ".github/workflows/deploy-prod.yml",
                    ".github/workflows/deploy-stage.yml",
                    ".github/workflows/drift.yml",
                    ".github/workflows/oneflow-build.yml",
                    ".github/workflows/oneflow-check.yml",
                    ".github/workflows/oneflow-deploy.yml",
                    ".github/workflows/oneflow-drift.yml",
                    ".github/workflows/oneflow-promote.yml",
                    ".github/workflows/oneflow-release.yml",
                    ".github/workflows/promote-prod.yml",
                    ".github/workflows/promote-stage.yml",
                    ".github/workflows/release.yml",
                ],
            ],
            ["acme/cart", callers],
            ["acme/checkout", callers],
        ]);
    });

    it("are the same bytes each time, whatever the order of the services", () => {
        always((settings) => {
            const turned = { services: Object.fromEntries(Object.entries(settings.catalog.services).reverse()) };
            assert.deepEqual(workflowFiles({ ...settings, catalog: turned }), workflowFiles(settings));
        });
    });

    it("use actions of others by commit with the release beside it, and the operations repository's by its branch alone", () => {
        always((settings) => {
            const { repository, branch } = settings.delivery.operations;
            const lines = Object.values(workflowFiles(settings)).flatMap((files) =>
                Object.values(files).flatMap((text) => text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line))),
            );
            assert.ok(lines.length > 10);
            for (const line of lines) {
                const [, name, path, ref, comment] = /uses: ([^/\s]+\/[^/@\s]+)(\/[^@\s]+)?@(\S+) # (.*)$/.exec(line) ?? [];
                if (name === repository) {
                    assert.equal(ref, branch);
                    assert.match(path, /^\/\.github\/(workflows\/oneflow-\w+\.yml|actions\/oneflow)$/);
                    assert.match(comment, /^zizmor: ignore\[unpinned-uses\] \w+/);
                } else {
                    assert.deepEqual({ sha: ref, version: comment }, actions[name as ActionName]);
                }
            }
        });
    });

    it("call workflows that are there", () => {
        always((settings) => {
            const there = workflowsOfFiles(settings);
            for (const { job } of jobsOf(settings)) {
                if (job.uses)
                    assert.ok(there.get(job.uses.split("@")[0])?.on.workflow_call, `${job.uses} is not there to be called`);
            }
        });
    });

    it("paste nothing into a script", () => {
        always((settings) => {
            for (const { job } of jobsOf(settings)) {
                for (const { run } of job.steps ?? []) assert.ok(!run?.includes("${{"));
            }
        });
    });

    it("give a token for an identity to exactly the jobs that log in with it, and no other right to those", () => {
        always((settings) => {
            for (const { job } of jobsOf(settings)) {
                if (!job.steps) continue;
                const own = authentication(job) ? { contents: "read", "id-token": "write" } : { ...job.permissions };
                assert.deepEqual(job.permissions, own);
                assert.equal("id-token" in job.permissions, authentication(job) !== undefined);
            }
        });
    });

    it("grant a workflow that is called exactly what its jobs ask for: with less GitHub would not start it", () => {
        always((settings) => {
            const there = workflowsOfFiles(settings);
            for (const { job } of jobsOf(settings)) {
                if (!job.uses) continue;
                const asked = Object.values(there.get(job.uses.split("@")[0])!.jobs).map(({ permissions }) => permissions);
                const rank = (access: string | undefined) => ["read", "write"].indexOf(access ?? "");
                const union: Record<string, string> = {};
                for (const [scope, access] of asked.flatMap((permissions) => Object.entries(permissions))) {
                    if (rank(access) > rank(union[scope])) union[scope] = access;
                }
                assert.deepEqual(job.permissions, union);
            }
        });
    });

    it("give nothing to a workflow as a whole, and never end what is under way", () => {
        always((settings) => {
            for (const { permissions } of workflowsOfFiles(settings).values()) assert.deepEqual(permissions, {});
            const groups = [...workflowsOfFiles(settings).values()].flatMap(({ concurrency, jobs }) =>
                [concurrency, ...Object.values(jobs).map((job) => job.concurrency)].filter((group) => group !== undefined),
            );
            assert.ok(groups.length > 3);
            for (const group of groups) assert.deepEqual([group["cancel-in-progress"], group.queue], [false, "max"]);
        });
    });

    it("let a job act as an identity only in the workflows that its condition names", () => {
        always((settings) => {
            const { delivery, environments } = settings;
            const may: Record<string, readonly WorkflowName[]> = {
                [email(builder(delivery))]: workflowsOf.builder,
                [email(releaser(delivery))]: workflowsOf.releaser,
                [email(auditor(delivery))]: workflowsOf.auditor,
            };
            for (const { file, job } of jobsOf(settings)) {
                const account = authentication(job)?.with?.service_account as string | undefined;
                if (account === undefined) continue;
                const workflows: readonly WorkflowName[] = may[account] ?? ["deploy"];
                assert.ok(workflows.some((name) => file === `${delivery.operations.repository}/${workflowPath(name)}`));
                if (may[account]) continue;
                assert.equal(job.environment, "${{ inputs.environment }}");
                for (const environment of environments) {
                    assert.ok(account.includes(`inputs.environment == '${environment.name}' && '${email(deployer(environment))}'`));
                }
            }
        });
    });

    it("start from no event that the identities do not trust, but for pull requests, which reach none", () => {
        always((settings) => {
            const there = workflowsOfFiles(settings);
            for (const { on, jobs } of there.values()) {
                const events = Object.keys(on).filter((event) => event !== "workflow_call");
                if (events.includes("pull_request")) {
                    assert.deepEqual(events, ["pull_request"]);
                    for (const { uses, permissions } of Object.values(jobs)) {
                        assert.deepEqual(permissions, { contents: "read" });
                        const called = Object.values(there.get(uses!.split("@")[0])!.jobs);
                        for (const job of called) assert.deepEqual(job.permissions, { contents: "read" });
                    }
                } else {
                    for (const event of events) assert.ok(["push", "schedule", "workflow_dispatch"].includes(event), event);
                }
            }
        });
    });

    it("deploy an environment when its own file changes on the protected branch, and propose a promotion by its own button", () => {
        const there = workflowsOfFiles(monorepo);
        assert.deepEqual(there.get("acme/shop/.github/workflows/deploy-prod.yml")!.on, {
            push: { branches: ["main"], paths: ["Pulumi.prod.yaml"] },
            workflow_dispatch: {
                inputs: { retry: { description: "Try again what failed before", type: "boolean", required: false } },
            },
        });
        const { on, jobs } = there.get("acme/shop/.github/workflows/promote-prod.yml")!;
        assert.deepEqual(Object.keys(on), ["workflow_dispatch"]);
        assert.equal(jobs.promote.uses, "acme/shop/.github/workflows/oneflow-promote.yml@main");
    });

    it("deploy the first environment on a change of the settings where no build brings them along", () => {
        const there = workflowsOfFiles(manyRepositories);
        assert.deepEqual(there.get("acme/delivery/.github/workflows/deploy-dev.yml")!.on.push, {
            branches: ["main"],
            paths: ["services.yaml", "Pulumi.dev.yaml"],
        });
        assert.ok(!there.has("acme/delivery/.github/workflows/promote-dev.yml"));
        assert.ok(!workflowsOfFiles(monorepo).has("acme/shop/.github/workflows/deploy-dev.yml"));
    });

    it("open a revert from a job that has no identity, and only where the deployment proposed one", () => {
        always((settings) => {
            const path = `${settings.delivery.operations.repository}/${workflowPath("deploy")}`;
            const { deploy, request } = workflowsOfFiles(settings).get(path)!.jobs;
            assert.deepEqual(deploy.outputs, { proposal: "${{ steps.deploy.outputs.proposal }}" });
            assert.equal(request.if, "!cancelled() && needs.deploy.outputs.proposal != ''");
            assert.deepEqual(request.permissions, { contents: "write", "pull-requests": "write" });
        });
    });

    it("build with a bill of materials and the provenance of the image", () => {
        const { jobs } = workflowsOfFiles(monorepo).get("acme/shop/.github/workflows/oneflow-build.yml")!;
        const image = jobs.build.steps!.find(({ uses }) => uses?.startsWith("docker/build-push-action@"))!.with!;
        assert.deepEqual([image.sbom, image.provenance], [true, "mode=max"]);
        assert.equal(
            image.outputs,
            "type=image,name=europe-west1-docker.pkg.dev/acme-dev/develop/${{ matrix.service.name }},push-by-digest=true,name-canonical=true,push=true",
        );
    });

    it("hand a build all that the plan says of it: a further folder would be missed otherwise", () => {
        for (const name of ["build", "check"] as const) {
            const { jobs } = workflowsOfFiles(monorepo).get(`acme/shop/${workflowPath(name)}`)!;
            const image = jobs.build.steps!.find(({ uses }) => uses?.startsWith("docker/build-push-action@"))!.with!;
            const { context, file, platforms, "build-args": args, "build-contexts": contexts } = image;
            assert.deepEqual(
                [context, file, args, contexts, platforms],
                ["context", "dockerfile", "args", "contexts", "platforms"].map((key) => `\${{ matrix.service.${key} }}`),
            );
        }
    });

    it("release every tag that may name one, and nothing else: on a branch nothing releases", () => {
        always((settings) => {
            const own = `${settings.delivery.operations.repository}/.github/workflows`;
            const there = workflowsOfFiles(settings);
            assert.deepEqual(there.get(`${own}/release.yml`)!.on, { push: { tags: ["v*"] } });
            const onTags = [...there].filter(([, { on }]) => "tags" in ((on.push ?? {}) as object)).map(([file]) => file);
            assert.deepEqual(onTags, [`${own}/release.yml`]);
            assert.deepEqual(Object.keys(there.get(`${own}/oneflow-release.yml`)!.on), ["workflow_call"]);
        });
    });

    it("read what runs with the auditor's and the releaser's rights from the protected branch, wherever they were started", () => {
        for (const name of [...workflowsOf.auditor, ...workflowsOf.releaser]) {
            const { jobs } = workflowsOfFiles(monorepo).get(`acme/shop/${workflowPath(name)}`)!;
            for (const job of Object.values(jobs)) {
                assert.equal(job.steps![0].with!.ref, "main");
            }
        }
    });
});
