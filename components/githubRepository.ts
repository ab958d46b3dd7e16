import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { isProtectable, unprotected } from "../core/github/limits";
import type { FoundRepository } from "../core/github/readRepositories";
import type { DeploymentEnvironment } from "../core/github/repositories";
import type { Free, Ruleset } from "../core/github/rulesets";
import type { Delivery } from "../core/github/workflowFiles";
import { providerVariable } from "../core/workflows/names";
import { DeliveredWorkflows } from "./deliveredWorkflows";

/** What a {@link GithubRepository} is made from. */
export interface GithubRepositoryArgs {
    found: FoundRepository;
    /** Full name of the workload identity provider that its workflows hand their tokens to. */
    identityProvider: pulumi.Input<string>;
    /** How workflow files reach a branch. */
    workflowFiles: Delivery["by"];
    /** Number of a team by its name, `owner/team-slug`. */
    teamId: (team: string) => pulumi.Output<number>;
}

/**
 * What one repository is given on GitHub: its workflow files, then environments, the variable that names the identity
 * provider, what its workflows may, and rulesets. Nothing of it is a secret.
 */
export class GithubRepository extends pulumi.ComponentResource {
    constructor(name: string, args: GithubRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:GithubRepository", name, {}, opts);
        const { found, teamId } = args;
        const repository = found.repository.split("/")[1];
        const own = { parent: this };

        for (const branch of found.missingBranches) {
            void pulumi.log.warn(
                `${found.repository} has no branch ${branch}, whose pushes start its workflows\n  → ${branchCommand(branch)}`,
                this,
            );
        }
        const files = found.branches.map(
            (branch) =>
                new DeliveredWorkflows(
                    `${name}-${branch.branch}`,
                    { repository: found.repository, found: branch, texts: found.texts, by: args.workflowFiles },
                    own,
                ),
        );

        new github.ActionsVariable(
            `${name}-identity-provider`,
            { repository, variableName: providerVariable, value: args.identityProvider },
            own,
        );
        if (found.called && found.standing.private) {
            const accessLevel = found.standing.owner;
            new github.ActionsRepositoryAccessLevel(name, { repository, accessLevel }, own);
        }
        if (found.opensPullRequests) {
            // One switch of GitHub's is for both: opening pull requests, and approving them. No job here approves.
            const permissions = { defaultWorkflowPermissions: "read", canApprovePullRequestReviews: true };
            new github.WorkflowRepositoryPermissions(name, { repository, ...permissions }, own);
        }
        const warning = unprotected(found.repository, found.standing);
        if (warning) {
            void pulumi.log.warn(warning, this);
        }
        if (isProtectable(found.standing)) {
            for (const environment of found.environments) {
                deploymentEnvironment(`${name}-${environment.name}`, repository, environment, teamId, own);
            }
            // The files first: once the rules are there, a branch takes no commit.
            for (const ruleset of found.rulesets) {
                new github.RepositoryRuleset(`${name}-${kebab(ruleset.name)}`, rulesetInputs(repository, ruleset, teamId), {
                    ...own,
                    dependsOn: files,
                });
            }
        }
        this.registerOutputs({});
    }
}

function deploymentEnvironment(
    name: string,
    repository: string,
    { name: environment, branch, reviewers }: DeploymentEnvironment,
    teamId: GithubRepositoryArgs["teamId"],
    opts: pulumi.CustomResourceOptions,
): void {
    const made = new github.RepositoryEnvironment(
        name,
        {
            repository,
            environment,
            canAdminsBypass: false,
            deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
            ...(reviewers.length > 0 && { reviewers: [{ teams: reviewers.map(teamId) }] }),
        },
        opts,
    );
    new github.RepositoryEnvironmentDeploymentPolicy(
        name,
        { repository, environment: made.environment, branchPattern: branch },
        opts,
    );
}

function rulesetInputs(repository: string, ruleset: Ruleset, teamId: GithubRepositoryArgs["teamId"]): github.RepositoryRulesetArgs {
    return {
        repository,
        name: ruleset.name,
        target: ruleset.target,
        enforcement: "active",
        conditions: { refName: { includes: [...ruleset.references], excludes: [] } },
        rules: ruleset.rules,
        bypassActors: ruleset.free.map((free) => bypassActor(free, teamId)),
    };
}

function bypassActor(free: Free, teamId: GithubRepositoryArgs["teamId"]) {
    const bypassMode = free.mode === "always" ? "always" : "pull_request";
    return "team" in free
        ? { actorType: "Team", actorId: teamId(free.team), bypassMode }
        : { actorType: "RepositoryRole", actorId: administratorRole, bypassMode };
}

/** GitHub's number of the repository role `admin`. */
const administratorRole = 5;

const kebab = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

const branchCommand = (branch: string) => `git push origin HEAD:refs/heads/${branch}, then pulumi up again`;
