/** A repository of the registry, as the platform made it: the first two parts of an image's path. */
export interface PolicyRepository {
    /** Google Cloud project. */
    project: string;
    repositoryId: string;
    /** Region, for the words of a denial. @default - left out of them */
    location?: string;
}

/** Who may do what in a registry: the seam between the registry and the simulated cloud that holds the bindings. */
export interface RegistryPolicy {
    /**
     * The IAM member that a credential belongs to. Nothing where it is not valid.
     *
     * @param password an access token, the user name being `oauth2accesstoken`
     */
    authenticate(username: string, password: string): string | undefined;
    /** The repository that an image path stands in, and whether its tags move. Nothing where there is none. */
    repository(path: string): (PolicyRepository & { immutableTags: boolean }) | undefined;
    /**
     * The permission that is missing, for example `artifactregistry.repositories.uploadArtifacts`. Nothing where it is allowed.
     *
     * @param member nothing for somebody without credentials
     */
    denied(member: string | undefined, action: Action, repository: PolicyRepository): string | undefined;
}

export type Action = "pull" | "push";

/** An upstream that everybody may pull from and only code that holds its directory may fill. */
export const openPolicy: RegistryPolicy = {
    authenticate: () => undefined,
    repository: (path) => {
        const [project, repositoryId = project] = path.split("/");
        return { project, repositoryId, immutableTags: false };
    },
    denied: (_member, action) => (action === "pull" ? undefined : "artifactregistry.repositories.uploadArtifacts"),
};

/** The repository that an image path names, as Artifact Registry reads it: project, repository, and an image of one or more parts. */
export function readImagePath(path: string): { project: string; repositoryId: string } | undefined {
    const [project, repositoryId, image] = path.split("/");
    return image === undefined ? undefined : { project, repositoryId };
}
