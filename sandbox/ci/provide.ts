import type { Registry } from "../../core/registry/model";
import type { Digest } from "../../core/registry/reference";
import { imageRepository, type Tier } from "../../core/release/addresses";
import type { BuiltImage, Service } from "../../core/settings/model";
import type { PlannedContent } from "../../core/workflows/contentPlan";
import type { Repository } from "../git/repository";
import type { Image } from "../registry/images";
import { BuildFailed, buildService } from "./build";

/** Where images come from and go to. */
export interface Provision {
    git: Repository;
    commit: string;
    tier: Tier;
    registry: Registry;
    platforms: readonly string[];
    /** Pushes an image by digest into a repository. */
    push(repository: string, image: Image): Promise<unknown>;
}

/** How a commit came by an image: `tagged` where the same content had been built, `unchanged` where an earlier run had done it all. */
export interface ProvidedImage {
    outcome: "built" | "tagged" | "mirrored" | "unchanged";
    digest: Digest;
}

/**
 * Sees to it that a service has an image under the commit's SHA. Content that was built before is never built again.
 *
 * @throws BuildFailed, RegistryError, TagMoved
 */
export async function provideBuilt(
    { git, commit, tier, registry, platforms, push }: Provision,
    { name, image }: Service & { image: BuiltImage },
    content: PlannedContent,
): Promise<ProvidedImage> {
    const repository = imageRepository(tier, name);
    const [own, same] = await Promise.all([
        registry.resolve(`${repository}:${commit}`),
        registry.resolve(`${repository}:${content.tag}`),
    ]);
    if (own) {
        return { outcome: "unchanged", digest: own.digest };
    }
    if (same) {
        await registry.tag(repository, same.digest, commit);
        return { outcome: "tagged", digest: same.digest };
    }
    if (content.missingPaths.length > 0) {
        throw new BuildFailed(
            `${content.missingPaths.join(", ")}: no such path in the commit`,
            "correct the service's source in services.yaml, or commit the path",
        );
    }
    const built = await buildService(git, commit, image, platforms);
    await push(repository, built).catch((error: Error) => {
        throw new BuildFailed(error.message, `once ${repository} takes the builder's pushes, run the build of ${commit} again`);
    });
    // The content's tag first: a run that breaks off between the two is continued without a build.
    await registry.tag(repository, built.digest, content.tag);
    await registry.tag(repository, built.digest, commit);
    return { outcome: "built", digest: built.digest };
}

/**
 * Holds what a lock says against the tags of its commit. Nothing is written: a lock stands for images that are there.
 *
 * @throws BuildFailed where the image is gone, or the tag has moved
 */
export async function confirmLocked(
    { commit, tier, registry }: Pick<Provision, "commit" | "tier" | "registry">,
    name: string,
    digest: Digest,
): Promise<ProvidedImage> {
    const address = `${imageRepository(tier, name)}:${commit}`;
    const found = await registry.resolve(address);
    if (!found) {
        throw new BuildFailed(
            `${address} is gone, and the commit's lock says that it was ${digest}. It is not built again under its tag`,
            'git commit --allow-empty -m "Build again" && git push',
        );
    }
    if (found.digest !== digest) {
        throw new BuildFailed(
            `${address} means ${found.digest}, and the commit's lock says ${digest}: the tag was moved`,
            `crane tag ${imageRepository(tier, name)}@${digest} ${commit}`,
        );
    }
    return { outcome: "unchanged", digest };
}
