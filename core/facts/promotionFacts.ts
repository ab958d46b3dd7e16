import type { Commits } from "../build/commits";
import { servicesWithSchema } from "../promotion/databaseSchemas";
import { decide } from "../promotion/decide";
import type { HotfixFact, PromotionFacts, PromotionRequest, Stretch, TagFact } from "../promotion/model";
import { propose, type Proposal } from "../promotion/proposal";
import { refs } from "../promotion/rules/rule";
import { tierAddress } from "../promotion/words";
import { Refusal } from "../refusal";
import { RegistryError, type Registry } from "../registry/model";
import { imageRepository, lockRepository, type Tier } from "../release/addresses";
import { databaseSchemaOf } from "../release/databaseSchemaStore";
import { isCommit, type Lock } from "../release/lock";
import { builtFrom, formatUnion, parseUnion } from "../release/union";
import { pullLock, pullLockAsWritten } from "../release/lockStore";
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
import type { Catalog } from "../settings/model";

/** What the registry does not know. */
export interface Moment {
    /** @default now */
    now?: Date;
    /** The checkout's git. @default - none: nothing is known of how commits stand to each other */
    commits?: Pick<Commits, "find" | "isAncestor">;
}

/**
 * Reads from the registry what the rules may ask for, and asks only about what would change. In requests to the registry:
 *
 * - what runs already: 6 (the lock 2, the newest run record 4), however many services there are;
 * - a promotion that is allowed: 2 more for the set, and for each image that changes 2, or 4 where an older commit built it;
 * - a set that never ran in the environment before: 1 more for each image that changes;
 * - each service that declares a schema: 2, and each with a `migrate` whose image changes: 1;
 * - an environment that asks for a soak: 2 more while the set's run is of this month, and one for each month before;
 * - a refusal: up to 21 more, to say what could be asked for instead.
 *
 * @throws Refusal where a document in the registry cannot be read
 */
export async function gatherFacts(
    registry: Registry,
    request: PromotionRequest,
    { now = new Date(), commits }: Moment = {},
): Promise<PromotionFacts> {
    const [locks, current] = await Promise.all([readLocks(registry, request), newestRun(registry, request.environment)]);
    const proposal = propose(request, { locks, current });
    const complete = refs(request).every(({ ref }) => locks[ref]);
    const schemas = await readSchemas(registry, request, { locks, current });
    const sets = complete && proposal.transitions.length > 0 ? await readSets(registry, request, proposal) : noSets;
    const back = sets.ranHere.has(proposal.key);
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
        hotfixes: commits ? await readHotfixes(commits, locks) : {},
        now: now.toISOString(),
        alternatives: [],
    };
    // Only the words of a refusal need to know what else could be asked for.
    return "plan" in decide(request, facts) ? facts : { ...facts, alternatives: await readAlternatives(registry, request, now) };
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
    const { environment, before } = request;
    const readOf = async (repository: string, ref: string): Promise<Lock | undefined> => {
        const own = () => pullLockAsWritten(registry, environment, repository, ref);
        if (!before) {
            return own();
        }
        try {
            // The tier before may have cleaned the commit that is gone back to: what ran here stands here.
            return (await pullLockAsWritten(registry, before, repository, ref)) ?? (await own());
        } catch (error) {
            // Nor need it answer, for a commit that stands here.
            const here = error instanceof RegistryError ? await own() : undefined;
            if (!here) {
                throw error;
            }
            return here;
        }
    };
    const read = async (ref: string) =>
        (await Promise.all(repositoriesOf(request, ref).map((repository) => readOf(repository, ref)))).find(Boolean);
    return Object.fromEntries(await Promise.all(refsOf(request).map(async (ref) => [ref, await read(ref)] as const)));
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

async function readSets(registry: Registry, { environment, before }: PromotionRequest, { key, wholeKey }: Proposal) {
    const ran = async (tier: Tier, keys: readonly string[]) => {
        const found = await Promise.all(keys.map((one) => ranSet(registry, tier, one)));
        return new Set(keys.filter((_, index) => found[index]));
    };
    const ranHere = await ran(environment, [key]);
    // A set that ran here goes back and needs no proof, so a tier before that does not answer keeps nobody from it.
    const ranBefore = before && ranHere.size === 0 ? await ran(before, [...new Set([key, wholeKey])]) : new Set<string>();
    return { ranHere, ranBefore };
}

/** Which images that would come in are there, and what their commits' tags mean: both tiers, in parallel. */
async function readImages(
    registry: Registry,
    { before, environment }: Pick<PromotionRequest, "before" | "environment">,
    { images, transitions }: Proposal,
) {
    const tiers = [before, environment].flatMap((one) => (one ? [one] : []));
    const read = async (image: string) => {
        const planned = images[image];
        const names = [...new Set([planned.ref, ...("commit" in planned ? [planned.commit] : [])])];
        const tags = await Promise.all(
            tiers.flatMap((tier) =>
                names.map(async (tag): Promise<TagFact | undefined> => {
                    const found = await registry.resolve(`${imageRepository(tier, image)}:${tag}`);
                    return found && { image, tier: tierAddress(tier), tag, digest: found.digest };
                }),
            ),
        );
        const known = tags.filter((fact) => fact !== undefined);
        // A tag that means the digest proves that the image is there.
        const exists =
            known.some(({ digest }) => digest === planned.digest) ||
            (await Promise.all(tiers.map((tier) => registry.resolve(`${imageRepository(tier, image)}@${planned.digest}`)))).some(
                Boolean,
            );
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

/** How the hotfixes among the commits stand to the releases that their locks name, as far as the checkout has both. */
async function readHotfixes(
    commits: Pick<Commits, "find" | "isAncestor">,
    locks: PromotionFacts["locks"],
): Promise<PromotionFacts["hotfixes"]> {
    const hotfixes = Object.values(locks).flatMap((lock) => (lock?.source.branch === "hotfix" ? [lock.source] : []));
    const read = async ({ commit, release }: Lock["source"]): Promise<HotfixFact> => {
        const [mended, own] = await Promise.all([release && commits.find(`refs/tags/${release}`), commits.find(commit)]);
        return mended && own ? { descends: await commits.isAncestor(mended, own) } : {};
    };
    return Object.fromEntries(await Promise.all(hotfixes.map(async (source) => [source.commit, await read(source)] as const)));
}

/**
 * Newest commits that could be asked for: those that ran in the environment before, each as a whole; in the first environment
 * what `latest` means and what ran there. All have a lock, and where a soak is asked for, had it.
 */
async function readAlternatives(registry: Registry, request: PromotionRequest, now: Date): Promise<string[]> {
    const { environment, before, catalog } = request;
    const proven = before ?? environment;
    const [runs, latest] = await Promise.all([
        recentRuns(registry, proven, lookedThrough),
        before ? undefined : resolveLatest(registry, environment, catalog),
    ]);
    const asked = [request.commit, ...refsOf(request)];
    const soaked = (index: number) =>
        !before || secondsBetween(runs[index].at, runs[index - 1]?.at, now) >= (environment.soakSeconds ?? 0);
    const ran = runs
        .filter((run, index) => Object.keys(run.request.pins).length === 0 && soaked(index))
        .map((run) => run.request.commit);
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

/** Every commit that a request names, once. What is no full SHA has no lock. */
function refsOf(request: PromotionRequest): string[] {
    return [...new Set(refs(request).map(({ ref }) => ref))].filter(isCommit);
}
