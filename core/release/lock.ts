import { createHash } from "node:crypto";
import type { Digest } from "../registry/reference";
import type { BuiltImage, Catalog, ThirdPartyImage } from "../settings/model";

/** What a branch is to the delivery: builds of `develop` feed the first environment, `main` is released from, `hotfix` mends a release. */
export type BranchKind = "develop" | "main" | "hotfix";

/**
 * Image name → digest. An image name is a service's name, or for a third-party image beside it `<service>/<init container>`, or where
 * the service brings manifests `<service>/<name of the image>`.
 */
export type ImageSet = Readonly<Record<string, Digest>>;

/** The images of one commit, all of them: it exists only once every service has an image. */
export interface Lock {
    schema: typeof lockSchema;
    source: {
        /** `owner/name` on GitHub. */
        repository: string;
        /** Full commit SHA. */
        commit: string;
        branch: BranchKind;
        /** The release that a hotfix mends, `v1.4.0`: the newest tag of one that its commit stands on. @default - none: no hotfix */
        release?: string;
    };
    /** The catalog that the lock is total over. */
    catalog: Catalog;
    images: Readonly<Record<string, LockedImage>>;
}

/** A built image with a commit whose tag names its digest, or a third-party image with the reference that it was mirrored from. */
export type LockedImage = { commit: string; digest: Digest } | { source: string; digest: Digest };

export const lockSchema = "oneflow.dev/lock/v1";
/** `artifactType` of a lock in a registry. */
export const lockArtifactType = "application/vnd.oneflow.lock.v1+json";

/** The image names that a catalog needs, sorted: each service's own and those of third parties beside it. */
export function imageNames(catalog: Catalog): string[] {
    return Object.keys(catalogImages(catalog)).sort();
}

/** Image name → where the image comes from, of all that a catalog needs. */
export function catalogImages({ services }: Catalog): Record<string, BuiltImage | ThirdPartyImage> {
    return Object.fromEntries(
        Object.values(services).flatMap(({ name, image, init, manifests }) => [
            [name, image] as const,
            ...init.map((container) => [`${name}/${container.name}`, container.image] as const),
            ...Object.entries(manifests?.images ?? {}).map(([beside, other]) => [`${name}/${beside}`, other] as const),
        ]),
    );
}

/** The set that a lock stands for. */
export function imageSet(images: Lock["images"]): ImageSet {
    return Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

/** Identity of a set: the sha256 of its canonical JSON, 64 hex digits. */
export function setKey(set: ImageSet): string {
    return createHash("sha256").update(canonicalJson(set)).digest("hex");
}

/** JSON with keys sorted at every level and no white space: equal values have equal bytes. Absent and undefined are one. */
export function canonicalJson(value: unknown): string {
    return JSON.stringify(value, (_, inner: unknown) =>
        inner !== null && typeof inner === "object" && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
            : inner,
    );
}

/** Whether the text is a full commit SHA: 40 lower-case hex digits. A short one can come to mean another commit. */
export function isCommit(value: unknown): value is string {
    return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

/** Whether the text is a release's tag, `v1.4.0` or `v1.4.0-rc.1`. Without `+`: no tag of a registry may have one. */
export function isRelease(value: unknown): value is string {
    const number = "(0|[1-9][0-9]*)";
    const named = "(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
    return typeof value === "string" && new RegExp(`^v${number}\\.${number}\\.${number}(-${named}(\\.${named})*)?$`).test(value);
}

/** The service that an image belongs to: itself, or the one beside whose own image it runs. */
export function serviceOf(imageName: string): string {
    return imageName.split("/")[0];
}
