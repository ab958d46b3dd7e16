import { type ManifestDocument, digestOf, readDocument, readPiece, type Piece } from "./contents";
import { ociEmpty, ociManifest } from "./mediaTypes";
import { type Artifact, type Bundle, type Descriptor, type Layer, type Manifest, UnreadableContent } from "./model";

/** The one config of all artifacts: `{}`. */
export const emptyConfig = Buffer.from("{}");

/** Up to so many bytes the content also stands inside the manifest, as OCI 1.1 allows: reading it takes one request, not two. */
const embeddedBytes = 64 << 10;

/**
 * The manifest of an artifact. Its bytes depend on the artifact alone: no time, annotations sorted.
 *
 * @param subject the manifest that it is about @default - none
 */
export function artifactManifest(
    { artifactType, mediaType = artifactType, content, annotations = {} }: Artifact,
    subject?: Descriptor,
): Manifest {
    const embedded = content.length <= embeddedBytes ? { data: content.toString("base64") } : {};
    const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
    const bytes = Buffer.from(
        JSON.stringify({
            schemaVersion: 2,
            mediaType: ociManifest,
            artifactType,
            config: {
                mediaType: ociEmpty,
                digest: digestOf(emptyConfig),
                size: emptyConfig.length,
                data: emptyConfig.toString("base64"),
            },
            layers: [{ mediaType, digest: digestOf(content), size: content.length, ...embedded }],
            ...(subject && { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } }),
            ...(sorted.length > 0 ? { annotations: Object.fromEntries(sorted) } : {}),
        }),
    );
    return { digest: digestOf(bytes), mediaType: ociManifest, size: bytes.length, bytes };
}

/** An artifact as its manifest tells it; its content where that stands inside. */
export interface ArtifactHead extends Pick<Artifact, "artifactType" | "mediaType" | "annotations"> {
    layer: Piece;
    embedded?: Buffer;
}

/**
 * @param where the artifact's reference, for messages
 * @throws UnreadableContent where the manifest is an image or another kind of artifact
 */
export function readArtifact(manifest: Manifest, where: string): ArtifactHead {
    const document: ManifestDocument = readDocument(manifest.bytes, where);
    const [layer, ...more] = document.layers ?? [];
    const { mediaType: configType } = (document.config ?? {}) as { mediaType?: string };
    // Registries and clients before OCI 1.1 say the artifact's type by its config's.
    const artifactType = document.artifactType ?? (configType === ociEmpty ? undefined : configType);
    if (manifest.mediaType !== ociManifest || layer === undefined || more.length > 0 || artifactType === undefined) {
        throw new UnreadableContent(
            `${where} is no artifact of one document: it is ${manifest.mediaType} with ${document.layers?.length ?? 0} layers`,
        );
    }
    const piece = readPiece(layer, where);
    const { data } = layer as { data?: unknown };
    return {
        artifactType,
        mediaType: piece.mediaType,
        ...(document.annotations ? { annotations: document.annotations } : {}),
        layer: piece,
        ...(typeof data === "string" ? { embedded: Buffer.from(data, "base64") } : {}),
    };
}

/** The manifest of a bundle. Its bytes depend on the bundle alone. */
export function bundleManifest({ config, layers }: Bundle): Manifest {
    const described = ({ mediaType, content }: Layer) => ({ mediaType, digest: digestOf(content), size: content.length });
    const document = { schemaVersion: 2, mediaType: ociManifest, config: described(config), layers: layers.map(described) };
    const bytes = Buffer.from(JSON.stringify(document));
    return { digest: digestOf(bytes), mediaType: ociManifest, size: bytes.length, bytes };
}

/**
 * What a bundle's manifest refers to.
 *
 * @param where the bundle's reference, for messages
 * @throws UnreadableContent where the manifest is of another kind, such as an index
 */
export function readBundle(manifest: Manifest, where: string): { config: Piece; layers: Piece[] } {
    const { config, layers } = readDocument(manifest.bytes, where);
    if (manifest.mediaType !== ociManifest || config === undefined || layers === undefined) {
        throw new UnreadableContent(`${where} is no bundle of documents: it is ${manifest.mediaType}`);
    }
    return { config: readPiece(config, where), layers: layers.map((layer) => readPiece(layer, where)) };
}
