import type { Tier } from "../release/addresses";
import type { CopiedImage, ImageCopies } from "../release/copyImages";
import { isRelease } from "../release/lock";
import type { Plan, PlannedImage } from "./model";
import { tierAddress } from "./words";

/**
 * What a plan brings into the environment's tier: the images that change, each of which the rules have judged, and the locks. An image
 * that runs already is left alone, so nobody who cleans it up elsewhere can break a promotion of others.
 *
 * @param from the tier that images of a commit come from: the environment's before, or the own one in the first
 * @param deploy registry host and path that images of a release come from
 */
export function imageCopies(
    { environment, images, locks, transitions }: Pick<Plan, "environment" | "images" | "locks" | "transitions">,
    from: Tier,
    deploy: string,
): ImageCopies {
    const coming = transitions.flatMap(({ image, to }): [string, CopiedImage][] => {
        if (to === undefined) {
            return [];
        }
        const planned = images[image];
        const source = isRelease(planned.ref) ? deploy : tierAddress(from);
        return [[image, { digest: to, from: source, tags: tagsOf(planned) }]];
    });
    return {
        to: tierOf(environment),
        images: Object.fromEntries(coming),
        from: tierOf(from),
        locks: Object.fromEntries(Object.entries(locks).map(([commit, { source }]) => [commit, source.repository])),
    };
}

/** A release names images that several commits built: of each it is true that its own did. */
function tagsOf(planned: PlannedImage): string[] {
    return isRelease(planned.ref) && "commit" in planned ? [planned.commit, planned.ref] : [planned.ref];
}

function tierOf({ registry, tier }: Tier): Tier {
    return { registry, tier };
}
