import type { Registry } from "../registry/model";
import { imageRepository, type Tier } from "../release/addresses";
import type { Lock } from "../release/lock";
import { pullLock, pushLock } from "../release/lockStore";
import { followedBranch } from "../workflows/branches";
import type { Commits } from "./commits";

/** What became of `latest`: `left` where it means a commit that this one must not replace. */
export type LatestOutcome = "moved" | "unchanged" | "left";

/**
 * Lets `latest` mean the images of a commit of develop, the lock first and then each image, but never goes back:
 * only to a descendant of the commit that it means now, or to anything once develop's head does not contain that one any more.
 *
 * Reading `latest` and putting it are two requests: it is for the caller to see that moves in one tier do not interleave.
 */
export async function moveLatest(commits: Commits, registry: Registry, tier: Tier, lock: Lock): Promise<LatestOutcome> {
    const { repository, commit } = lock.source;
    const current = (await pullLock(registry, tier, repository, "latest"))?.source.commit;
    if (!(await mayReplace(commits, current, commit))) {
        return "left";
    }
    if (current !== commit) {
        await pushLock(registry, tier, lock, { latest: true });
    }
    // Also where the lock's tag stood already: the run that put it may have broken off before it came to the images.
    const images = await Promise.all(
        Object.entries(lock.images).map(([name, { digest }]) =>
            registry.tag(imageRepository(tier, name), digest, "latest", { move: true }),
        ),
    );
    return current === commit && images.every((outcome) => outcome === "unchanged") ? "unchanged" : "moved";
}

async function mayReplace(commits: Commits, current: string | undefined, commit: string): Promise<boolean> {
    const head = await commits.find(`refs/heads/${followedBranch}`);
    const onDevelop = async (one: string) => head !== undefined && (await commits.isAncestor(one, head));
    if (!(await onDevelop(commit))) {
        return false;
    }
    return current === undefined || (await commits.isAncestor(current, commit)) || !(await onDevelop(current));
}
