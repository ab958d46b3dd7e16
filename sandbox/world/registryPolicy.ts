import type { Cloud } from "../providers/cloud";
import { readImagePath, type RegistryPolicy } from "../registry/server";

/** The registry's rules as the simulated cloud has them: repositories that the platform made, bindings that it granted. */
export function registryPolicy(cloud: Cloud): RegistryPolicy {
    return {
        authenticate: (username, password) => (username === "oauth2accesstoken" ? cloud.identify(password) : undefined),
        repository(path) {
            const image = readImagePath(path);
            const name = image && repositoryName(cloud, image);
            if (!image || !name) {
                return undefined;
            }
            const { immutableTags } = cloud.resource<{ dockerConfig?: { immutableTags?: boolean } }>(name)?.dockerConfig ?? {};
            return { ...image, location: name.split("/")[3], immutableTags: immutableTags ?? false };
        },
        denied(member, action, repository) {
            const permission = `artifactregistry.repositories.${action === "pull" ? "downloadArtifacts" : "uploadArtifacts"}`;
            const name = repositoryName(cloud, repository);
            return member && name && cloud.allows(member, permission, name) ? undefined : permission;
        },
    };
}

function repositoryName(cloud: Cloud, { project, repositoryId }: { project: string; repositoryId: string }): string | undefined {
    const pattern = new RegExp(`^projects/[^/]+/locations/[^/]+/repositories/${repositoryId}$`);
    return cloud.resourceNames(`projects/${project}/locations`).find((name) => pattern.test(name));
}
