import type { Environment, Settings } from "../settings/model";
import { builtBranches, followedBranch } from "../workflows/branches";
import { deploymentOrigins, sourceRepositories } from "../workflows/origins";
import { rulesets, type Ruleset } from "./rulesets";

type Shared = Pick<Settings, "catalog" | "delivery" | "environments">;

/** What a repository is to have on GitHub besides its files. */
export interface RepositoryPlan {
    /** `owner/name`. */
    repository: string;
    environments: readonly DeploymentEnvironment[];
    rulesets: readonly Ruleset[];
    /** Whether other repositories call its workflows. */
    called: boolean;
    /** Whether its workflows open pull requests: a promotion's, and the revert of a rollout that failed. */
    opensPullRequests: boolean;
}

/** A GitHub environment: what a job must name to act as an environment's deployer, and from where it may. */
export interface DeploymentEnvironment {
    name: string;
    /** The only branch whose runs may deploy. */
    branch: string;
    /** Teams, `owner/team-slug`, of which one member lets each deployment begin. */
    reviewers: readonly string[];
}

/** The operations repository and every repository that services are built from, each once, sorted. */
export function repositoryPlans(settings: Shared): RepositoryPlan[] {
    const operations = settings.delivery.operations.repository;
    const sources = sourceRepositories(settings);
    return [...new Set([operations, ...sources])].sort().map((repository) => ({
        repository,
        environments: settings.environments.flatMap((environment) => environmentIn(repository, settings, environment)),
        rulesets: rulesets(settings.delivery, { operations: repository === operations, source: sources.includes(repository) }),
        called: repository === operations && sources.some((source) => source !== operations),
        opensPullRequests: repository === operations,
    }));
}

function environmentIn(repository: string, settings: Shared, environment: Environment): DeploymentEnvironment[] {
    const { name, reviewers = [] } = environment;
    const own = deploymentOrigins(settings, environment).filter((origin) => origin.repository === repository);
    return own.map(({ branch }) => ({ name, branch, reviewers }));
}

/** The branches that are to hold a repository's workflow files. A push runs the files of its own branch. */
export interface DeliveryBranches {
    /** Without them something does not run: their absence is told. */
    needed: readonly string[];
    /** Where they exist. */
    further: readonly string[];
}

export function deliveryBranches(repository: string, settings: Shared): DeliveryBranches {
    const { operations } = settings.delivery;
    const isSource = sourceRepositories(settings).includes(repository);
    const needed = [...(repository === operations.repository ? [operations.branch] : []), ...(isSource ? [followedBranch] : [])];
    const lines = isSource ? Object.keys(builtBranches).filter((branch) => !branch.includes("*")) : [];
    return { needed: [...new Set(needed)], further: lines.filter((branch) => !needed.includes(branch)) };
}
