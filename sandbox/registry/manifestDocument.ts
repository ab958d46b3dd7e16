import { type Digest, isDigest } from "../../core/registry/reference";
import { failure, type RegistryFailure } from "./failure";

/** What a manifest refers to, and says of itself to those who list referrers. */
export interface ManifestDocument {
    /** Blobs that its repository must have. */
    blobs: readonly Reference[];
    /** Manifests that its repository must have. */
    children: readonly Reference[];
    /** What it is about; need not exist. */
    subject?: Digest;
    artifactType?: string;
    annotations?: unknown;
}

/** A descriptor inside a manifest. */
export interface Reference {
    mediaType: string;
    digest: Digest;
    size: number;
}

const kinds: Readonly<Record<string, "image" | "index">> = {
    "application/vnd.oci.image.manifest.v1+json": "image",
    "application/vnd.docker.distribution.manifest.v2+json": "image",
    "application/vnd.oci.image.index.v1+json": "index",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads a manifest strictly. @throws RegistryFailure where it is none of that media type */
export function readManifest(mediaType: string | undefined, bytes: Buffer): ManifestDocument {
    const kind = kinds[mediaType ?? ""];
    if (!kind) {
        throw invalid(
            `Content-Type ${JSON.stringify(mediaType ?? null)} is not a manifest's: expected ${Object.keys(kinds).join(", ")}`,
        );
    }
    const document = parse(bytes);
    if (document.schemaVersion !== 2) {
        throw invalid(`schemaVersion is ${JSON.stringify(document.schemaVersion)}, expected 2`);
    }
    const mayOmit = mediaType!.startsWith("application/vnd.oci.");
    if (document.mediaType === undefined ? !mayOmit : document.mediaType !== mediaType) {
        throw invalid(`mediaType is ${JSON.stringify(document.mediaType)}, but Content-Type says ${JSON.stringify(mediaType)}`);
    }
    const subject = document.subject === undefined ? undefined : readReference(document.subject, "subject").digest;
    const { artifactType, annotations } = document;
    if (artifactType !== undefined && typeof artifactType !== "string") {
        throw invalid(`artifactType is ${JSON.stringify(artifactType)}, expected a text`);
    }
    const base = { subject, annotations };
    return kind === "image" ? { ...base, ...readImage(document, artifactType) } : { ...base, ...readIndex(document, artifactType) };
}

function readImage(document: Fields, artifactType: string | undefined) {
    if ("manifests" in document) {
        throw invalid("manifests has no place in an image manifest");
    }
    const config = readReference(document.config, "config");
    const layers = readList(document.layers, "layers");
    // A layer with addresses of its own is fetched from there; the specification lets a registry be without it.
    const held = layers.filter((_, index) => !isForeign((document.layers as Fields[])[index]));
    return { blobs: [config, ...held], children: [], artifactType: artifactType ?? config.mediaType };
}

function readIndex(document: Fields, artifactType: string | undefined) {
    if ("layers" in document || "config" in document) {
        throw invalid("config and layers have no place in an index");
    }
    return { blobs: [], children: readList(document.manifests, "manifests"), artifactType };
}

function parse(bytes: Buffer): Fields {
    let document: unknown;
    try {
        document = JSON.parse(bytes.toString());
    } catch (error) {
        throw invalid(`it is not JSON: ${(error as Error).message}`);
    }
    if (document === null || typeof document !== "object" || Array.isArray(document)) {
        throw invalid("it is not a JSON object");
    }
    return document as Fields;
}

function readList(value: unknown, name: string): Reference[] {
    if (!Array.isArray(value)) {
        throw invalid(`${name} is not a list`);
    }
    return value.map((entry, index) => readReference(entry, `${name}[${index}]`));
}

function readReference(value: unknown, name: string): Reference {
    const { mediaType, digest, size } = (value ?? {}) as Fields;
    if (typeof mediaType !== "string" || mediaType === "") {
        throw invalid(`${name}.mediaType is ${JSON.stringify(mediaType)}, expected a media type`);
    }
    if (!isDigest(digest)) {
        throw invalid(`${name}.digest is ${JSON.stringify(digest)}, expected sha256:<64 hex digits>`);
    }
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
        throw invalid(`${name}.size is ${JSON.stringify(size)}, expected a number of bytes`);
    }
    return { mediaType, digest, size };
}

function isForeign({ urls }: Fields): boolean {
    return Array.isArray(urls) && urls.length > 0;
}

function invalid(reason: string): RegistryFailure {
    return failure(400, "MANIFEST_INVALID", `The manifest is refused: ${reason}`);
}
