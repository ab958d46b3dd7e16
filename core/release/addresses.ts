import type { Digest } from "../registry/reference";
import type { Environment } from "../settings/model";

/** Where an environment's images, locks and run records stand. Computed from settings, so no stack reads another's state. */
export type Tier = Pick<Environment, "registry" | "tier">;

/** Repository of an image, `<registry>/<tier>/<image name>`. */
export function imageRepository({ registry, tier }: Tier, imageName: string): string {
    return `${registry}/${tier}/${imageName}`;
}

/** An image that a pod can be pinned to. */
export function pinnedImage(tier: Tier, imageName: string, digest: Digest): string {
    return `${imageRepository(tier, imageName)}@${digest}`;
}

/**
 * An image that somebody built from a working copy. Its tag is that person's own and moves: no commit's, never `latest`.
 *
 * @param actor who builds it
 */
export function workingCopyImage(tier: Tier, service: string, actor: string): string {
    const name = actor.toLowerCase().replace(/[^a-z0-9._-]+/g, "-");
    return `${imageRepository(tier, service)}:local-${name}`.slice(0, imageRepository(tier, service).length + 129);
}

/** Repository of the commit locks of one source repository; the tag is the commit SHA, or `latest` in the first tier. */
export function lockRepository({ registry, tier }: Tier, sourceRepository: string): string {
    return `${registry}/${tier}/locks/${sourceRepository.toLowerCase()}`;
}

/** Id of the registry repository that holds an environment's run records. */
export function runsRepositoryId(tier: string): string {
    return `${tier}-runs`;
}

/** Whether a text is the tag of a healthy run: `<UTC>-<first 16 of its set's key>`. */
export function isRunTag(value: unknown): value is string {
    return typeof value === "string" && /^\d{8}T\d{6}Z-[0-9a-f]{16}$/.test(value);
}

/** Where the record of a healthy run stands, by its tag. */
export function runAddress(tier: Tier, tag: string): string {
    return `${runRepositories(tier).runs(`${tag.slice(0, 4)}-${tag.slice(4, 6)}`)}:${tag}`;
}

/**
 * Repositories of the run records.
 *
 * - `sets`, tag `set-<key>`: the first healthy run of a set. Did this set run here? One HEAD.
 * - `images/<image name>`, tag `sha256-<hex>`: the first healthy run of an image here.
 * - `months`, tag `<yyyy-mm>`: the months that have records, so the newest is found without guessing.
 * - `schemas/<service>`, tag a number: where the schema of its database stands, newest last.
 * - `runs/<yyyy-mm>`, tag `<UTC>-<first 16 of the key>`: every run, newest by listing.
 */
export function runRepositories({ registry, tier }: Tier) {
    const base = `${registry}/${runsRepositoryId(tier)}`;
    return {
        sets: `${base}/sets`,
        image: (imageName: string) => `${base}/images/${imageName}`,
        schemas: (service: string) => `${base}/schemas/${service}`,
        months: `${base}/months`,
        runs: (month: string) => `${base}/runs/${month}`,
    };
}
