import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** What an {@link ImageRegistry} is made from. */
export interface ImageRegistryArgs {
    /** Google Cloud project that holds the repository. */
    project: string;
    /** Region, for example `europe-west1`: images are pulled from the same region as the cluster. */
    location: string;
    /** Repository id: the tier's name, `develop`, `release-candidate`, `stable`, one of them with `-runs`, or `deploy`. */
    repositoryId: string;
    /**
     * Whether a tag may move and old images may go. Only the tier that carries `latest` needs it.
     * @default false: a tag means one digest for ever, and nothing is cleaned up
     */
    mutableTags?: boolean;
    /** Who may pull: a short name for the grant → IAM member. @default - nobody but the project's own roles */
    readers?: Record<string, pulumi.Input<string>>;
    /** Who may push: a short name for the grant → IAM member. @default - nobody but the project's own roles */
    writers?: Record<string, pulumi.Input<string>>;
}

/**
 * One repository of images or artifacts in Artifact Registry, and who may pull from and push to it.
 *
 * It outlives the stack (`retainOnDelete`): running clusters pull from it, and run records are history.
 */
export class ImageRegistry extends pulumi.ComponentResource {
    /** Name of the repository, known once it exists. */
    readonly repository: pulumi.Output<string>;

    constructor(name: string, args: ImageRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:ImageRegistry", name, {}, opts);
        const { project, location, repositoryId, mutableTags = false, readers = {}, writers = {} } = args;

        const repository = new gcp.artifactregistry.Repository(
            name,
            {
                project,
                location,
                repositoryId,
                format: "DOCKER",
                dockerConfig: { immutableTags: !mutableTags },
                cleanupPolicies: mutableTags ? mutableTierCleanup : undefined,
                cleanupPolicyDryRun: false,
            },
            { parent: this, protect: true, retainOnDelete: true },
        );

        const grant = (role: string, members: Record<string, pulumi.Input<string>>) => {
            for (const [who, member] of Object.entries(members)) {
                new gcp.artifactregistry.RepositoryIamMember(
                    `${name}-${role}-${who}`,
                    { project, location, repository: repository.name, role: `roles/artifactregistry.${role}`, member },
                    { parent: this },
                );
            }
        };
        grant("reader", readers);
        grant("writer", writers);

        this.repository = repository.name;
        this.registerOutputs({ repository: this.repository });
    }
}

// A KEEP rule wins over every DELETE rule. Age is counted from upload, so without the KEEP rules
// an unchanged service would lose the very image that it still runs.
const mutableTierCleanup = [
    { id: "keep-channels-and-releases", action: "KEEP", condition: { tagPrefixes: ["latest", "v"] } },
    { id: "keep-recent", action: "KEEP", mostRecentVersions: { keepCount: 50 } },
    { id: "delete-old", action: "DELETE", condition: { olderThan: "90d" } },
];
