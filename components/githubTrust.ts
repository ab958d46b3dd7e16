import * as gcp from "@pulumi/gcp";
import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { Delivery } from "../core/settings/model";
import { githubIssuer, trust, type RepositoryIds } from "../core/workflows/trust";

/** What {@link GithubTrust} is made from. */
export interface GithubTrustArgs {
    delivery: Delivery;
    /** The repository that holds the workflows that do the work. */
    operations: pulumi.Input<RepositoryIds>;
    /** The repositories that services are built from. */
    sources: pulumi.Input<RepositoryIds>[];
}

/** Workload identity federation for GitHub: one pool, one provider, and which repositories' workflows it takes tokens of. */
export class GithubTrust extends pulumi.ComponentResource {
    /** Full name of the pool, `projects/NUMBER/locations/global/workloadIdentityPools/ID`. */
    readonly pool: pulumi.Output<string>;

    constructor(name: string, args: GithubTrustArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:GithubTrust", name, {}, opts);
        const { delivery } = args;
        const rules = pulumi
            .all([args.operations, pulumi.all(args.sources)])
            .apply(([operations, sources]) => trust(delivery, operations, sources));

        const pool = new gcp.iam.WorkloadIdentityPool(
            name,
            { project: delivery.project, workloadIdentityPoolId: poolId, displayName: "GitHub Actions" },
            { parent: this, protect: true },
        );
        new gcp.iam.WorkloadIdentityPoolProvider(
            name,
            {
                project: delivery.project,
                workloadIdentityPoolId: pool.workloadIdentityPoolId,
                workloadIdentityPoolProviderId: "github",
                displayName: "GitHub Actions",
                oidc: { issuerUri: githubIssuer },
                attributeMapping: rules.attributeMapping,
                attributeCondition: rules.attributeCondition,
            },
            { parent: this, protect: true },
        );

        this.pool = pool.name;
        this.registerOutputs({ pool: this.pool });
    }
}

/** A deleted pool blocks its id for 30 days. */
const poolId = "oneflow-github";

/** Full name of the pool by its computed name: a platform stack that does not own it needs no other stack's state. */
export function poolName({ project }: Delivery, opts: pulumi.InvokeOptions): pulumi.Output<string> {
    return gcp.organizations
        .getProjectOutput({ projectId: project }, opts)
        .number.apply((number) => `projects/${number}/locations/global/workloadIdentityPools/${poolId}`);
}

/** Numeric ids of a repository and its owner, looked up at GitHub. */
export function repositoryIds(fullName: string, opts: pulumi.InvokeOptions): pulumi.Output<RepositoryIds> {
    const repository = github.getRepositoryOutput({ fullName }, opts);
    const owner = github.getUserOutput({ username: fullName.split("/")[0] }, opts);
    return pulumi.all([repository.repoId, owner.id]).apply(([id, ownerId]) => ({ repository: String(id), owner: ownerId }));
}
