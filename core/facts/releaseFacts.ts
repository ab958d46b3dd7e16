import type { History } from "../build/history";
import { Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { imageRepository, runRepositories, type Tier } from "../release/addresses";
import { type CutFacts, lineOf } from "../release/cut";
import { imageSet, type Lock, lockSchema, setKey } from "../release/lock";
import { pullLockAsWritten } from "../release/lockStore";
import { releasedTag } from "../release/publish";
import { commitRanges, releaseNotes } from "../release/releaseNotes";
import { releaseRepository } from "../release/release";
import { pullRelease } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import { newestRun, pullRun, ranImage, ranSet } from "../release/runRecordStore";
import { compareVersions } from "../release/version";
import type { Environment, Settings } from "../settings/model";
import { sourceRepositories } from "../workflows/origins";

/** What a release would be made of. */
export interface Candidate {
    version: string;
    /** Full SHA of the commit that the tag stands on. */
    commit: string;
    /** Key of the set, where no single commit names it. */
    set?: string;
}

/**
 * Reads what decides whether a release may be made. In requests to the registries: 1 for the releases, 2 for the lock, 1 for its set or 1 for each image
 * where that never ran as one, and 1 or 2 for each image to see that it is there.
 *
 * @param waitSeconds how long the commit's lock is waited for
 * @throws Refusal where a document in a registry cannot be read
 */
export async function gatherCutFacts(
    registry: Registry,
    history: History,
    settings: Settings,
    { version, commit, set }: Candidate,
    waitSeconds: number,
): Promise<CutFacts> {
    const first = firstOf(settings);
    const releases = releaseRepository(settings.delivery.deploy, settings.project);
    const [branches, tagged, below, made] = await Promise.all([
        history.branches(commit),
        history.releases(),
        history.releases(commit),
        registry.tags(releases),
    ]);
    const protectedBranch = settings.delivery.operations.branch;
    // What is on no branch that is built never gets a lock.
    const patience = lineOf({ branches, protectedBranch }) === undefined ? 0 : waitSeconds;
    const contained = new Set(below.map((release) => release.version));
    const lock = namesCommits(settings)
        ? await awaitLock(() => pullLockAsWritten(registry, first, settings.delivery.operations.repository, commit), patience)
        : await lockOfSet(registry, settings, commit, set);
    return {
        first: { name: first.name, tier: first.tier },
        branches,
        protectedBranch,
        releases: tagged
            .filter((release) => release.version !== version)
            .map((release) => ({
                ...release,
                contained: contained.has(release.version),
                made: made.includes(`v${release.version}`),
            })),
        takes: namesCommits(settings) ? "commit" : "set",
        ...(lock && { lock }),
        ...(lock ? await readImages(registry, settings, lock) : { ran: new Set(), missing: new Set(), taken: {} }),
    };
}

/** The environment that images are built into. */
export function firstOf({ environments }: Pick<Settings, "environments">): Environment {
    return environments.find(({ promotesFrom }) => promotesFrom === undefined)!;
}

/** Whether a commit of the operations repository names all images: else a release takes the set that ran in the first environment. */
export function namesCommits(settings: Settings): boolean {
    const sources = sourceRepositories(settings);
    return sources.length === 1 && sources[0] === settings.delivery.operations.repository;
}

/** The newest healthy run of the first environment, or the first one of a set. Nothing where there is none. */
export async function runToRelease(registry: Registry, tier: Tier, set?: string): Promise<RunRecord | undefined> {
    if (set === undefined) return newestRun(registry, tier);
    return (await ranSet(registry, tier, set)) ? pullRun(registry, `${runRepositories(tier).sets}:set-${set}`) : undefined;
}

/** A release's notes: what changed since the newest release before it that it stands on, and the commits of this very checkout. */
export async function notesOf(
    registry: Registry,
    history: History,
    settings: Settings,
    { version, commit }: Candidate,
    lock: Lock,
): Promise<string> {
    const { operations } = settings.delivery;
    const previous = await releaseBefore(registry, history, settings, { version, commit });
    if (!previous) return releaseNotes(version, lock);
    const own = commitRanges(previous.lock, lock).find(({ repository }) => repository === operations.repository.toLowerCase());
    const commits = own && own.from.length > 0 ? await history.between(own.from, own.to) : [];
    return releaseNotes(version, lock, previous, own ? { [own.repository]: commits } : {});
}

/** The newest release that a commit stands on and that can be read: one that is damaged is no reason to release nothing any more. */
async function releaseBefore(
    registry: Registry,
    history: History,
    { delivery: { deploy }, project }: Settings,
    { version, commit }: Candidate,
): Promise<{ version: string; lock: Lock } | undefined> {
    const earlier = (await history.releases(commit)).filter((release) => compareVersions(release.version, version) < 0);
    for (const { version: one } of earlier.sort((a, b) => compareVersions(b.version, a.version))) {
        try {
            const before = await pullRelease(registry, { deploy, project }, one);
            if (before) return { version: one, lock: before.release.lock };
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
        }
    }
    return undefined;
}

/** How often a lock is asked for that is not there yet, in seconds. */
const pollSeconds = 10;

async function awaitLock(read: () => Promise<Lock | undefined>, seconds: number): Promise<Lock | undefined> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const lock = await read();
        const left = end - Date.now();
        if (lock !== undefined || left <= 0) return lock;
        await new Promise((resolve) => setTimeout(resolve, Math.min(left, pollSeconds * 1000)));
    }
}

/** What ran as one in the first environment, as the lock of the commit that is operated from. */
async function lockOfSet(registry: Registry, settings: Settings, commit: string, set?: string): Promise<Lock | undefined> {
    const run = await runToRelease(registry, firstOf(settings), set);
    return (
        run && {
            schema: lockSchema,
            source: { repository: settings.delivery.operations.repository, commit, branch: "main" },
            catalog: run.catalog,
            images: run.images,
        }
    );
}

async function readImages(
    registry: Registry,
    settings: Settings,
    lock: Lock,
): Promise<Pick<CutFacts, "ran" | "missing" | "taken">> {
    const first = firstOf(settings);
    const images = Object.entries(lock.images);
    const together = await ranSet(registry, first, setKey(imageSet(lock.images)));
    const read = async ([name, image]: (typeof images)[number]) => {
        const { digest } = image;
        const tag = releasedTag(image, lock);
        const [ran, there] = await Promise.all([
            together || ranImage(registry, first, name, digest),
            registry.resolve(`${settings.delivery.deploy}/${name}:${tag}`),
        ]);
        const exists = there?.digest === digest || (await isIn(registry, settings, first, name, digest));
        return { name, digest, ran, exists, ...(there && there.digest !== digest && { other: { tag, digest: there.digest } }) };
    };
    const found = await Promise.all(images.map(read));
    return {
        ran: new Set(found.flatMap(({ name, digest, ran }) => (ran ? [`${name}@${digest}`] : []))),
        missing: new Set(found.flatMap(({ name, exists }) => (exists ? [] : [name]))),
        taken: Object.fromEntries(found.flatMap(({ name, other }) => (other ? [[name, other]] : []))),
    };
}

async function isIn(registry: Registry, { delivery }: Settings, first: Tier, name: string, digest: Digest): Promise<boolean> {
    const tier = await registry.resolve(`${imageRepository(first, name)}@${digest}`);
    return tier !== undefined || (await registry.resolve(`${delivery.deploy}/${name}@${digest}`)) !== undefined;
}
