import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { FoundRepository } from "../core/github/readRepositories";
import { runsRepositoryId } from "../core/release/addresses";
import type { Delivery, Environment, PlatformTarget, Settings } from "../core/settings/model";
import { auditor, builder, email, member, releaser, type Identity } from "../core/workflows/identities";
import { workflowsOf } from "../core/workflows/names";
import { deploymentOrigins, sourceRepositories } from "../core/workflows/origins";
import { deploymentPrincipal, workflowPrincipal, type RepositoryIds, type WorkflowName } from "../core/workflows/trust";
import { EnabledApis } from "./enabledApis";
import { EnvironmentFoundation } from "./environmentFoundation";
import { Github } from "./github";
import { GithubTrust, poolName, repositoryIds } from "./githubTrust";
import { ImageRegistry } from "./imageRegistry";
import { ServiceIdentity } from "./serviceIdentity";
import { SigningKey } from "./signingKey";

/** What a {@link Platform} is made from. */
export interface PlatformArgs {
    settings: Settings;
    target: PlatformTarget;
    /** The repositories as GitHub has them. Empty where another platform stack is the shared one. */
    repositories: readonly FoundRepository[];
}

/**
 * What lies under the environments, run rarely and by an administrator: for each environment its cluster, registry
 * tier and deployer; once, in the shared platform stack, GitHub's trust, builder, releaser, auditor and the deploy registry.
 */
export class Platform extends pulumi.ComponentResource {
    /** Environment → its deployer, as an IAM member. */
    readonly deployers: Readonly<Record<string, pulumi.Output<string>>>;
    /** Public key of the one that signs releases, as PEM. Absent: releases are not signed, or by the shared platform stack's. */
    readonly publicKey?: pulumi.Output<string>;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Platform", name, {}, opts);
        const { settings, target } = args;
        const { delivery, environments } = settings;
        const { project, region } = delivery;

        const apis = new EnabledApis("delivery", { project, apis: deliveryApis }, { parent: this });
        const ready = { parent: this, dependsOn: [apis] };
        const operations = repositoryIds(delivery.operations.repository, { parent: this });
        const sources = Object.fromEntries(
            sourceRepositories(settings).map((name) => [name, repositoryIds(name, { parent: this })]),
        );
        const pool = target.shared
            ? new GithubTrust("github", { delivery, operations, sources: Object.values(sources) }, ready).pool
            : poolName(delivery, { parent: this });

        // What the shared stack makes is awaited there, and known by its computed name elsewhere.
        const identity = (role: string, who: Identity, workflows: readonly WorkflowName[], callers: typeof sources) =>
            target.shared
                ? new ServiceIdentity(
                      role,
                      { identity: who, impersonators: impersonators(pool, delivery, workflows, callers) },
                      ready,
                  ).member
                : pulumi.output(member(who));
        const own = { [delivery.operations.repository]: operations };
        const build = identity("builder", builder(delivery), workflowsOf.builder, sources);
        const release = identity("releaser", releaser(delivery), workflowsOf.releaser, own);
        const audit = identity("auditor", auditor(delivery), workflowsOf.auditor, own);

        const deployers: Record<string, pulumi.Output<string>> = {};
        // From the last environment to the first: who deploys one reads the tier of the one before.
        for (const environment of [...target.environments].reverse()) {
            const following = environments.filter(({ promotesFrom }) => promotesFrom === environment.name);
            const readersHere = following.filter(({ name }) => deployers[name]);
            const foundation = new EnvironmentFoundation(
                environment.name,
                {
                    partOf: settings.project,
                    environment,
                    catalog: settings.catalog,
                    last: following.length === 0,
                    deployPrincipals: deployPrincipals(pool, settings, environment, { ...sources, ...own }),
                    builder: environment.promotesFrom === undefined ? build : undefined,
                    readers: {
                        releaser: release,
                        auditor: audit,
                        ...Object.fromEntries(readersHere.map((next) => [`deployer-${next.name}`, deployers[next.name]])),
                    },
                    auditor: { member: audit, user: email(auditor(delivery)) },
                },
                { parent: this },
            );
            deployers[environment.name] = foundation.deployer;
        }

        if (target.shared) {
            new Github("github", { repositories: args.repositories, delivery, pool }, { parent: this });
            new ImageRegistry(
                "deploy",
                {
                    project,
                    location: region,
                    repositoryId: "deploy",
                    writers: { releaser: release },
                    readers: {
                        auditor: audit,
                        ...Object.fromEntries(Object.entries(deployers).map(([name, who]) => [`deployer-${name}`, who])),
                    },
                },
                ready,
            );
        }
        if (target.shared && delivery.signing) {
            const { key } = delivery.signing;
            this.publicKey = new SigningKey("releases", { delivery, version: key, signer: release }, { parent: this }).publicKey;
        }

        // IAM takes no member that does not exist: what another stack owns is granted by the stack that makes the member.
        for (const { environment, repository } of ownedElsewhere(settings, target)) {
            new gcp.artifactregistry.RepositoryIamMember(
                `${environment}-deployer-reads-${repository.repository}`,
                { ...repository, role: "roles/artifactregistry.reader", member: deployers[environment] },
                { parent: this },
            );
        }

        this.deployers = deployers;
        this.registerOutputs({ deployers, ...(this.publicKey && { publicKey: this.publicKey }) });
    }
}

const deliveryApis = ["artifactregistry", "iam", "iamcredentials", "sts"];

interface RepositoryName {
    project: string;
    location: string;
    repository: string;
}

/** Repositories of other platform stacks that a deployer of this one reads: the tier and runs before, and `deploy`. */
export function ownedElsewhere(
    { environments, delivery }: Pick<Settings, "environments" | "delivery">,
    target: PlatformTarget,
): { environment: string; repository: RepositoryName }[] {
    const own = new Set(target.environments.map(({ name }) => name));
    return target.environments.flatMap(({ name, promotesFrom }) => {
        const before = environments.find((other) => other.name === promotesFrom && !own.has(other.name));
        const deploy = { project: delivery.project, location: delivery.region, repository: "deploy" };
        const repositories = [
            ...(before
                ? [before.tier, runsRepositoryId(before.tier)].map((repository) => ({
                      project: before.project,
                      location: before.region,
                      repository,
                  }))
                : []),
            ...(target.shared ? [] : [deploy]),
        ];
        return repositories.map((repository) => ({ environment: name, repository }));
    });
}

/** The runs that may act as an environment's deployer, by a short name for each. */
function deployPrincipals(
    pool: pulumi.Output<string>,
    settings: Settings,
    environment: Environment,
    ids: Readonly<Record<string, pulumi.Output<RepositoryIds>>>,
): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
        deploymentOrigins(settings, environment).map(({ repository, branch }) => [
            `deploy-${repository.replace("/", "-")}`,
            pulumi
                .all([pool, ids[repository]])
                .apply(([pool, caller]) =>
                    deploymentPrincipal(pool, settings.delivery, caller, { environment: environment.name, branch }),
                ),
        ]),
    );
}

/** Who may act as an identity: each of the workflows, called from each of the repositories. */
function impersonators(
    pool: pulumi.Output<string>,
    delivery: Delivery,
    workflows: readonly WorkflowName[],
    callers: Readonly<Record<string, pulumi.Output<RepositoryIds>>>,
): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
        workflows.flatMap((workflow) =>
            Object.entries(callers).map(([repository, ids]) => [
                `${workflow}-${repository.replace("/", "-")}`,
                pulumi.all([pool, ids]).apply(([pool, caller]) => workflowPrincipal(pool, delivery, workflow, caller)),
            ]),
        ),
    );
}
