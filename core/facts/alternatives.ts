import type { PromotionFacts, PromotionRequest } from "../promotion/model";
import { Refusal } from "../refusal";
import { type Registry, UnreadableContent } from "../registry/model";
import { lockRepository } from "../release/addresses";
import { imageSet, isCommit, type Lock, lockArtifactType, setKey } from "../release/lock";
import { parseLock } from "../release/lockDocument";
import { releaseRepository } from "../release/release";
import type { ReleasePlace } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import { recentRuns } from "../release/runRecordStore";
import { parseUnion } from "../release/union";
import { compareVersions, versionOf } from "../release/version";
import { resolveLatest, sourceRepositories } from "./latest";
import { refsOf } from "./lockFacts";
import { secondsBetween } from "./soakFacts";

/** How many refs a refusal offers at most, and how many runs are looked through for them. */
const offered = 3;
const lookedThrough = 5;

/** What could be asked for instead: releases where one is asked for or nothing else is taken, else commits. */
export async function readAlternatives(
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
