import { Refusal } from "../refusal";
import { TagMoved, type Descriptor, type Registry } from "../registry/model";
import { lockRepository, type Tier } from "./addresses";
import { lockArtifactType, type Lock } from "./lock";
import { parseLock, parseLockAsWritten, serializeLock } from "./lockDocument";

/**
 * Puts a lock into a tier under its commit's SHA. The same lock again changes nothing.
 *
 * @param options.latest whether the tier's `latest` comes to mean this lock; it is for the caller to know that it may
 * @throws Refusal where the commit has another lock there: a commit means one set of images for ever
 */
export async function pushLock(
    registry: Registry,
    tier: Tier,
    lock: Lock,
    options: { latest?: boolean } = {},
): Promise<Descriptor> {
    const { repository, commit } = lock.source;
    const address = lockRepository(tier, repository);
    const artifact = { artifactType: lockArtifactType, content: serializeLock(parseLock(lock)) };
    const descriptor = await registry.pushArtifact(address, artifact, [commit]).catch(async (error: unknown) => {
        throw error instanceof TagMoved ? await otherLock(registry, tier, lock, error) : error;
    });
    if (options.latest) {
        await registry.tag(address, descriptor.digest, "latest", { move: true });
    }
    return descriptor;
}

/**
 * The lock of a commit, or the one that `latest` means. Nothing where the tier has none.
 *
 * @throws Refusal where what stands there is not a lock, is not total over its own catalog, or is that of another commit
 */
export async function pullLock(
    registry: Registry,
    tier: Tier,
    repository: string,
    commitOrLatest: string,
): Promise<Lock | undefined> {
    const lock = await pullLockAsWritten(registry, tier, repository, commitOrLatest);
    return lock && parseLock(lock, `Lock ${lockRepository(tier, repository)}:${commitOrLatest}`);
}

/** As {@link pullLock}, but the lock need not be total: for whoever reports that beside other reasons. */
export async function pullLockAsWritten(
    registry: Registry,
    tier: Tier,
    repository: string,
    commitOrLatest: string,
): Promise<Lock | undefined> {
    const address = `${lockRepository(tier, repository)}:${commitOrLatest}`;
    const found = await registry.pullArtifact(address);
    if (!found) {
        return undefined;
    }
    if (found.artifactType !== lockArtifactType) {
        throw foreign(address, `is an artifact of type ${found.artifactType}, expected ${lockArtifactType}.`);
    }
    const lock = parseLockAsWritten(found.content, `Lock ${address}`);
    if (lock.source.repository.toLowerCase() !== repository.toLowerCase()) {
        throw foreign(address, `is the lock of a commit of ${lock.source.repository}, not of ${repository}.`);
    }
    if (commitOrLatest !== "latest" && lock.source.commit !== commitOrLatest) {
        throw foreign(address, `is the lock of commit ${lock.source.commit}: somebody put the tag on it.`);
    }
    return lock;
}

function foreign(address: string, message: string): Refusal {
    return new Refusal(`Lock ${address} cannot be read`, [{ subject: "lock", message }]);
}

async function otherLock(registry: Registry, tier: Tier, lock: Lock, moved: TagMoved): Promise<Refusal> {
    const { repository, commit } = lock.source;
    const found = await pullLockAsWritten(registry, tier, repository, commit);
    const differing = Object.keys({ ...lock.images, ...found?.images })
        .filter((name) => lock.images[name]?.digest !== found?.images[name]?.digest)
        .sort()
        .map(
            (name) => `${name} is ${found?.images[name]?.digest ?? "absent"} there, ${lock.images[name]?.digest ?? "absent"} here`,
        );
    return new Refusal(`Lock of ${commit} refused, nothing was changed`, [
        {
            subject: tier.tier,
            message: [
                `already has another lock of this commit, ${moved.current}, and a commit's lock is written once.`,
                ...(differing.length > 0 ? differing : ["All images are the same: source or catalog differ."]),
            ].join("\n"),
            remedy: `git commit --allow-empty -m "Build ${commit.slice(0, 7)} again" && git push`,
        },
    ]);
}
