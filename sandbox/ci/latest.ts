import { imageRepository, type Tier } from "../../core/release/addresses";
import type { Lock } from "../../core/release/lock";
import { pullLock, pushLock } from "../../core/release/lockStore";
import type { Registry } from "../../core/registry/model";
import type { Repository } from "../git/repository";
import { atMost, inTurn } from "./turns";

/** What became of `latest`: `left` where it means a commit that this one must not replace. */
export type LatestOutcome = "moved" | "unchanged" | "left";

/**
 * Lets `latest` mean the images of a commit of develop, the lock first and then each image, but never goes back:
 * only to a descendant of the commit that it means now, or to anything once develop's head does not contain that one any more.
 */
export async function moveLatest(git: Repository, registry: Registry, tier: Tier, lock: Lock): Promise<LatestOutcome> {
    const { repository, commit } = lock.source;
    // Reading `latest` and putting it are two requests: moves in one tier must not interleave.
    return inTurn(`latest ${tier.registry}/${tier.tier} ${repository}`, async () => {
        const current = (await pullLock(registry, tier, repository, "latest"))?.source.commit;
        if (!(await mayReplace(git, current, commit))) {
            return "left";
        }
        if (current !== commit) {
            await pushLock(registry, tier, lock, { latest: true });
        }
        // Also where the lock's tag stood already: the run that put it may have broken off before it came to the images.
        const images = await atMost(4, Object.entries(lock.images), ([name, { digest }]) =>
            registry.tag(imageRepository(tier, name), digest, "latest", { move: true }),
        );
        return current === commit && images.every((outcome) => outcome === "unchanged") ? "unchanged" : "moved";
    });
}

async function mayReplace(git: Repository, current: string | undefined, commit: string): Promise<boolean> {
    const head = await git.find("refs/heads/develop");
    const onDevelop = async (one: string) => head !== undefined && (await git.isAncestor(one, head));
    if (!(await onDevelop(commit))) {
        return false;
    }
    return current === undefined || (await git.isAncestor(current, commit)) || !(await onDevelop(current));
}
