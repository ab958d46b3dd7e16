import { type Problem, Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { imageRepository, type Tier } from "../release/addresses";
import { type BranchKind, imageNames, type Lock, type LockedImage } from "../release/lock";
import { makeLock } from "../release/lockDocument";
import { pullLock, pushLock } from "../release/lockStore";
import type { Catalog } from "../settings/model";
import type { Commits } from "./commits";
import { repositoryCatalog, thirdPartyImages } from "./repositoryCatalog";

/** A commit whose images are all there, or should be. */
export interface LockRequest {
    commits: Commits;
    registry: Registry;
    tier: Tier;
    catalog: Catalog;
    /** `owner/name` on GitHub. */
    repository: string;
    /** Full SHA. */
    commit: string;
    branch: BranchKind;
    /** The release that a hotfix mends, `v1.4.0`. @default - none: no hotfix, or one that stands on no release */
    mends?: string;
}

/**
 * Puts a commit's lock into the tier: the last that a build does, because a lock means that every image is there.
 * A commit that has one keeps it, once its images are found to be what it says.
 *
 * @throws Refusal with every image that is missing, or is another than the lock says
 */
export async function lockCommit(request: LockRequest): Promise<{ lock: Lock; outcome: "pushed" | "unchanged" }> {
    const { registry, tier, repository, commit, branch, mends } = request;
    const known = await pullLock(registry, tier, repository, commit);
    const catalog = known?.catalog ?? repositoryCatalog(request.catalog, repository);
    const digests = await taggedDigests(request, known ? Object.keys(known.images) : imageNames(catalog), known);
    if (known) return { lock: known, outcome: "unchanged" };
    const lock = makeLock({
        source: { repository, commit, branch, ...(mends !== undefined && { release: mends }) },
        catalog,
        images: await lockedImages(request, catalog, digests),
    });
    await pushLock(registry, tier, lock);
    return { lock, outcome: "pushed" };
}

/** Each built image with the commit that its digest came with, as the newest ancestor's lock tells it. */
export async function lockedImages(
    { commits, registry, tier, repository, commit }: Omit<LockRequest, "catalog" | "branch">,
    catalog: Catalog,
    digests: Readonly<Record<string, Digest>>,
): Promise<Record<string, LockedImage>> {
    const before = await ancestorLock();
    const thirdParty = thirdPartyImages(catalog);
    return Object.fromEntries(
        Object.entries(digests).map(([name, digest]): [string, LockedImage] => {
            const earlier = before?.images[name];
            const since = earlier && "commit" in earlier && earlier.digest === digest ? earlier.commit : commit;
            return [
                name,
                Object.hasOwn(thirdParty, name) ? { source: thirdParty[name].source, digest } : { commit: since, digest },
            ];
        }),
    );

    async function ancestorLock(): Promise<Lock | undefined> {
        const [, ...ancestors] = await commits.log(commit, { firstParent: true, count: 1 + 20 });
        for (const ancestor of ancestors) {
            const lock = await pullLock(registry, tier, repository, ancestor.commit);
            if (lock) {
                return lock;
            }
        }
        return undefined;
    }
}

async function taggedDigests(
    { registry, tier, commit }: LockRequest,
    names: readonly string[],
    known: Lock | undefined,
): Promise<Record<string, Digest>> {
    const found = await Promise.all(
        names.map(async (name) => [name, (await registry.resolve(`${imageRepository(tier, name)}:${commit}`))?.digest] as const),
    );
    const problems = found.flatMap(([name, digest]) => faultOf(name, digest, known?.images[name].digest));
    if (problems.length > 0) throw new Refusal(`Lock of ${commit} refused, nothing was changed`, problems);
    return Object.fromEntries(found.flatMap(([name, digest]) => (digest ? [[name, digest] as const] : [])));

    function faultOf(name: string, digest: Digest | undefined, locked: Digest | undefined): Problem[] {
        const address = `${imageRepository(tier, name)}:${commit}`;
        if (digest === undefined && locked === undefined) {
            const message = `${address} is not there: its build failed or never ran, or its source failed to be mirrored.`;
            return [{ subject: name, message, remedy: "correct what the run's log says of it, then run it again" }];
        }
        if (digest === undefined) {
            const message = `${address} is gone, and the commit's lock says that it was ${locked}. It is not built again under its tag.`;
            return [{ subject: name, message, remedy: 'git commit --allow-empty -m "Build again" && git push' }];
        }
        if (locked !== undefined && digest !== locked) {
            const message = `${address} means ${digest}, and the commit's lock says ${locked}: the tag was moved.`;
            return [{ subject: name, message, remedy: `crane tag ${imageRepository(tier, name)}@${locked} ${commit}` }];
        }
        return [];
    }
}
