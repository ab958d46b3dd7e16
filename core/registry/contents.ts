import { createHash } from "node:crypto";
import { isForeign, manifestTypes } from "./mediaTypes";
import { type Manifest, RegistryError, UnreadableContent } from "./model";
import { type Digest, isDigest } from "./reference";

/** A piece that a manifest refers to. */
export interface Piece {
    digest: Digest;
    size: number;
    mediaType: string;
}

/** What a manifest refers to and a registry must therefore have: other manifests and blobs, each once. */
export interface Contents {
    manifests: readonly Piece[];
    blobs: readonly Piece[];
}

/** The parts of manifests, in JSON, that oneflow reads. */
export interface ManifestDocument {
    mediaType?: string;
    artifactType?: string;
    config?: unknown;
    layers?: readonly unknown[];
    blobs?: readonly unknown[];
    manifests?: readonly unknown[];
    annotations?: Readonly<Record<string, string>>;
}

/**
 * What must stand in a registry before the manifest may.
 * Left out are layers that no registry may be asked for, and a `subject`, which may be missing.
 *
 * @param where the manifest's reference, for messages
 * @throws RegistryError where the manifest is of no known kind or names a piece without digest
 */
export function contentsOf(manifest: Manifest, where: string): Contents {
    if (!manifestTypes.includes(manifest.mediaType)) {
        throw new RegistryError(
            `${where} is ${manifest.mediaType}, which oneflow cannot take apart: expected ${manifestTypes.join(", ")}`,
        );
    }
    const { config, layers = [], blobs = [], manifests = [] } = readDocument(manifest.bytes, where);
    const pieces = [...(config === undefined ? [] : [config]), ...layers, ...blobs, ...manifests]
        .filter((each) => !isElsewhere(each))
        .map((each) => readPiece(each, where));
    const once = [...new Map(pieces.map((piece) => [piece.digest, piece])).values()];
    return {
        manifests: once.filter(({ mediaType }) => manifestTypes.includes(mediaType)),
        blobs: once.filter(({ mediaType }) => !manifestTypes.includes(mediaType)),
    };
}

export function readDocument(bytes: Buffer, where: string): ManifestDocument {
    let document: unknown;
    try {
        document = JSON.parse(bytes.toString("utf8"));
    } catch (error) {
        throw new UnreadableContent(`${where} is no manifest: ${(error as Error).message}`);
    }
    if (document === null || typeof document !== "object" || Array.isArray(document)) {
        throw new UnreadableContent(`${where} is no manifest: expected a JSON object`);
    }
    const lists = document as Record<string, unknown>;
    const odd = ["layers", "blobs", "manifests"].find((key) => lists[key] !== undefined && !Array.isArray(lists[key]));
    if (odd) {
        throw new UnreadableContent(`${where} is no manifest: its ${odd} are no list`);
    }
    return document;
}

export function readPiece(value: unknown, where: string): Piece {
    const { digest, size, mediaType = "" } = (value ?? {}) as Partial<Piece>;
    if (!isDigest(digest) || !Number.isSafeInteger(size) || size! < 0) {
        throw new UnreadableContent(
            `${where} refers to ${JSON.stringify(value)}: expected a digest sha256:<64 hex digits> and a size`,
        );
    }
    return { digest, size: size!, mediaType };
}

export function digestOf(bytes: Buffer): Digest {
    return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function isElsewhere(value: unknown): boolean {
    const { mediaType, urls } = (value ?? {}) as { mediaType?: string; urls?: unknown };
    return typeof mediaType === "string" && isForeign(mediaType) && Array.isArray(urls) && urls.length > 0;
}
