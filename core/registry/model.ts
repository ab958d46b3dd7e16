import type { Digest } from "./reference";

/** What a manifest is, without its bytes. */
export interface Descriptor {
    digest: Digest;
    /** Media type of the manifest: an image, an index, or an artifact's manifest. */
    mediaType: string;
    /** Size of the manifest in bytes. */
    size: number;
}

export interface Manifest extends Descriptor {
    bytes: Buffer;
}

/** A document kept in a registry: one layer of bytes under an artifact type. */
export interface Artifact {
    artifactType: string;
    /** Media type of {@link content}. @default the artifact type */
    mediaType?: string;
    content: Buffer;
    annotations?: Readonly<Record<string, string>>;
}

/** One piece of a {@link Bundle}. */
export interface Layer {
    mediaType: string;
    content: Buffer;
}

/** Several documents kept in a registry as one: its kind is told by the config's media type, so other programs can know it too. */
export interface Bundle {
    config: Layer;
    layers: readonly Layer[];
}

/**
 * What oneflow asks of an OCI registry. Repositories and references are texts, as `parseReference` reads them.
 * Every operation keeps digests: a manifest is moved as the bytes it is.
 */
export interface Registry {
    /** The digest that a tag or digest means now. Nothing where the manifest or the repository does not exist. */
    resolve(reference: string): Promise<Descriptor | undefined>;
    /** The manifest's bytes, verified against its digest. Nothing where it does not exist. */
    manifest(reference: string): Promise<Manifest | undefined>;
    /** All tags of a repository, sorted; none where it does not exist. Follows pages. */
    tags(repository: string): Promise<string[]>;
    /**
     * Puts a tag on a manifest that stands in the same repository.
     * A tag that already means this digest is left alone; one that means another is refused unless `move`.
     *
     * @throws TagMoved where the tag means another digest
     */
    tag(repository: string, digest: Digest, tag: string, options?: { move?: boolean }): Promise<"put" | "unchanged">;
    /**
     * Copies a manifest, with all that it refers to, into another repository, in the same registry by blob mount where it can.
     * What is there already is not sent again. Tags are write-once.
     *
     * @throws TagMoved where a tag of the destination means another digest
     */
    copy(from: { repository: string; digest: Digest }, to: { repository: string; tags?: readonly string[] }): Promise<CopyReport>;
    /** Pushes an artifact and, where tags are given, tags it: write-once unless `move`. Equal artifacts have equal digests. */
    pushArtifact(
        repository: string,
        artifact: Artifact,
        tags: readonly string[],
        options?: { move?: boolean },
    ): Promise<Descriptor>;
    /** Pulls an artifact, verified by digest. Nothing where it does not exist. */
    pullArtifact(reference: string): Promise<(Artifact & { descriptor: Descriptor }) | undefined>;
    /**
     * Pushes an artifact that is about a manifest of the same repository, to be found by {@link referrers}. It gets no tag of its own.
     *
     * @param subject what it is about
     */
    attach(repository: string, subject: Descriptor, artifact: Artifact): Promise<Descriptor>;
    /** The artifacts of a type that are about a manifest, in the registry's order; none where there are none. */
    referrers(repository: string, subject: Digest, artifactType: string): Promise<Descriptor[]>;
    /**
     * Pushes a bundle and, where tags are given, tags it: write-once. Equal bundles have equal digests.
     *
     * @throws TagMoved where a tag means another digest; nothing was pushed then
     */
    pushBundle(repository: string, bundle: Bundle, tags: readonly string[]): Promise<Descriptor>;
    /**
     * Pulls a bundle, each of its pieces verified by digest. Nothing where it does not exist.
     *
     * @throws UnreadableContent where it is another kind of thing, or a piece of it is missing or not what its digest says
     */
    pullBundle(reference: string): Promise<(Bundle & { descriptor: Descriptor }) | undefined>;
}

/** What a copy had to do. */
export interface CopyReport {
    digest: Digest;
    /** Bytes of blobs that went through this machine; 0 where all were mounted or there already. */
    uploadedBytes: number;
    mountedBlobs: number;
    /** Whether the destination had everything, tags included. */
    unchanged: boolean;
}

/** A write-once tag means another digest already. */
export class TagMoved extends Error {
    constructor(
        readonly reference: string,
        readonly current: Digest,
        readonly wanted: Digest,
    ) {
        super(`${reference} already means ${current}; a tag is written once, so it cannot come to mean ${wanted}`);
        this.name = "TagMoved";
    }
}

/** A registry answered with an error, or not at all, after all retries. */
export class RegistryError extends Error {
    constructor(
        message: string,
        /** HTTP status; absent where the connection failed. */
        readonly status?: number,
        /** Code of the OCI error body: `DENIED`, `NAME_UNKNOWN`, `MANIFEST_UNKNOWN` … */
        readonly code?: string,
    ) {
        super(message);
        this.name = "RegistryError";
    }
}

/** What a registry has is not what its digest says, lacks a piece, or is of another kind: to ask again would change nothing. */
export class UnreadableContent extends RegistryError {}
