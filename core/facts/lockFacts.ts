import type { PromotionFacts, PromotionRequest } from "../promotion/model";
import { propose } from "../promotion/proposal";
import { refs } from "../promotion/rules/rule";
import { type Registry, RegistryError } from "../registry/model";
import type { Digest } from "../registry/reference";
import { canonicalJson, isCommit, type Lock } from "../release/lock";
import { pullLockAsWritten } from "../release/lockStore";
import { pullRelease, type PulledRelease } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import { parseUnion } from "../release/union";
import { versionOf } from "../release/version";
import { sourceRepositories } from "./latest";

/** What a request's refs mean. */
export interface ReadLocks {
    /** Every ref of the request → its lock, or nothing where no place has one. */
    locks: PromotionFacts["locks"];
    /** Digest of the manifest of the release that is asked for. Absent: none is, or it is not there. */
    release?: Digest;
}

export async function readLocks(registry: Registry, request: PromotionRequest): Promise<ReadLocks> {
    const commits = refsOf(request).filter((ref) => ref !== request.release);
    const read = async (ref: string) => [ref, await readLock(registry, request, repositoriesOf(request, ref), ref)] as const;
    const [released, ...locks] = await Promise.all([readRelease(registry, request), ...commits.map(read)]);
    return {
        locks: Object.fromEntries([
            ...(request.release === undefined ? [] : [[request.release, released?.release.lock] as const]),
            ...locks,
        ]),
        ...(released && { release: released.descriptor.digest }),
    };
}

/**
 * The lock of the commit that a release was made of travels with it, where it is the same: so the commit can be asked for by its SHA, here
 * and in the environment after. A release of several repositories was made of no single commit.
 */
export async function withReleasedLock(
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

/** Every ref that a request names, once: each commit, and the release. What is neither has no lock. */
export function refsOf(request: PromotionRequest): string[] {
    return [...new Set(refs(request).map(({ ref }) => ref))].filter((ref) => isCommit(ref) || ref === request.release);
}

/** The lock of a release that is verified whole: its tags are never asked what an image is. */
async function readRelease(registry: Registry, { releases, release }: PromotionRequest): Promise<PulledRelease | undefined> {
    const version = release === undefined ? undefined : versionOf(release);
    return version === undefined || !releases ? undefined : pullRelease(registry, releases, version);
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
