import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGit } from "../../sandbox/git/command";
import { Repository } from "../../sandbox/git/repository";
import { mergePullRequest, openPullRequests } from "../../sandbox/github/pullRequests";
import { steps, told, warned } from "./engineEvents";
import { emptyShop, type Shop, succeeded } from "./shop";

/** Each test goes on from where the one before left GitHub. */
describe("Workflow files, delivered by the platform on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;
    let git: Repository;
    const build = ".github/workflows/oneflow-build.yml";
    const up = async () => succeeded(await shop.up("platform"));
    const requests = () => openPullRequests(shop.world, "acme/shop").map(({ number, base }) => [number, base]);
    const merge = async () => {
        for (const { number } of openPullRequests(shop.world, "acme/shop")) {
            await mergePullRequest(shop.world, "acme/shop", number);
        }
    };
    /** A developer's edit of a workflow file, pushed to develop. */
    const edit = async () => {
        const { developer } = shop.delivery;
        await developer.fetch();
        await developer.merge("origin/develop", "Take the workflows");
        const file = join(developer.directory, build);
        writeFileSync(file, `${readFileSync(file, "utf8")}# edited\n`);
        await developer.commit("Edit a workflow");
        await developer.push("develop");
    };
    const address = (number: number) => `https://github.com/acme/shop/pull/${number}`;

    before(async () => {
        shop = await emptyShop();
        git = new Repository(shop.world.layout.github("acme/shop"));
    });

    it("come as one pull request for each branch, which the run names", async () => {
        const run = await up();
        const { layout } = shop.world;
        const state = readFileSync(join(layout.state("platform"), ".pulumi", "stacks", "acme-shop", "platform.json"), "utf8");
        assert.ok(!state.includes(readFileSync(layout.githubToken, "utf8")), "nobody's token stands in the state");
        assert.deepEqual(
            requests()
                .map(([, base]) => base)
                .sort(),
            ["develop", "main"],
        );
        assert.deepEqual(
            told(run)
                .filter((message) => message.startsWith("→"))
                .sort(),
            [1, 2].map((number) => `→ merge ${address(number)}`),
        );
        const github = shop.world.cloud.resourceNames("github/acme/shop").map((name) => name.slice("github/acme/shop/".length));
        assert.deepEqual(github, [
            ...[
                "actions/workflow",
                "environments/dev",
                "environments/dev/policies/develop",
                "environments/prod",
                "environments/prod/policies/main",
            ],
            ...["environments/stage", "environments/stage/policies/main", "pulls/1", "pulls/2", "rulesets/oneflow: main"],
            ...["rulesets/oneflow: releases stay", "rulesets/oneflow: who begins a hotfix", "rulesets/oneflow: who releases"],
            "variables/ONEFLOW_IDENTITY_PROVIDER",
        ]);
    });

    it("are not proposed twice while they wait to be merged", async () => {
        const run = await up();
        assert.deepEqual(steps(run), []);
        assert.equal(told(run).filter((message) => /→ merge https:\S+\/pull\/[12]$/.test(message)).length, 2);
    });

    it("leave nothing to do once they are merged, although the proposal's branch is gone", async () => {
        await merge();
        await runGit(git.directory, ["update-ref", "-d", "refs/heads/oneflow/workflows-main"]);
        const run = succeeded(await shop.up("platform", "--refresh", "--expect-no-changes"));
        assert.deepEqual([told(run), warned(run)], [[], []]);
    });

    it("that somebody edited are told of with branch and file, and proposed as they should be", async () => {
        await edit();

        const run = await up();
        assert.deepEqual(steps(run), ["update pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-shop-develop"]);
        assert.deepEqual(warned(run), [
            [
                "Workflow files on develop of acme/shop are not what the settings make:",
                `  ${build}  says something else: it was edited there, or the settings changed since`,
                "  → this pulumi up makes a pull request; what should stay of an edit belongs into the settings or core/workflows",
            ].join("\n"),
        ]);
        assert.deepEqual(requests(), [[3, "develop"]]);
        await merge();
        const { content } = (await git.files("develop", ".github/workflows"))["oneflow-build.yml"];
        assert.doesNotMatch(content.toString(), /# edited/);
    });

    it("come to a repository that the catalog names for the first time, and only what it needs", async () => {
        const { cloud, layout } = shop.world;
        cloud.addRepository({ fullName: "acme/mail", id: 700002, ownerId: 4200, private: true, branches: ["main", "develop"] });
        const mail = await Repository.bare(layout.github("acme/mail"));
        const { stdout } = await runGit(mail.directory, ["mktree"]);
        const empty = await runGit(mail.directory, ["commit-tree", stdout.toString().trim(), "-m", "Begin"]);
        for (const branch of ["main", "develop"]) {
            await runGit(mail.directory, ["update-ref", `refs/heads/${branch}`, empty.stdout.toString().trim()]);
        }
        const entry = "  mailer: { source: { repository: acme/mail, path: . }, kind: worker }\n";
        appendFileSync(join(layout.operations, "services.yaml"), entry);

        const made = steps(await up())
            .filter((step) => !step.includes("gcp:"))
            .sort();
        assert.deepEqual(made, [
            "create github:index/actionsRepositoryAccessLevel:ActionsRepositoryAccessLevel acme-shop",
            "create github:index/actionsVariable:ActionsVariable acme-mail-identity-provider",
            "create github:index/repositoryEnvironment:RepositoryEnvironment acme-mail-dev",
            "create github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy acme-mail-dev",
            "create github:index/repositoryRuleset:RepositoryRuleset acme-mail-oneflow-who-begins-a-hotfix",
            "create oneflow:index:GithubRepository acme-mail",
            "create pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-mail-develop",
            "create pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-mail-main",
        ]);
        assert.deepEqual(requests(), []);
        const callers = ["oneflow-pull-request.yml", "oneflow-push.yml"];
        for (const { head } of openPullRequests(shop.world, "acme/mail")) {
            assert.deepEqual(Object.keys(await mail.files(head, ".github/workflows")).sort(), callers);
        }
    });

    it("are one commit on the branch itself where the settings say so, past the rules that hold everybody else", async () => {
        await edit();
        const edited = await git.commitAt("develop");
        const set = ["config", "set", "--path", "platform.workflowFiles", "direct"];
        succeeded(await shop.world.pulumi("platform", set));

        assert.deepEqual(
            steps(await up()).sort(),
            [
                "update github:index/repositoryRuleset:RepositoryRuleset acme-shop-oneflow-main",
                "update pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-shop-develop",
                // What waited as pull requests is written too.
                "update pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-mail-develop",
                "update pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows acme-mail-main",
            ].sort(),
        );
        const [latest] = await git.log("develop", { count: 1 });
        assert.deepEqual([latest.subject, latest.parents], ["Take the workflows of oneflow", [edited]]);
        assert.deepEqual(requests(), []);
    });
});
