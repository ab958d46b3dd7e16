import { catalogImages, imageNames, imageSet, type Lock, serviceOf, setKey, type ImageSet } from "../release/lock";
import { parseUnion } from "../release/union";
import { isLocal, localServices } from "./localBuilds";
import type { Direction, PlannedImage, PromotionFacts, PromotionRequest, Transition } from "./model";

/** What a request and the locks amount to, before anything is judged. */
export interface Proposal {
    /** Image name → what it would run. */
    images: Readonly<Record<string, PlannedImage>>;
    set: ImageSet;
    /** Key of {@link set}. */
    key: string;
    /**
     * Key of the set together with those images of the locks that this checkout's catalog does not deploy: what an environment ran
     * that was deployed from the locks' own catalog. Equal to {@link key} where the catalog deploys all of the locks.
     */
    wholeKey: string;
    /**
     * {@link wholeKey} without the images that a pin only keeps: they run already, and the commit does not have them. So it is the key of
     * what ran here, where services have come or gone since.
     */
    formerKey: string;
    /** Images whose digest would change, by name. */
    transitions: readonly Transition[];
    /** Services of the catalog that their lock does not have, sorted. */
    pending: readonly string[];
    /** Images of the locks whose services the catalog does not have, sorted. */
    undeployed: readonly string[];
    /** Images that a service of the catalog needs beside those that its lock has, sorted. */
    lacking: readonly string[];
}

/**
 * The ref that the request wants a service at: its pin, or the environment's release or commit; of a union that of the repository that
 * builds it. Empty where the union has no commit of that repository: nothing of it was built yet.
 */
export function refOf(
    { commit, release, pins, catalog }: Pick<PromotionRequest, "commit" | "release" | "pins" | "catalog">,
    locks: PromotionFacts["locks"],
    imageName: string,
): string {
    const service = serviceOf(imageName);
    if (Object.hasOwn(pins, service)) {
        return pins[service];
    }
    if (release !== undefined) {
        return release;
    }
    const union = parseUnion(commit);
    if (!union) {
        return commit;
    }
    const image = Object.hasOwn(catalog.services, service) ? catalog.services[service].image : undefined;
    return image?.from === "source" ? (union[image.repository.toLowerCase()] ?? "") : holderOf(catalog, union, locks, imageName);
}

/** What a third party built stands in the locks of every repository: that one counts which mirrored what the catalog names. */
function holderOf(
    catalog: PromotionRequest["catalog"],
    union: Readonly<Record<string, string>>,
    locks: PromotionFacts["locks"],
    imageName: string,
): string {
    const named = catalogImages(catalog)[imageName];
    const source = named?.from === "thirdParty" ? named.source : undefined;
    const image = (lock: Lock | undefined) => (lock && Object.hasOwn(lock.images, imageName) ? lock.images[imageName] : undefined);
    const holders = Object.values(union).filter((commit) => image(locks[commit]));
    const exact = holders.find((commit) => {
        const found = image(locks[commit])!;
        return "source" in found && found.source === source;
    });
    return exact ?? holders[0] ?? Object.values(union)[0];
}

/** Composes the requested set: the checkout's catalog with the locks' digests. A lock that is not there contributes nothing. */
export function propose(request: PromotionRequest, { locks, current }: Pick<PromotionFacts, "locks" | "current">): Proposal {
    const { catalog, pins } = request;
    const locked = (name: string) => {
        const images = locks[refOf(request, locks, name)]?.images ?? {};
        return Object.hasOwn(images, name) ? images[name] : undefined;
    };
    const wanted = imageNames(catalog);
    const images = Object.fromEntries(
        wanted.flatMap((name) => {
            const image = locked(name);
            const planned = image && { ...image, ref: refOf(request, locks, name), pinned: Object.hasOwn(pins, serviceOf(name)) };
            // A service that is not there yet needs no image beside it, and one of the working copy no image of its own.
            const needed = isLocal(catalog, serviceOf(name)) ? name !== serviceOf(name) : locked(serviceOf(name));
            return planned && needed ? [[name, planned] as const] : [];
        }),
    );
    const whole = Object.fromEntries(
        Object.values(locks)
            .flatMap((lock) => Object.keys(lock?.images ?? {}))
            .flatMap((name) => {
                const image = locked(name);
                return image ? [[name, image.digest] as const] : [];
            }),
    );
    const set = imageSet(images);
    const changes = transitions(current ? imageSet(current.images) : {}, set).filter(({ image }) => !isLocal(catalog, image));
    const unpinned = (name: string) => locks[refOf({ ...request, pins: {} }, locks, name)];
    const kept = Object.keys(set).filter(
        (name) =>
            images[name].pinned &&
            !Object.hasOwn(unpinned(name)?.catalog.services ?? {}, serviceOf(name)) &&
            !changes.some(({ image }) => image === name),
    );
    const former = Object.entries({ ...whole, ...set }).filter(([name]) => !kept.includes(name));
    return {
        images,
        set,
        key: setKey(set),
        wholeKey: setKey({ ...whole, ...set }),
        // What the working copy builds is no image that ever ran.
        formerKey: localServices(catalog).length > 0 ? setKey(set) : setKey(Object.fromEntries(former)),
        transitions: changes,
        pending: Object.keys(catalog.services)
            .filter((service) => !locked(service) && !isLocal(catalog, service))
            .sort(),
        undeployed: Object.keys(whole)
            .filter((name) => !Object.hasOwn(catalog.services, serviceOf(name)))
            .sort(),
        lacking: wanted.filter((name) => !locked(name) && locked(serviceOf(name)) && !isLocal(catalog, serviceOf(name))),
    };
}

/** How the proposed set stands to what ran here. */
export function directionOf(
    { key, formerKey, transitions }: Proposal,
    { current, ranHere }: Pick<PromotionFacts, "current" | "ranHere">,
): Direction {
    if (current && transitions.length === 0) {
        return "unchanged";
    }
    // What only leaves goes nowhere back.
    const former = transitions.some(({ to }) => to !== undefined) && ranHere.has(formerKey);
    return ranHere.has(key) || former ? "rollback" : current ? "forward" : "first";
}

function transitions(from: ImageSet, to: ImageSet): Transition[] {
    return Object.keys({ ...from, ...to })
        .sort()
        .filter((image) => from[image] !== to[image])
        .map((image) => ({
            image,
            ...(Object.hasOwn(from, image) ? { from: from[image] } : {}),
            ...(Object.hasOwn(to, image) ? { to: to[image] } : {}),
        }));
}
