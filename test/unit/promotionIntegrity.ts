import type { Digest } from "../../core/registry/reference";
import { imageRepository } from "../../core/release/addresses";
import { deploy } from "./promotionExamples";
import type { Reason } from "./promotionForesight";
import { short, type View } from "./promotionView";

/** Where an image may be pulled from: what comes back from its own tier alone. */
export function placesOf({ past, before, to, direction, refOf, release }: View, image: string): string[] {
    const tier = (name: typeof to) => imageRepository(past.environments[name], "").replace(/\/$/, "");
    const source = release !== undefined && refOf(image) === release ? deploy : before && tier(before);
    return [...(direction === "rollback" || source === undefined ? [] : [source]), tier(to)];
}

/** A git tag that names another commit than the release was made of. */
export function movedRelease({ past, release, lockOf, changes }: View): Reason[] {
    const made = release === undefined ? undefined : lockOf(release)?.sha;
    const tagged = past.tagged.get(release ?? "");
    const known = tagged !== undefined && (!past.house.shallow || tagged === past.head());
    return made === undefined || !known || tagged === made || changes.length === 0
        ? []
        : [{ subject: "commit", says: [`was made of ${short(made)}`, `names ${short(tagged)}`] }];
}

/** Every place in which the tag of a commit, or of the release, means another image than its lock says. */
export function movedImage(view: View, image: string, to: Digest): Reason[] {
    const planned = view.planned[image];
    const built = "commit" in planned ? planned.commit : undefined;
    const tags = [...new Set([planned.ref, ...(built === undefined ? [] : [built])])];
    const meant = placesOf(view, image).flatMap((place) => tags.map((tag) => view.registry.meaning(`${place}/${image}:${tag}`)));
    const others = meant.filter((digest) => digest !== undefined && digest !== to);
    const runs = view.current?.images[image];
    const ranAs = runs !== undefined && "commit" in runs && runs.commit === built && runs.digest !== to;
    return others.length === 0 && !ranAs
        ? []
        : [{ subject: image, says: others.map((digest) => `means ${digest!.slice(0, 15)}…`), never: ranAs ? [] : [" runs in "] }];
}
