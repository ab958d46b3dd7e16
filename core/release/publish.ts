import type { Descriptor, Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import type { Settings } from "../settings/model";
import { imageRepository, type Tier } from "./addresses";
import type { Lock, LockedImage } from "./lock";
import type { Release } from "./release";
import { pushRelease } from "./releaseStore";

/** The release of a lock. Chart and kustomization are those of the last environment: a release is made to get there. */
export function releaseOf(
    { project, delivery, environments }: Pick<Settings, "project" | "delivery" | "environments">,
    version: string,
    lock: Lock,
): Release {
    const last = environments.at(-1)!;
    return {
        project,
        version,
        deploy: delivery.deploy,
        lock,
        target: { environment: last.name, cloudProject: last.project, namespace: last.namespace },
    };
}

/** The tag of an image in the deploy registry: the commit that built it, of a third party's the one that is released. */
export function releasedTag(image: LockedImage, { source }: Pick<Lock, "source">): string {
    return "commit" in image ? image.commit : source.commit;
}

/**
 * Copies a release's images by digest into the deploy registry, then puts the release itself: one that is there stands for images
 * that are there. What is there already is not sent again, so one that broke off is simply published again.
 *
 * @param from the tier that has the images
 * @returns how many images were not there, and the release as it stands there
 * @throws Refusal where the version is another release already; TagMoved where a commit's tag there means another image
 */
export async function publishRelease(
    registry: Registry,
    release: Release,
    from: Tier,
): Promise<{ copied: number; descriptor: Descriptor }> {
    const { lock, deploy } = release;
    const copied = await Promise.all(
        Object.entries(lock.images).map(([name, image]) =>
            copyImage(registry, imageRepository(from, name), `${deploy}/${name}`, image.digest, releasedTag(image, lock)),
        ),
    );
    const descriptor = await pushRelease(registry, release);
    return { copied: copied.filter(Boolean).length, descriptor };
}

/** @returns whether the image was not there */
async function copyImage(registry: Registry, from: string, to: string, digest: Digest, tag: string): Promise<boolean> {
    if ((await registry.resolve(`${to}:${tag}`))?.digest === digest) return false;
    if (await registry.resolve(`${to}@${digest}`)) {
        await registry.tag(to, digest, tag);
        return false;
    }
    await registry.copy({ repository: from, digest }, { repository: to, tags: [tag] });
    return true;
}
