import type { PromotionFacts, PromotionRequest } from "../promotion/model";
import { propose } from "../promotion/proposal";
import { refs } from "../promotion/rules/rule";
import { type Registry, RegistryError } from "../registry/model";
import { canonicalJson, isCommit, type Lock } from "../release/lock";
import { pullLockAsWritten } from "../release/lockStore";
import { pullRelease } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import { parseUnion } from "../release/union";
import { versionOf } from "../release/version";
import { sourceRepositories } from "./latest";

/** Every ref of a request → its lock, or nothing where no place has one. */
export async function readLocks(registry: Registry, request: PromotionRequest): Promise<PromotionFacts["locks"]> {
    const { release } = request;
    const read = async (ref: string) =>
        ref === release ? readRelease(registry, request, ref) : readLock(registry, request, repositoriesOf(request, ref), ref);
    return Object.fromEntries(await Promise.all(refsOf(request).map(async (ref) => [ref, await read(ref)] as const)));
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
