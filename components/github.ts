import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { FoundRepository } from "../core/github/readRepositories";
import type { Delivery } from "../core/settings/model";
import { GithubRepository } from "./githubRepository";

/** What {@link Github} is made from. */
export interface GithubArgs {
    /** The repositories as they were found. */
    repositories: readonly FoundRepository[];
    delivery: Delivery;
    /** Full name of the workload identity pool. */
    pool: pulumi.Input<string>;
}

/** Every repository of the delivery on GitHub, by one provider for each owner: it knows the repositories of one alone. */
export class Github extends pulumi.ComponentResource {
    constructor(name: string, args: GithubArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Github", name, {}, opts);
        const { delivery } = args;
        const providers = new Map<string, github.Provider>();
        const providerOf = (owner: string) => {
            const provider =
                providers.get(owner) ??
                new github.Provider(`${name}-${owner}`, { owner }, { parent: this, transformations: [withoutToken] });
            providers.set(owner, provider);
            return provider;
        };
        const teamId = (team: string) => {
            const [owner, slug] = team.split("/");
            return github.getTeamOutput({ slug, summaryOnly: true }, { provider: providerOf(owner) }).id.apply(Number);
        };
        for (const found of args.repositories) {
            const [owner, repository] = found.repository.split("/");
            new GithubRepository(
                `${owner}-${repository}`,
                {
                    found,
                    identityProvider: pulumi.interpolate`${args.pool}/providers/github`,
                    workflowFiles: delivery.workflowFiles ?? "pullRequest",
                    teamId,
                },
                { parent: this, providers: [providerOf(owner)] },
            );
        }
        this.registerOutputs({});
    }
}

/**
 * The SDK would write the value of `GITHUB_TOKEN` into the provider's inputs, and so into the state, in plain text. The provider's
 * own process reads the variable anyway.
 */
const withoutToken: pulumi.ResourceTransformation = ({ props, opts }) => {
    const { token: _ofThisPerson, ...kept } = props as Record<string, unknown>;
    return { props: kept, opts };
};
