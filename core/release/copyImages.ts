import type { Digest } from "../registry/reference";
import type { Registry } from "../registry/model";

/** What to copy from one tier into another. */
export interface ImageCopies {
    /** Registry and tier to copy from. */
    from: string;
    /** Registry and tier to copy into. May be the same: then only tags are put. */
    to: string;
    /** Image name → digest. */
    images: Readonly<Record<string, string>>;
    /** Image name → the tag that it gets, a full commit SHA. */
    tags: Readonly<Record<string, string>>;
    /** Commit → source repository whose lock travels along. */
    locks: Readonly<Record<string, string>>;
}

/**
 * Brings images and the locks that name them into a tier, by digest. What is there already is not sent again, so a run
 * that broke off is simply run again. Locks come last: one that is there stands for images that are there.
 *
 * @throws RegistryError, TagMoved
 */
export async function copyImages(registry: Registry, { from, to, images, tags, locks }: ImageCopies): Promise<void> {
    await Promise.all(
        Object.entries(images).map(async ([name, digest]) => {
            const own = `${to}/${name}`;
            if (await registry.resolve(`${own}@${digest}`)) {
                await registry.tag(own, digest as Digest, tags[name]);
            } else {
                await registry.copy(
                    { repository: `${from}/${name}`, digest: digest as Digest },
                    { repository: own, tags: [tags[name]] },
                );
            }
        }),
    );
    await Promise.all(
        Object.entries(locks).map(async ([commit, source]) => {
            const path = `locks/${source.toLowerCase()}`;
            if (!(await registry.resolve(`${to}/${path}:${commit}`))) {
                const lock = await registry.resolve(`${from}/${path}:${commit}`);
                if (!lock) {
                    throw new Error(`the lock of commit ${commit} is in neither ${to}/${path} nor ${from}/${path}`);
                }
                await registry.copy(
                    { repository: `${from}/${path}`, digest: lock.digest },
                    { repository: `${to}/${path}`, tags: [commit] },
                );
            }
        }),
    );
}
