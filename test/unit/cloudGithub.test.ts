import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";
import { githubDouble } from "../../sandbox/providers/github/double";

const token = (kind: string) => `github:index/${kind[0].toLowerCase()}${kind.slice(1)}:${kind}`;

describe("The GitHub double", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-github-"));
    const cloud = new Cloud(directory);
    let github: ProviderInstance;
    before(async () => {
        cloud.addRepository({ fullName: "acme/shop", id: 4711, ownerId: 42, private: true, branches: ["main", "develop"] });
        github = await githubDouble(cloud, { token: "a-token", owner: "acme" }).configure({});
    });
    after(() => rmSync(directory, { recursive: true, force: true }));
    const make = (kind: string, inputs: Values) => github.create({ token: token(kind), inputs, preview: false });

    it("tells the numeric ids that trust conditions are made of", async () => {
        const repository = await github.invoke("github:index/getRepository:getRepository", { fullName: "acme/shop" });
        assert.deepEqual([repository.repoId, repository.visibility, repository.defaultBranch], [4711, "private", "main"]);
        assert.equal((await github.invoke("github:index/getUser:getUser", { username: "acme" })).id, "42");
        await assert.rejects(
            github.invoke("github:index/getRepository:getRepository", { fullName: "acme/other" }),
            /404 Not Found/,
        );
    });

    it("refuses whoever has no token", async () => {
        const anonymous = await githubDouble(cloud, {}).configure({ owner: "acme" });
        await assert.rejects(
            anonymous.invoke("github:index/getRepository:getRepository", { fullName: "acme/shop" }),
            /401 Bad credentials/,
        );
        const inputs = { repository: "shop", environment: "prod" };
        await assert.rejects(anonymous.create({ token: token("RepositoryEnvironment"), inputs, preview: false }), /401/);
    });

    it("refuses what it does not play, by name", () => {
        const check = () => github.check({ token: token("BranchProtection"), name: "main", news: {}, seed: Buffer.alloc(32) });
        assert.throws(check, /the sandbox's GitHub has no resource github:index\/branchProtection:BranchProtection/);
    });

    it("keeps environments and variables in their repository", async () => {
        assert.equal((await make("RepositoryEnvironment", { repository: "shop", environment: "prod" })).id, "shop:prod");
        await make("ActionsVariable", { repository: "shop", variableName: "REGION", value: "eu" });

        assert.equal(cloud.resource("github/acme/shop/variables/REGION")?.value, "eu");
        await assert.rejects(
            make("ActionsVariable", { repository: "shop", variableName: "REGION", value: "us" }),
            /409 Already exists/,
        );
        await assert.rejects(make("ActionsVariable", { repository: "shop", variableName: "GITHUB_X", value: "1" }), /is not valid/);
        await assert.rejects(make("RepositoryEnvironment", { repository: "nowhere", environment: "prod" }), /404 Not Found/);
        assert.deepEqual(
            cloud.repositories().map(({ fullName }) => fullName),
            ["acme/shop"],
        );
    });

    it("lets a branch deploy only to an environment that has branches of its own", async () => {
        const policy = { repository: "shop", environment: "stage", branchPattern: "main" };
        await assert.rejects(make("RepositoryEnvironmentDeploymentPolicy", policy), /404 Not Found/);
        const own = { protectedBranches: false, customBranchPolicies: true };
        await make("RepositoryEnvironment", { repository: "shop", environment: "stage", deploymentBranchPolicy: own });
        await make("RepositoryEnvironmentDeploymentPolicy", policy);

        assert.equal(cloud.resource("github/acme/shop/environments/stage/policies/main")?.branchPattern, "main");
        await assert.rejects(
            make("RepositoryEnvironmentDeploymentPolicy", { ...policy, branchPattern: undefined }),
            /must be specified/,
        );
    });

    it("gives private repositories what their owner pays for, in the words of GitHub where that is less", async () => {
        cloud.addRepository({ fullName: "acme/free", id: 4712, ownerId: 42, private: true, plan: "free" });
        cloud.addRepository({ fullName: "acme/open", id: 4713, ownerId: 42, private: false, plan: "free" });
        const inputs = (repository: string) => ({ repository, environment: "prod", reviewers: [{ teams: [7] }] });
        const ruleset = { name: "tags", target: "tag", enforcement: "active", rules: { creation: true } };
        const conditions = { refName: { includes: ["refs/tags/v*"], excludes: [] } };

        await assert.rejects(
            make("RepositoryEnvironment", inputs("free")),
            /403 Upgrade to GitHub Pro or make this repository public/,
        );
        await assert.rejects(
            make("RepositoryEnvironment", inputs("shop")),
            /422 .*supports the required reviewers protection rule/,
        );
        assert.equal((await make("RepositoryEnvironment", inputs("open"))).id, "open:prod");
        await assert.rejects(
            make("RepositoryRuleset", { ...ruleset, conditions, repository: "free" }),
            /403 Upgrade to GitHub Pro/,
        );
        await make("RepositoryRuleset", { ...ruleset, conditions, repository: "open" });
        await assert.rejects(
            make("RepositoryRuleset", { ...ruleset, repository: "open", name: "more" }),
            /422 .*Invalid conditions/,
        );
        await assert.rejects(
            make("ActionsRepositoryAccessLevel", { repository: "open", accessLevel: "organization" }),
            /422 Access policy only applies to internal and private repositories/,
        );
    });

    it("lets jobs open pull requests where they are let, unless the organisation forbids it to all of its repositories", async () => {
        const inputs = { repository: "shop", defaultWorkflowPermissions: "read", canApprovePullRequestReviews: true };
        const made = await make("WorkflowRepositoryPermissions", inputs);
        assert.deepEqual([made.id, cloud.resource("github/acme/shop/actions/workflow")], ["shop", inputs]);
        await assert.rejects(
            make("WorkflowRepositoryPermissions", { repository: "shop", canApprovePullRequestReviews: true }),
            /expected default_workflow_permissions to be one of \["read" "write"\], got undefined/,
        );
        await github.delete({ token: token("WorkflowRepositoryPermissions"), id: made.id, outputs: made.outputs });
        assert.equal(cloud.resource("github/acme/shop/actions/workflow"), undefined);

        cloud.store.put("organizations/acme/actions/workflow", { canApprovePullRequestReviews: false });
        await assert.rejects(make("WorkflowRepositoryPermissions", inputs), /409 Conflict/);
        await make("WorkflowRepositoryPermissions", { ...inputs, canApprovePullRequestReviews: false });
    });

    it("knows the teams of the owner that it is configured for, and of no other", async () => {
        cloud.addTeam("acme/release-managers", 77);
        const team = (instance: ProviderInstance) =>
            instance.invoke("github:index/getTeam:getTeam", { slug: "release-managers", summaryOnly: true });
        assert.equal((await team(github)).id, "77");
        const other = await githubDouble(cloud, { token: "a-token" }).configure({ owner: "beta" });
        await assert.rejects(team(other), /404 Not Found/);
    });
});
