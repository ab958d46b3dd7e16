import type { Checkout, Commits } from "../build/commits";
import { servicesWithSchema } from "../promotion/databaseSchemas";
import { decide } from "../promotion/decide";
import type { CheckoutFact, HotfixFact, PromotionFacts, PromotionRequest, Stretch, TagFact } from "../promotion/model";
import { directionOf, propose, type Proposal } from "../promotion/proposal";
import { refs } from "../promotion/rules/rule";
import { settingsThatDiffer } from "../promotion/settingsDiffer";
import { tierAddress } from "../promotion/words";
import { Refusal } from "../refusal";
import { RegistryError, UnreadableContent, type Registry } from "../registry/model";
import { lockRepository, type Tier } from "../release/addresses";
import { databaseSchemaOf } from "../release/databaseSchemaStore";
import { canonicalJson, imageSet, isCommit, isRelease, type Lock, lockArtifactType, setKey } from "../release/lock";
import { builtFrom, formatUnion, parseUnion } from "../release/union";
import { parseLock } from "../release/lockDocument";
import { pullLock, pullLockAsWritten } from "../release/lockStore";
import { releaseRepository } from "../release/release";
import { pullRelease, type ReleasePlace } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import {
    firstRunOf,
    type ListedRun,
    listedRuns,
    newestRun,
    pullRun,
    ranImage,
    ranSet,
    recentRuns,
} from "../release/runRecordStore";
import { compareVersions, versionOf } from "../release/version";
import type { Catalog } from "../settings/model";

/** What the registry does not know. */
export interface Moment {
    /** @default now */
    now?: Date;
    /** The checkout's git. @default - none: nothing is known of how commits stand to each other */
    commits?: Pick<Checkout, "find" | "isAncestor" | "isShallow">;
    /** The repository that the checkout is of, `owner/name`. @default - not known: nothing is asked of what a lock's commit is to it */
    repository?: string;
}

/**
 * Reads from the registry what the rules may ask for, and asks only about what would change. In requests to the registry:
 *
 * - what runs already: 6 (the lock 2, or of a release 7; the newest run record 4), however many services there are;
 * - a promotion that is allowed: 2 more for the set, and for each image that changes 2, or 4 where an older commit built it;
 * - a set that never ran in the environment before: 1 more for each image that changes;
 * - each service that declares a schema: 2, and each with a `migrate` whose image changes: 1;
 * - an environment that asks for a soak: 2 more while the set's run is of this month, and one for each month before;
 * - a release that changes something: 2 for the lock of its commit, or 4 where the environment before has none;
 * - a refusal: up to 21 more, to say what could be asked for instead, and where that is a release up to 35.
 *
 * @throws Refusal where a document in the registry cannot be read
 */
export async function gatherFacts(
    registry: Registry,
    request: PromotionRequest,
    { now = new Date(), commits, repository }: Moment = {},
): Promise<PromotionFacts> {
    const [asked, current] = await Promise.all([readLocks(registry, request), newestRun(registry, request.environment)]);
    const locks = await withReleasedLock(registry, request, asked, current);
    const proposal = propose(request, { locks, current });
    const complete = refs(request).every(({ ref }) => locks[ref]);
    const schemas = await readSchemas(registry, request, { locks, current });
    const sets = complete && proposal.transitions.length > 0 ? await readSets(registry, request, proposal) : noSets;
    const back = directionOf(proposal, { current, ...sets }) === "rollback";
    // What goes back is pulled from the own tier; the tier before need not even answer.
    const images = await readImages(registry, back ? { environment: request.environment } : request, proposal);
    const proved = back || sets.ranBefore.size > 0;
    const imagesRanBefore = proved ? new Set<string>() : await readImagesBefore(registry, request, proposal);
    const facts: PromotionFacts = {
        locks,
        current,
        ...sets,
        ...images,
        ...schemas,
        imagesRanHere: back ? new Set() : await readMigrated(registry, request, proposal),
        imagesRanBefore,
        stretchesBefore: back ? [] : await readStretches(registry, request, proposal, { ...sets, imagesRanBefore, now }),
        hotfixes: commits ? await readHotfixes(commits, request, locks) : {},
        ...(commits && repository !== undefined && { checkout: await readCheckout(commits, repository, request, locks, proposal) }),
        now: now.toISOString(),
        alternatives: [],
    };
    // Only the words of a refusal need to know what else could be asked for.
    return "plan" in decide(request, facts) ? facts : { ...facts, ...(await readAlternatives(registry, request, facts, now)) };
}

/**
 * What `latest` means in the environment's tier: a commit, or where services are built from several repositories the union of those
 * that were built. Nothing where nothing was built yet: then every service is pending.
 *
 * @throws Refusal where the catalog builds nothing: then there is no commit to follow
 */
export async function resolveLatest(registry: Registry, environment: Tier, catalog: Catalog): Promise<string | undefined> {
    const repositories = sourceRepositories(catalog);
    const locks = await Promise.all(repositories.map((repository) => pullLock(registry, environment, repository, "latest")));
    const union = Object.fromEntries(
        repositories.flatMap((repository, index) => (locks[index] ? [[repository, locks[index].source.commit]] : [])),
    );
    return repositories.length === 1 ? union[repositories[0]] : formatUnion(union) || undefined;
}

/**
 * The repositories that commits of the request are commits of, in lower case.
 *
 * @throws Refusal where the catalog builds nothing: then no commit names a service
 */
function sourceRepositories(catalog: Catalog): string[] {
    const repositories = builtFrom(catalog);
    if (repositories.length === 0) {
        throw new Refusal("Promotion refused, nothing was changed", [
            {
                subject: "services.yaml",
                message: "builds nothing: a commit names the services of the repository that they are built from.",
            },
        ]);
    }
    return repositories;
}

/** How many commits a refusal offers at most, and how many runs are looked through for them. */
const offered = 3;
const lookedThrough = 5;

const noSets = { ranHere: new Set<string>(), ranBefore: new Set<string>() };

async function readLocks(registry: Registry, request: PromotionRequest): Promise<PromotionFacts["locks"]> {
    const { release } = request;
    const read = async (ref: string) =>
        ref === release ? readRelease(registry, request, ref) : readLock(registry, request, repositoriesOf(request, ref), ref);
    return Object.fromEntries(await Promise.all(refsOf(request).map(async (ref) => [ref, await read(ref)] as const)));
}

/** The lock of a release that is verified whole: its tags are never asked what an image is. */
async function readRelease(registry: Registry, { releases }: PromotionRequest, release: string): Promise<Lock | undefined> {
    const version = versionOf(release);
    return version === undefined || !releases ? undefined : (await pullRelease(registry, releases, version))?.release.lock;
}

async function readLock(
    registry: Registry,
    request: PromotionRequest,
    repositories: readonly string[],
    commit: string,
): Promise<Lock | undefined> {
    const { environment, before } = request;
    const readOf = async (repository: string): Promise<Lock | undefined> => {
        const own = () => pullLockAsWritten(registry, environment, repository, commit);
        if (!before) {
            return own();
        }
        try {
            // The tier before may have cleaned the commit that is gone back to: what ran here stands here.
            return (await pullLockAsWritten(registry, before, repository, commit)) ?? (await own());
        } catch (error) {
            // Nor need it answer, for a commit that stands here.
            const here = error instanceof RegistryError ? await own() : undefined;
            if (!here) {
                throw error;
            }
            return here;
        }
    };
    return (await Promise.all(repositories.map(readOf))).find(Boolean);
}

/**
 * The lock of the commit that a release was made of travels with it, where it is the same: so the commit can be asked for by its SHA, here
 * and in the environment after. A release of several repositories was made of no single commit.
 */
async function withReleasedLock(
    registry: Registry,
    request: PromotionRequest,
    locks: PromotionFacts["locks"],
    current: RunRecord | undefined,
): Promise<PromotionFacts["locks"]> {
    const lock = request.release === undefined ? undefined : locks[request.release];
    if (!lock || propose(request, { locks, current }).transitions.length === 0) {
        return locks;
    }
    const { repository, commit } = lock.source;
    const own = await readLock(registry, request, [repository], commit);
    return own && canonicalJson(own) === canonicalJson(lock) ? { ...locks, [commit]: own } : locks;
}

/** The repositories that may have a commit: of a union and of a pinned service it is known, and of what third parties built any. */
function repositoriesOf({ commit, pins, catalog }: PromotionRequest, ref: string): string[] {
    const all = sourceRepositories(catalog);
    const named = Object.entries(parseUnion(commit) ?? {}).flatMap(([repository, sha]) => (sha === ref ? [repository] : []));
    const pinned = Object.entries(pins).flatMap(([service, sha]) => {
        const image = Object.hasOwn(catalog.services, service) ? catalog.services[service].image : undefined;
        return sha !== ref ? [] : image?.from === "source" ? [image.repository.toLowerCase()] : all;
    });
    return ref === commit ? all : [...new Set([...named, ...pinned])];
}

async function readSets(registry: Registry, { environment, before }: PromotionRequest, { key, wholeKey, formerKey }: Proposal) {
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
async function readImages(
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

/** Where the databases stand, of services that declare a schema, or whose version here does. */
async function readSchemas(
    registry: Registry,
    request: PromotionRequest,
    facts: Pick<PromotionFacts, "locks" | "current">,
): Promise<Pick<PromotionFacts, "schemas">> {
    const services = servicesWithSchema(request, facts);
    const read = async (service: string) => [service, await databaseSchemaOf(registry, request.environment, service)] as const;
    return services.length === 0 ? {} : { schemas: Object.fromEntries(await Promise.all(services.map(read))) };
}

/** Which images with a `migrate` ran here before, so that it has run: one request for each that would come in. */
async function readMigrated(registry: Registry, { environment, catalog }: PromotionRequest, { transitions }: Proposal) {
    const asked = transitions.flatMap(({ image, from, to }) =>
        from && to && Object.hasOwn(catalog.services, image) && catalog.services[image].migrate ? [{ image, to }] : [],
    );
    const ran = await Promise.all(asked.map(({ image, to }) => ranImage(registry, environment, image, to)));
    return new Set(asked.filter((_, index) => ran[index]).map(({ image, to }) => `${image}@${to}`));
}

async function readImagesBefore(registry: Registry, { before }: PromotionRequest, { transitions }: Proposal) {
    const asked = transitions.flatMap(({ image, to }) => (before && to ? [{ image, to, before }] : []));
    const ran = await Promise.all(asked.map(({ image, to, before: tier }) => ranImage(registry, tier, image, to)));
    return new Set(asked.filter((_, index) => ran[index]).map(({ image, to }) => `${image}@${to}`));
}

/** When what would come in ran in the environment before, as far back as the soak has to be looked for. */
async function readStretches(
    registry: Registry,
    { before, environment, pins }: PromotionRequest,
    { key, wholeKey, transitions }: Proposal,
    { ranBefore, imagesRanBefore, now }: Pick<PromotionFacts, "ranBefore" | "imagesRanBefore"> & { now: Date },
): Promise<Stretch[]> {
    const { soakSeconds } = environment;
    const asked = transitions.filter(({ image, to }) => imagesRanBefore.has(`${image}@${to}`));
    if (!before || soakSeconds === undefined || (ranBefore.size === 0 && (asked.length === 0 || Object.keys(pins).length === 0))) {
        return [];
    }
    const found: Stretch[] = [];
    const enough = ({ at, next }: ListedRun) => secondsBetween(at, next, now) >= soakSeconds;
    const stretch = (what: string, { at, next }: ListedRun) => ({ what, from: at, ...(next !== undefined && { to: next }) });
    if (ranBefore.size > 0) {
        for await (const run of listedRuns(registry, before)) {
            const ran = [...new Set([key, wholeKey])].filter((one) => one.startsWith(run.keyStart));
            found.push(...ran.map((one) => stretch(one, run)));
            if (ran.length > 0 && enough(run)) {
                break;
            }
        }
        return found;
    }
    const first = await Promise.all(asked.map(({ image, to }) => firstRunOf(registry, before, image, to!)));
    let open = asked.map(({ image, to }, index) => ({ image, to, since: first[index]?.at ?? "" }));
    for await (const run of listedRuns(registry, before)) {
        open = open.filter(({ since }) => since <= run.at);
        if (open.length === 0) {
            break;
        }
        const { images } = await pullRun(registry, run.address);
        const here = open.filter(({ image, to }) => Object.hasOwn(images, image) && images[image].digest === to);
        found.push(...here.map(({ image, to }) => stretch(`${image}@${to}`, run)));
        open = enough(run) ? open.filter((one) => !here.includes(one)) : open;
    }
    return found;
}

function secondsBetween(from: string, to: string | undefined, now: Date): number {
    return ((to === undefined ? now.getTime() : Date.parse(to)) - Date.parse(from)) / 1000;
}

/** How the hotfixes among the refs stand to the releases that their locks name, as far as the checkout has both. */
async function readHotfixes(
    commits: Pick<Commits, "find" | "isAncestor">,
    request: PromotionRequest,
    locks: PromotionFacts["locks"],
): Promise<PromotionFacts["hotfixes"]> {
    const hotfixes = refsOf(request).filter((ref) => locks[ref]?.source.branch === "hotfix");
    const read = async (ref: string): Promise<HotfixFact> => {
        const { release, commit } = locks[ref]!.source;
        const [mended, own] = await Promise.all([release && commits.find(`refs/tags/${release}`), commits.find(commit)]);
        return mended && own ? { descends: await commits.isAncestor(mended, own) } : {};
    };
    return Object.fromEntries(await Promise.all(hotfixes.map(async (ref) => [ref, await read(ref)] as const)));
}

/** What the checkout knows of the refs' commits, as far as they are of its own repository. It is asked only where an answer matters. */
async function readCheckout(
    commits: NonNullable<Moment["commits"]>,
    repository: string,
    request: PromotionRequest,
    locks: PromotionFacts["locks"],
    proposal: Proposal,
): Promise<PromotionFacts["checkout"]> {
    const differing = new Set(request.before ? settingsThatDiffer(request, { locks }, proposal).map(({ ref }) => ref) : []);
    const known = refsOf(request).filter(
        (ref) =>
            locks[ref]?.source.repository.toLowerCase() === repository.toLowerCase() &&
            (differing.has(ref) || ref === request.release),
    );
    if (known.length === 0 || proposal.transitions.length === 0 || (await commits.find("HEAD")) === undefined) {
        return {};
    }
    const contains = async (commit: string): Promise<boolean | undefined> => {
        const own = await commits.find(commit);
        const found = own !== undefined && (await commits.isAncestor(own, "HEAD"));
        return found || !(await commits.isShallow()) ? found : undefined;
    };
    const read = async (ref: string): Promise<CheckoutFact> => {
        const [contained, tagged] = await Promise.all([
            differing.has(ref) ? contains(locks[ref]!.source.commit) : undefined,
            ref === request.release ? commits.find(`refs/tags/${ref}`) : undefined,
        ]);
        return { ...(contained !== undefined && { contains: contained }), ...(tagged !== undefined && { tagged }) };
    };
    return Object.fromEntries(await Promise.all(known.map(async (ref) => [ref, await read(ref)] as const)));
}

/** What could be asked for instead: releases where one is asked for or nothing else is taken, else commits. */
async function readAlternatives(
    registry: Registry,
    request: PromotionRequest,
    { locks }: Pick<PromotionFacts, "locks">,
    now: Date,
): Promise<Pick<PromotionFacts, "alternatives" | "releases">> {
    const { environment, before, release, releases } = request;
    const proven = before ?? environment;
    const runs = await recentRuns(registry, proven, lookedThrough);
    const soaked = runs.filter(
        ({ at }, index) => !before || secondsBetween(at, runs[index - 1]?.at, now) >= (environment.soakSeconds ?? 0),
    );
    if (!releases || (release === undefined && environment.accepts !== "releases")) {
        return { alternatives: await otherCommits(registry, request, soaked) };
    }
    const tags = await registry.tags(releaseRepository(releases.deploy, releases.project));
    const there = tags.flatMap((tag) => versionOf(tag) ?? []).sort((a, b) => compareVersions(b, a));
    return {
        alternatives: await otherReleases(registry, request, there, soaked),
        ...(release !== undefined && !locks[release] && { releases: there.slice(0, offered).map((version) => `v${version}`) }),
    };
}

/** Newest releases whose set ran in the environment before, as a whole; in the first environment any. */
async function otherReleases(
    registry: Registry,
    { before, release, releases }: PromotionRequest,
    versions: readonly string[],
    ran: readonly RunRecord[],
): Promise<string[]> {
    const candidates = versions.filter((version) => `v${version}` !== release).slice(0, lookedThrough);
    const fits = async (version: string) => {
        const lock = await offeredLock(registry, releases!, version);
        return lock !== undefined && (!before || ran.some(({ set }) => set === setKey(imageSet(lock.images))));
    };
    const fitting = await Promise.all(candidates.map(fits));
    return candidates
        .filter((_, index) => fitting[index])
        .slice(0, offered)
        .map((version) => `v${version}`);
}

/** Of a release that is only offered the lock is enough. One that cannot be read is not offered; that is no reason to say nothing else. */
async function offeredLock(registry: Registry, { deploy, project }: ReleasePlace, version: string): Promise<Lock | undefined> {
    try {
        const bundle = await registry.pullBundle(`${releaseRepository(deploy, project)}:v${version}`);
        const lock = bundle?.layers.find(({ mediaType }) => mediaType === lockArtifactType);
        return lock && parseLock(lock.content);
    } catch (error) {
        if (error instanceof Refusal || error instanceof UnreadableContent) {
            return undefined;
        }
        throw error;
    }
}

/**
 * Newest commits that could be asked for: those that ran in the environment before, each as a whole; in the first environment
 * what `latest` means and what ran there. All have a lock, and where a soak is asked for, had it.
 */
async function otherCommits(registry: Registry, request: PromotionRequest, soaked: readonly RunRecord[]): Promise<string[]> {
    const { environment, before, catalog } = request;
    const proven = before ?? environment;
    const latest = before ? undefined : await resolveLatest(registry, environment, catalog);
    const asked = [request.commit, ...refsOf(request)];
    const ran = soaked.filter((run) => Object.keys(run.request.pins).length === 0).map((run) => run.request.commit);
    const repositories = sourceRepositories(catalog);
    const fits = (one: string) => (repositories.length === 1 ? isCommit(one) : parseUnion(one) !== undefined);
    const candidates = [...new Set([...(latest ? [latest] : []), ...ran])].filter((one) => fits(one) && !asked.includes(one));
    const hasLock = async (one: string) => {
        const named = Object.entries(parseUnion(one) ?? { [repositories[0]]: one });
        const locks = named.map(([repository, sha]) => registry.resolve(`${lockRepository(proven, repository)}:${sha}`));
        return (await Promise.all(locks)).every(Boolean);
    };
    const locks = await Promise.all(candidates.map(hasLock));
    return candidates.filter((_, index) => locks[index]).slice(0, offered);
}

/** Every ref that a request names, once: each commit, and the release. What is neither has no lock. */
function refsOf(request: PromotionRequest): string[] {
    return [...new Set(refs(request).map(({ ref }) => ref))].filter((ref) => isCommit(ref) || ref === request.release);
}
