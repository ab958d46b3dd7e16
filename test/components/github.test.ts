import assert from "node:assert/strict";
import { difference, deliveryInputs } from "../../components/deliveredWorkflows";
import type { FoundBranch, FoundRepository } from "../../core/github/readRepositories";
import { repositoryPlans } from "../../core/github/repositories";
import type { Settings } from "../../core/settings/model";
import { manyRepositories } from "../workflows/documentSettings";
import { ofType, record, type Registered } from "./recorder";
import { settings } from "./settings";

const texts = { ".github/workflows/a.yml": "a", ".github/workflows/b.yml": "b" };
const paths = Object.keys(texts);
const [first, second] = paths;
const same = { missing: [], different: [], stale: [] };

/** Repositories on GitHub whose workflow files are what the settings make, and that have nothing else yet. */
function found(all: Settings, more: Partial<FoundRepository> = {}): FoundRepository[] {
    return repositoryPlans(all).map((plan) => ({
        ...plan,
        standing: { private: true, owner: "organization", plan: "team" },
        texts,
        branches: [{ branch: "main", difference: same }],
        missingBranches: [],
        ...more,
    }));
}

async function github(all: Settings = settings(), more?: Partial<FoundRepository>): Promise<Registered[]> {
    const { Github } = await import("../../components/github");
    const pool = "projects/100/locations/global/workloadIdentityPools/oneflow-github";
    return record(() => new Github("github", { repositories: found(all, more), delivery: all.delivery, pool }));
}

const environmentType = "github:index/repositoryEnvironment:RepositoryEnvironment";
const policyType = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy";
const rulesetType = "github:index/repositoryRuleset:RepositoryRuleset";
const workflowPermissionsType = "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions";
const filesType = "pulumi-nodejs:dynamic/oneflow:DeliveredWorkflows";

describe("GitHub", () => {
    let resources: Registered[];
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        resources = await github();
    });

    it("writes nobody's token into the state, although the SDK would take it from the environment", async () => {
        const { GITHUB_TOKEN: before } = process.env;
        process.env.GITHUB_TOKEN = "ghp_ofSomebody";
        try {
            const made = await github();
            const [provider, ...others] = Object.values(ofType(made, "pulumi:providers:github"));
            assert.deepEqual(others, []);
            assert.deepEqual([provider.owner, "token" in provider], ["acme", false]);
            assert.ok(!JSON.stringify(made).includes("ghp_ofSomebody"));
        } finally {
            if (before === undefined) delete process.env.GITHUB_TOKEN;
            else process.env.GITHUB_TOKEN = before;
        }
    });

    it("lets each environment be deployed from its own branch alone, and no administrator past that", () => {
        assert.deepEqual(
            Object.values(ofType(resources, environmentType)),
            ["dev", "prod", "stage"].map((name) => ({
                repository: "shop",
                environment: name,
                canAdminsBypass: false,
                deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
            })),
        );
        assert.deepEqual(
            Object.values(ofType(resources, policyType)).map((policy) => [policy.environment, policy.branchPattern]),
            [
                ["dev", "develop"],
                ["prod", "main"],
                ["stage", "main"],
            ],
        );
    });

    it("says where tokens are exchanged in a variable, and stores no secret", () => {
        assert.deepEqual(ofType(resources, "github:index/actionsVariable:ActionsVariable"), {
            "acme-shop-identity-provider": {
                repository: "shop",
                variableName: "ONEFLOW_IDENTITY_PROVIDER",
                value: "projects/100/locations/global/workloadIdentityPools/oneflow-github/providers/github",
            },
        });
        assert.deepEqual(
            resources.filter(({ type }) => /secret/i.test(type)),
            [],
        );
    });

    it("lets the workflows open pull requests, and no job write where its file does not say so", () => {
        assert.deepEqual(ofType(resources, workflowPermissionsType), {
            "acme-shop": { repository: "shop", defaultWorkflowPermissions: "read", canApprovePullRequestReviews: true },
        });
    });

    it("lets releases stay, and the branch that deployments run from change by reviewed pull requests alone", () => {
        const administrator = (bypassMode: string) => ({ actorType: "RepositoryRole", actorId: 5, bypassMode });
        const told = Object.values(ofType(resources, rulesetType)).map(({ name, target, conditions, rules, bypassActors }) => [
            name,
            target,
            (conditions as { refName: { includes: string[] } }).refName.includes,
            rules,
            bypassActors,
        ]);
        const review = { requiredApprovingReviewCount: 1, requireCodeOwnerReview: true, dismissStaleReviewsOnPush: true };
        assert.deepEqual(told, [
            [
                ...["oneflow: main", "branch", ["refs/heads/main"]],
                { deletion: true, nonFastForward: true, pullRequest: review },
                [administrator("pull_request")],
            ],
            ["oneflow: releases stay", "tag", ["refs/tags/v*"], { update: true, deletion: true }, []],
            ["oneflow: who begins a hotfix", "branch", ["refs/heads/hotfix/**/*"], { creation: true }, [administrator("always")]],
            ["oneflow: who releases", "tag", ["refs/tags/v*"], { creation: true }, [administrator("always")]],
        ]);
    });

    it("asks the teams that the settings name: reviewers before a deployment, releasers for tags and hotfixes", async () => {
        const all = settings();
        const environments = all.environments.map((one) => (one.name === "prod" ? { ...one, reviewers: ["acme/managers"] } : one));
        const delivery = { ...all.delivery, releasers: ["acme/managers"] };
        const made = await github({ ...all, environments, delivery });

        const asked = Object.values(ofType(made, environmentType)).map((one) => [one.environment, one.reviewers]);
        assert.deepEqual(asked, [
            ["dev", undefined],
            ["prod", [{ teams: [77] }]],
            ["stage", undefined],
        ]);
        const team = [{ actorType: "Team", actorId: 77, bypassMode: "always" }];
        const free = Object.values(ofType(made, rulesetType)).map(({ name, bypassActors }) => [name, bypassActors]);
        assert.deepEqual(free.slice(1), [
            ["oneflow: releases stay", []],
            ["oneflow: who begins a hotfix", team],
            ["oneflow: who releases", team],
        ]);
    });

    it("gives every source repository the first environment, and the operations repository all that its own runs deploy", async () => {
        const made = await github(manyRepositories);
        assert.deepEqual(
            Object.values(ofType(made, policyType)).map((policy) => [policy.repository, policy.environment, policy.branchPattern]),
            [
                ["cart", "dev", "develop"],
                ["checkout", "dev", "develop"],
                ["delivery", "dev", "main"],
                ["delivery", "prod", "main"],
                ["delivery", "stage", "main"],
            ],
        );
        const rulesets = Object.values(ofType(made, rulesetType)).map(({ repository, name }) => `${repository} ${name}`);
        assert.deepEqual(rulesets, [
            ...["cart oneflow: who begins a hotfix", "checkout oneflow: who begins a hotfix"],
            ...["delivery oneflow: main", "delivery oneflow: releases stay", "delivery oneflow: who releases"],
        ]);
        assert.deepEqual(ofType(made, "github:index/actionsRepositoryAccessLevel:ActionsRepositoryAccessLevel"), {
            "acme-delivery": { repository: "delivery", accessLevel: "organization" },
        });
        assert.deepEqual(
            Object.values(ofType(made, workflowPermissionsType)).map((permissions) => permissions.repository),
            ["delivery"],
        );
    });

    it("asks a provider of its own for each owner, without a token in it", async () => {
        const image = {
            from: "source",
            repository: "beta/mail",
            path: ".",
            dockerfile: "Dockerfile",
            args: {},
            alsoBuildFrom: [],
        } as const;
        const all = settings();
        const services = { ...all.catalog.services, mail: { ...all.catalog.services.cart, name: "mail", image } };
        const made = await github({ ...all, catalog: { services } });
        const providers = Object.values(ofType(made, "pulumi:providers:github"));
        assert.deepEqual(
            providers.map(({ owner, token }) => [owner, token]),
            [
                ["acme", undefined],
                ["beta", undefined],
            ],
        );
    });

    it("makes no environment and no ruleset where the plan has none, says so, and still delivers the files", async () => {
        const told: string[] = [];
        const warn = console.warn;
        console.warn = (message: string) => void told.push(message);
        const standing = { private: true, owner: "organization", plan: "free" } as const;
        const made = await github(settings(), { standing }).finally(() => (console.warn = warn));
        assert.deepEqual([...Object.keys(ofType(made, environmentType)), ...Object.keys(ofType(made, rulesetType))], []);
        assert.deepEqual(Object.keys(ofType(made, filesType)), ["acme-shop-main"]);
        assert.equal(told.length, 1);
        assert.match(told[0], /acme\/shop is private and its owner's plan is free: GitHub protects no branch, tag or environment/);
    });
});

describe("The workflow files of a branch", () => {
    const args = (lacks: Partial<FoundBranch["difference"]>, more: Partial<FoundBranch> = {}) => ({
        repository: "acme/shop",
        found: { branch: "main", difference: { ...same, ...lacks }, ...more },
        texts,
        by: "pullRequest" as const,
    });
    const pull = "https://github.com/acme/shop/pull/7";

    it("are written as far as they are missing or different, and those of no environment are taken away", () => {
        assert.deepEqual(deliveryInputs(args({ missing: [second], different: [first], stale: ["old.yml"] })), {
            ...{ repository: "acme/shop", branch: "main", by: "pullRequest", files: texts, remove: ["old.yml"] },
        });
        assert.deepEqual(deliveryInputs(args({ missing: [second] })).files, { [second]: "b" });
    });

    it("are nothing to write while a pull request with all of them is open, and after it", () => {
        for (const quiet of [args({ missing: paths, stale: ["old.yml"] }, { proposed: pull }), args({})]) {
            const { files, remove } = deliveryInputs(quiet);
            assert.deepEqual([files, remove], [{}, []]);
        }
        const direct = { ...args({ missing: paths }, { proposed: pull }), by: "direct" as const };
        assert.deepEqual(deliveryInputs(direct).files, texts, "the branch itself waits for no pull request");
    });

    it("are told of with branch, file, cause and what to do, where there are others already", () => {
        assert.deepEqual(difference(args({ missing: [second], different: [first] })), {
            severity: "warn",
            message: [
                "Workflow files on main of acme/shop are not what the settings make:",
                `  ${first}  says something else: it was edited there, or the settings changed since`,
                `  ${second}  is missing`,
                "  → this pulumi up makes a pull request; what should stay of an edit belongs into the settings or core/workflows",
            ].join("\n"),
        });
        assert.match(difference(args({ different: [first] }, { proposed: pull }))!.message, /\n {2}→ merge https:\S+\/pull\/7$/);
        assert.equal(difference(args({})), undefined);
    });

    it("are announced, not warned of, where there is none yet", () => {
        assert.deepEqual(difference(args({ missing: paths })), {
            severity: "info",
            message:
                "main of acme/shop has no workflow of oneflow yet: its pushes start nothing.\n  → this pulumi up makes a pull request",
        });
    });
});
