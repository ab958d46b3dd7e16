import { lockRepository, imageRepository, type Tier } from "./addresses";
import type { Digest } from "../registry/reference";
import type { Registry } from "../registry/model";

/** What to bring into a tier. */
export interface ImageCopies {
    to: Tier;
    /** Image name → what comes in. What runs in the environment already is not among them: it stands in the tier. */
    images: Readonly<Record<string, CopiedImage>>;
    /** The tier that locks are copied from. May be the same: then they stand there. */
    from: Tier;
    /** Commit → source repository whose lock travels along. */
    locks: Readonly<Record<string, string>>;
}

export interface CopiedImage {
    digest: Digest;
    /** Registry host and path that the image stands under: that of a tier, or of the releases. */
    from: string;
    /** The tags that it gets: commits, releases. */
    tags: readonly string[];
}

/**
 * Brings images and the locks that name them into a tier, by digest. What is there already is not sent again, so a run
 * that broke off is simply run again. Locks come last: one that is there stands for images that are there.
 *
 * @throws RegistryError, TagMoved
 */
export async function copyImages(registry: Registry, { from, to, images, locks }: ImageCopies): Promise<void> {
    await Promise.all(
        Object.entries(images).map(async ([name, { digest, from: source, tags }]) => {
            const own = imageRepository(to, name);
            if (await registry.resolve(`${own}@${digest}`)) {
                await Promise.all(tags.map((tag) => registry.tag(own, digest, tag)));
            } else {
                await registry.copy({ repository: `${source}/${name}`, digest }, { repository: own, tags });
            }
        }),
    );
    await Promise.all(
        Object.entries(locks).map(async ([commit, source]) => {
            const own = lockRepository(to, source);
            const theirs = lockRepository(from, source);
            if (!(await registry.resolve(`${own}:${commit}`))) {
                const lock = await registry.resolve(`${theirs}:${commit}`);
                if (!lock) {
                    throw new Error(`the lock of commit ${commit} is in neither ${own} nor ${theirs}`);
                }
                await registry.copy({ repository: theirs, digest: lock.digest }, { repository: own, tags: [commit] });
            }
        }),
    );
}
