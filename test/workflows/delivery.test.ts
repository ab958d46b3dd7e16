import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GithubClient } from "../../core/github/client";
import { deliverFiles } from "../../core/github/deliverFiles";
import { readRepositories, type FoundRepository } from "../../core/github/readRepositories";
import type { Delivery } from "../../core/github/workflowFiles";
import { Refusal } from "../../core/refusal";
import { workflowFiles } from "../../core/workflows/documents/files";
import { runGit } from "../../sandbox/git/command";
import { Repository } from "../../sandbox/git/repository";
import { mergePullRequest, openPullRequests } from "../../sandbox/github/pullRequests";
import { Cloud } from "../../sandbox/providers/cloud";
import { serveGithubRest, type GithubRest } from "../../sandbox/providers/github/rest";
import { monorepo } from "./documentSettings";

/** Each test goes on from where the one before left the repository. */
describe("Workflow files on GitHub", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-rest-"));
    const cloud = new Cloud(join(directory, "cloud"));
    const layout = { github: (repository: string) => join(directory, `${repository}.git`) };
    const texts = workflowFiles(monorepo)["acme/shop"];
    const build = ".github/workflows/oneflow-build.yml";
    let rest: GithubRest;
    let github: GithubClient;
    let git: Repository;
    const pushes: string[] = [];

    before(async () => {
        cloud.addRepository({ fullName: "acme/shop", id: 4711, ownerId: 42, private: true });
        git = await Repository.bare(layout.github("acme/shop"));
        await commit("main", { "README.md": "# shop\n" });
        rest = await serveGithubRest({
            cloud,
            git: (name) => new Repository(layout.github(name)),
            token: "good",
            login: "admin",
            onPush: ({ ref, after }) => pushes.push(`${ref} ${after}`),
        });
        github = new GithubClient(rest.address, "good");
    });
    after(async () => {
        await rest.close();
        rmSync(directory, { recursive: true, force: true });
    });

    const read = async (): Promise<FoundRepository> => (await readRepositories(monorepo, github))[0];
    const deliver = (more: Partial<Delivery>) =>
        deliverFiles(github, { repository: "acme/shop", branch: "main", by: "pullRequest", files: {}, remove: [], ...more });
    const filesOf = async (branch: string) =>
        Object.fromEntries(Object.entries(await git.files(branch, ".")).map(([path, { content }]) => [path, content.toString()]));
    const requests = () => openPullRequests({ cloud }, "acme/shop").map(({ number, base, head }) => [number, base, head]);

    it("are read before anything is written: all of them are missing, and so is develop", async () => {
        const { branches, missingBranches, standing } = await read();
        assert.deepEqual(standing, { private: true, owner: "organization", plan: "team" });
        assert.deepEqual(branches, [{ branch: "main", difference: { missing: Object.keys(texts), different: [], stale: [] } }]);
        assert.deepEqual(missingBranches, ["develop"]);
    });

    it("come with one commit in one pull request, and leave every other file", async () => {
        const { commit, pullRequest } = await deliver({ files: texts });
        assert.equal(pullRequest, "https://github.com/acme/shop/pull/1");
        assert.deepEqual(requests(), [[1, "main", "oneflow/workflows-main"]]);
        assert.equal(await git.commitAt("oneflow/workflows-main~1"), await git.commitAt("main"));
        assert.equal(await git.commitAt("oneflow/workflows-main"), commit);
        assert.deepEqual(await filesOf(commit), { "README.md": "# shop\n", ...texts });
        assert.equal((await read()).branches[0].proposed, pullRequest);
    });

    it("that change before they are merged are proposed anew, in the same pull request", async () => {
        const { pullRequest } = await deliver({ files: { ...texts, [build]: "name: other\n" } });
        assert.equal(pullRequest, "https://github.com/acme/shop/pull/1");
        assert.equal((await filesOf("oneflow/workflows-main"))[build], "name: other\n");
        assert.equal((await read()).branches[0].proposed, undefined, "what is proposed is not what the settings make");
        await deliver({ files: texts });
    });

    it("are no difference any more once the pull request is merged", async () => {
        const merged = await mergePullRequest({ cloud, layout }, "acme/shop", 1);
        assert.equal(await git.commitAt("main"), merged);
        assert.deepEqual(cloud.resource("github/acme/shop/pulls/1")?.merged, merged);
        assert.deepEqual((await read()).branches, [{ branch: "main", difference: { missing: [], different: [], stale: [] } }]);
        await assert.rejects(mergePullRequest({ cloud, layout }, "acme/shop", 1), /acme\/shop#1 cannot be merged: it is merged/);
    });

    it("that somebody edited, deleted or left behind are found by name; files of others are not", async () => {
        const old = ".github/workflows/deploy-qa.yml";
        await commit("main", {
            ...{ [build]: `${texts[build]}# edited\n`, ".github/workflows/oneflow-drift.yml": undefined },
            ...{
                [old]: texts[build],
                ".github/workflows/deploy-docs.yml": "name: Docs\n",
                ".github/workflows/lint.yml": "name: Lint\n",
            },
        });
        const { difference } = (await read()).branches[0];
        assert.deepEqual(difference, { missing: [".github/workflows/oneflow-drift.yml"], different: [build], stale: [old] });

        await deliver({ files: { [build]: texts[build] }, remove: [old] });
        const { stdout } = await runGit(git.directory, ["diff", "--name-status", "main", "oneflow/workflows-main"]);
        assert.equal(stdout.toString(), `D\t${old}\nM\t${build}\n`);
        assert.deepEqual(requests(), [[2, "main", "oneflow/workflows-main"]]);
    });

    it("are written directly only where the rules of the branch leave the administrator free", async () => {
        const name = "github/acme/shop/rulesets/oneflow main";
        const ruleset = {
            ...{ name: "oneflow main", target: "branch", enforcement: "active", rules: { pullRequest: {} } },
            conditions: { refName: { includes: ["refs/heads/main"], excludes: [] } },
        };
        const administrator = (bypassMode: string) => [{ actorType: "RepositoryRole", actorId: 5, bypassMode }];
        const before = await git.commitAt("main");
        cloud.store.put(name, { ...ruleset, bypassActors: administrator("pull_request") });
        await assert.rejects(deliver({ by: "direct", files: texts }), (error: Refusal) => {
            assert.deepEqual(error.problems, [
                {
                    subject: "PATCH /repos/acme/shop/git/refs/heads/main",
                    message: "422 Repository rule violations found\n\nChanges must be made through a pull request.",
                },
            ]);
            return true;
        });
        assert.equal(await git.commitAt("main"), before);

        cloud.store.put(name, { ...ruleset, bypassActors: administrator("always") });
        const { commit, pullRequest } = await deliver({ by: "direct", files: texts });
        assert.deepEqual([await git.commitAt("main"), pullRequest], [commit, undefined]);
        assert.equal(pushes.at(-1), `refs/heads/main ${commit}`, "it starts what a push starts");
        assert.equal((await filesOf("main"))[build], texts[build]);
    });

    it("are nobody's without a token of the administrator, who is told which one is missing", async () => {
        await assert.rejects(readRepositories(monorepo, new GithubClient(rest.address, "bad")), (error: Refusal) => {
            assert.deepEqual(
                [error.title, error.problems[0].subject, error.problems[0].message],
                ["GitHub refused", "GET /repos/acme/shop", "401 Bad credentials"],
            );
            return true;
        });
        assert.throws(() => GithubClient.of({}), /GITHUB_TOKEN {2}is not set/);
        const elsewhere = {
            ...monorepo,
            delivery: { ...monorepo.delivery, operations: { repository: "acme/none", branch: "main" } },
        };
        await assert.rejects(readRepositories(elsewhere, github), /acme\/none {2}does not exist, or the token/);
    });

    /** A developer's commit on a branch of the bare repository; a file without a text goes. */
    async function commit(branch: string, files: Record<string, string | undefined>): Promise<void> {
        const exists = await git.find(branch);
        const lines = [`commit refs/heads/${branch}`, "committer Robin <robin@acme.example> 1700000000 +0000", "data 4", "edit"];
        const from = exists ? [`from ${exists}`] : [];
        const changes = Object.entries(files).map(([path, text]) =>
            text === undefined ? `D ${path}` : `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}`,
        );
        await runGit(git.directory, ["fast-import", "--quiet"], { input: `${[...lines, ...from, ...changes].join("\n")}\n` });
    }
});
