import type { Digest } from "../../core/registry/reference";
import { type ArchiveFile, gzip, tar } from "./archive";
import { digestOf, Storage } from "./storage";

/** What an image is made from. */
export interface ImageSource {
    /** Path in the image → file. */
    files: Readonly<Record<string, ArchiveFile>>;
    config?: {
        entrypoint?: readonly string[];
        cmd?: readonly string[];
        env?: Readonly<Record<string, string>>;
        user?: string;
        labels?: Readonly<Record<string, string>>;
        /** `8080/tcp` */
        exposedPorts?: readonly string[];
        workingDir?: string;
    };
    /** `os/architecture` or `os/architecture/variant`; more than one makes an index. @default ["linux/amd64"] */
    platforms?: readonly string[];
}

export interface ImageManifest {
    manifest: Buffer;
    mediaType: string;
    digest: Digest;
}

/** An image as a registry holds it. */
export interface Image extends ImageManifest {
    /** The manifests that an index names; empty for an image of one platform. */
    children: readonly ImageManifest[];
    /** Configs and layers. */
    blobs: ReadonlyMap<Digest, Buffer>;
}

const mediaTypes = {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

/** Builds an OCI image without any tool. Equal sources give equal bytes, on every machine and at all times. */
export function buildImage({ files, config = {}, platforms = ["linux/amd64"] }: ImageSource): Image {
    const archive = tar(files);
    const layer = gzip(archive);
    const blobs = new Map<Digest, Buffer>([[digestOf(layer), layer]]);
    const children = platforms.map((platform) => {
        const text = Buffer.from(JSON.stringify({ ...readPlatform(platform), ...configDocument(config, digestOf(archive)) }));
        blobs.set(digestOf(text), text);
        return document(mediaTypes.manifest, {
            config: descriptor(mediaTypes.config, text),
            layers: [descriptor(mediaTypes.layer, layer)],
        });
    });
    if (children.length === 1) {
        return { ...children[0], children: [], blobs };
    }
    const manifests = children.map(({ manifest }, index) => ({
        ...descriptor(mediaTypes.manifest, manifest),
        platform: readPlatform(platforms[index]),
    }));
    return { ...document(mediaTypes.index, { manifests }), children, blobs };
}

/** Puts an image straight into a registry's directory, whether or not it is being served. Tags move. */
export async function writeImage(directory: string, repository: string, image: Image, tags: readonly string[] = []): Promise<void> {
    const storage = new Storage(directory);
    await Promise.all([...image.blobs].map(([digest, bytes]) => storage.putBlob(repository, digest, bytes)));
    for (const { manifest, mediaType, digest } of [...image.children, image]) {
        await storage.putManifest(repository, { digest, mediaType, bytes: manifest });
    }
    await Promise.all(tags.map((tag) => storage.moveTag(repository, tag, image.digest)));
}

function configDocument(config: NonNullable<ImageSource["config"]>, diffId: Digest) {
    const { entrypoint, cmd, env, user, labels, exposedPorts, workingDir } = config;
    return {
        created: "1970-01-01T00:00:00Z",
        config: {
            User: user,
            ExposedPorts: exposedPorts && Object.fromEntries([...exposedPorts].sort().map((port) => [port, {}])),
            Env: env && sorted(env).map(([name, value]) => `${name}=${value}`),
            Entrypoint: entrypoint,
            Cmd: cmd,
            WorkingDir: workingDir,
            Labels: labels && Object.fromEntries(sorted(labels)),
        },
        rootfs: { type: "layers", diff_ids: [diffId] },
        history: [{ created: "1970-01-01T00:00:00Z", created_by: "oneflow sandbox" }],
    };
}

function document(mediaType: string, content: object): ImageManifest {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
    return { manifest, mediaType, digest: digestOf(manifest) };
}

function descriptor(mediaType: string, bytes: Buffer) {
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function readPlatform(platform: string): { architecture: string; os: string; variant?: string } {
    const [os, architecture, variant] = platform.split("/");
    if (!os || !architecture) {
        throw new Error(`${JSON.stringify(platform)} is not a platform: expected os/architecture, for example linux/amd64`);
    }
    return { architecture, os, ...(variant ? { variant } : {}) };
}

function sorted(values: Readonly<Record<string, string>>): [string, string][] {
    return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}
