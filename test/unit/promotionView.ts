import type { PlannedImage } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import { lockRepository, runRepositories } from "../../core/release/addresses";
import { type ImageSet, isRelease, serviceOf, setKey } from "../../core/release/lock";
import type { MemoryRegistry } from "./memoryRegistry";
import { beforeOf, type Chronicle, type Commit, contains, digests, type Run, sameSet } from "./promotionChronicle";
import type { EnvironmentName } from "./promotionHappenings";
import type { Attempt } from "./promotionWorld";

/** A commit, and the images that its lock says: all that were built, unless somebody meddled with it. */
export interface Locked extends Commit {
    locked: Commit["images"];
}

/** An attempt, and what really is: composed from the chronicle and from what stands in the registry, by no code of oneflow's. */
export interface View extends Attempt {
    past: Chronicle;
    registry: MemoryRegistry;
    before?: EnvironmentName;
    /** What was asked for, and each pin with its service. */
    refs: readonly { ref: string; pinned?: string }[];
    release?: string;
    /** The commit that a ref means, and what its lock says, where that can be had here. */
    lockOf: (ref: string) => Locked | undefined;
    refOf: (image: string) => string;
    /** Image → what it would run. */
    planned: Readonly<Record<string, PlannedImage>>;
    set: ImageSet;
    /** Images of the locks that the checkout does not deploy, with those that it does. */
    whole: ImageSet;
    /** Images of {@link whole} whose service the checkout does not have. */
    undeployed: readonly string[];
    pending: readonly string[];
    /** Images that a service needs by the checkout, and that its lock does not have. */
    lacking: readonly string[];
    current?: Run;
    changes: readonly { image: string; from?: Digest; to?: Digest }[];
    coming: readonly { image: string; to: Digest }[];
    direction: "unchanged" | "rollback" | "forward" | "first";
    /** Whether this set ran in the environment before, or the locks' whole one. */
    ranBefore: { set: boolean; whole: boolean };
}

export function viewOf(past: Chronicle, registry: MemoryRegistry, attempt: Attempt): View {
    const { to, asked, pins } = attempt;
    const before = beforeOf[to];
    const { catalog } = past;
    const release = isRelease(asked) ? asked : undefined;
    const refs = [{ ref: asked }, ...Object.entries(pins).map(([pinned, ref]) => ({ ref, pinned }))];
    const lockOf = (ref: string): Locked | undefined => {
        const tiers = [...(before ? [before] : []), to].map((name) => lockRepository(past.environments[name], "acme/shop"));
        const meant = ref === release ? ref : tiers.map((repository) => registry.meaning(`${repository}:${ref}`)).find(Boolean);
        const commit = past.commitOf((ref === release ? past.releases.get(ref) : ref) ?? "");
        const locked = past.said.get(meant ?? "");
        return commit && locked && { ...commit, locked };
    };
    const refOf = (image: string) => pins[serviceOf(image)] ?? asked;
    const locked = (image: string) => lockOf(refOf(image))?.locked[image];
    const planned = Object.fromEntries(
        [...catalog].sort().flatMap((image): [string, PlannedImage][] => {
            const found = locked(image);
            const ref = refOf(image);
            return found && locked(serviceOf(image)) ? [[image, { ...found, ref, pinned: serviceOf(image) in pins }]] : [];
        }),
    );
    const set = digests(planned);
    const named = refs.flatMap(({ ref }) => Object.keys(lockOf(ref)?.locked ?? {}));
    const whole = {
        ...Object.fromEntries(named.flatMap((image) => (locked(image) ? [[image, locked(image)!.digest]] : []))),
        ...set,
    };
    const current = past.recorded[to].at(-1);
    const runs = current?.set ?? {};
    const changes = Object.keys({ ...runs, ...set })
        .sort()
        .filter((image) => runs[image] !== set[image])
        .map((image) => ({ image, ...(runs[image] && { from: runs[image] }), ...(set[image] && { to: set[image] }) }));
    const coming = changes.flatMap(({ image, to: digest }) => (digest ? [{ image, to: digest }] : []));

    // A set is known once every lock is.
    const complete = refs.every(({ ref }) => lockOf(ref)) && changes.length > 0;
    const ran = (environment: EnvironmentName, one: ImageSet) => complete && ranSet(past, registry, environment, one);
    // What only a pin keeps was not part of what the commit itself ran as.
    const kept = Object.keys(set).filter((image) => {
        const services = servicesOf(lockOf(asked));
        return serviceOf(image) in pins && !services.includes(serviceOf(image)) && changes.every((one) => one.image !== image);
    });
    const former = Object.fromEntries(Object.entries(whole).filter(([image]) => !kept.includes(image)));
    const here = { set: ran(to, set), former: ran(to, former) };
    const back = here.set || (coming.length > 0 && here.former);
    const asksBefore = before !== undefined && !here.set && !here.former;
    return {
        ...attempt,
        past,
        registry,
        ...(before && { before }),
        refs,
        ...(release !== undefined && { release }),
        lockOf,
        refOf,
        planned,
        set,
        whole,
        undeployed: Object.keys(whole)
            .filter((image) => !catalog.includes(serviceOf(image)))
            .sort(),
        pending: catalog.filter((image) => image === serviceOf(image) && !locked(image)).sort(),
        lacking: [...catalog].sort().filter((image) => !locked(image) && locked(serviceOf(image))),
        ...(current && { current }),
        changes,
        coming,
        direction: current && changes.length === 0 ? "unchanged" : back ? "rollback" : current ? "forward" : "first",
        ranBefore: { set: asksBefore && ran(before, set), whole: asksBefore && ran(before, whole) },
    };
}

/** Services that a commit's services.yaml names. */
export function servicesOf(commit: Commit | undefined): string[] {
    return Object.keys(commit?.images ?? {}).filter((image) => image === serviceOf(image));
}

/** Whether an image was part of a healthy run. */
export function ranImage({ past, registry }: View, environment: EnvironmentName, image: string, digest: Digest): boolean {
    const part = { [image]: digest };
    const halfWritten = past.brokenOff[environment].some((other) => contains(other, part));
    const address = `${runRepositories(past.environments[environment]).image(image)}:${digest.replace(":", "-")}`;
    return (
        past.recorded[environment].some((run) => contains(run.set, part)) ||
        (halfWritten && registry.meaning(address) !== undefined)
    );
}

/** Whether a set had a healthy run: what broke off while it was recorded may have got as far as that. */
function ranSet(past: Chronicle, registry: MemoryRegistry, environment: EnvironmentName, set: ImageSet): boolean {
    const halfWritten = past.brokenOff[environment].some((other) => sameSet(other, set));
    const address = `${runRepositories(past.environments[environment]).sets}:set-${setKey(set)}`;
    return (
        past.recorded[environment].some((run) => sameSet(run.set, set)) || (halfWritten && registry.meaning(address) !== undefined)
    );
}

/** A ref as a sentence names it. */
export function short(sha: string): string {
    return isSha(sha) ? `${sha.slice(0, 7)}…` : sha;
}

/** Names as a sentence lists them. */
export function listed(names: readonly string[]): string {
    return new Intl.ListFormat("en-GB").format(names);
}

export function isSha(ref: string): boolean {
    return /^[0-9a-f]{40}$/.test(ref);
}
