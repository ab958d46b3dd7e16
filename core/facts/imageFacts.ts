import type { PromotionRequest, TagFact } from "../promotion/model";
import type { Proposal } from "../promotion/proposal";
import { tierAddress } from "../promotion/words";
import type { Registry } from "../registry/model";
import type { Tier } from "../release/addresses";
import { isRelease } from "../release/lock";
import { ranImage, ranSet } from "../release/runRecordStore";

/** Of what changes nothing, no set is asked for. */
export const noSets = { ranHere: new Set<string>(), ranBefore: new Set<string>() };

/** Whether the set ran here, and in the environment before. */
export async function readSets(
    registry: Registry,
    { environment, before }: PromotionRequest,
    { key, wholeKey, formerKey }: Proposal,
) {
    const ran = async (tier: Tier, keys: readonly string[]) => {
        const found = await Promise.all(keys.map((one) => ranSet(registry, tier, one)));
        return new Set(keys.filter((_, index) => found[index]));
    };
    const ranHere = await ran(environment, [...new Set([key, formerKey])]);
    // A set that ran here goes back and needs no proof, so a tier before that does not answer keeps nobody from it.
    const ranBefore = before && ranHere.size === 0 ? await ran(before, [...new Set([key, wholeKey])]) : new Set<string>();
    return { ranHere, ranBefore };
}

/** Which images that would come in are there, and what their refs' tags mean: where they come from and the own tier, in parallel. */
export async function readImages(
    registry: Registry,
    { before, environment, releases }: Pick<PromotionRequest, "before" | "environment" | "releases">,
    { images, transitions }: Proposal,
) {
    const own = tierAddress(environment);
    const placesOf = (ref: string) => {
        const source = isRelease(ref) ? releases?.deploy : before && tierAddress(before);
        return [...(source === undefined ? [] : [source]), own];
    };
    const read = async (image: string) => {
        const planned = images[image];
        const names = [...new Set([planned.ref, ...("commit" in planned ? [planned.commit] : [])])];
        const places = placesOf(planned.ref);
        const tags = await Promise.all(
            places.flatMap((tier) =>
                names.map(async (tag): Promise<TagFact | undefined> => {
                    const found = await registry.resolve(`${tier}/${image}:${tag}`);
                    return found && { image, tier, tag, digest: found.digest };
                }),
            ),
        );
        const known = tags.filter((fact) => fact !== undefined);
        // A tag that means the digest proves that the image is there.
        const exists =
            known.some(({ digest }) => digest === planned.digest) ||
            (await Promise.all(places.map((tier) => registry.resolve(`${tier}/${image}@${planned.digest}`)))).some(Boolean);
        return { tags: known, missing: exists ? [] : [`${image}@${planned.digest}`] };
    };
    const found = await Promise.all(transitions.filter(({ to }) => to !== undefined).map(({ image }) => read(image)));
    return { tags: found.flatMap(({ tags }) => tags), missing: new Set(found.flatMap(({ missing }) => missing)) };
}

/** Which images that would come in ran in the environment before, each by itself. */
export async function readImagesBefore(registry: Registry, { before }: PromotionRequest, { transitions }: Proposal) {
    const asked = transitions.flatMap(({ image, to }) => (before && to ? [{ image, to, before }] : []));
    const ran = await Promise.all(asked.map(({ image, to, before: tier }) => ranImage(registry, tier, image, to)));
    return new Set(asked.filter((_, index) => ran[index]).map(({ image, to }) => `${image}@${to}`));
}

/** Which images with a `migrate` ran here before, so that it has run: one request for each that would come in. */
export async function readMigrated(registry: Registry, { environment, catalog }: PromotionRequest, { transitions }: Proposal) {
    const asked = transitions.flatMap(({ image, from, to }) =>
        from && to && Object.hasOwn(catalog.services, image) && catalog.services[image].migrate ? [{ image, to }] : [],
    );
    const ran = await Promise.all(asked.map(({ image, to }) => ranImage(registry, environment, image, to)));
    return new Set(asked.filter((_, index) => ran[index]).map(({ image, to }) => `${image}@${to}`));
}
