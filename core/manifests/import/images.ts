import { splitImage } from "./kustomization";

/** How images of the manifests are told apart: those that the repository builds, and those of others. */
export interface ImageOptions {
    /** Folder that a service is built from; `{name}` is its name. @default "src/{name}" */
    source?: string;
    /** Folders of services that stand elsewhere: service → folder. */
    sources?: Readonly<Record<string, string>>;
    /** Images whose name starts with one of these are built by the repository. */
    built?: readonly string[];
    /** What to take for an image of the manifests: as it is written there → by digest. */
    images?: Readonly<Record<string, string>>;
}

/** Either a folder that the image is built from, or an image of others; `pinned` says whether that has its digest. */
export type ImageEntry = { source: string } | { image: string; pinned: boolean };

export function readImage(image: string, names: readonly string[], options: ImageOptions): ImageEntry {
    const { source = "src/{name}", sources = {}, images = {} } = options;
    const meant = Object.hasOwn(images, image) ? images[image] : image;
    if (meant.includes("@sha256:")) {
        return { image: meant, pinned: true };
    }
    const [name] = names;
    const folder = Object.hasOwn(sources, name) ? sources[name] : undefined;
    if (folder !== undefined || isBuilt(meant, names, options)) {
        return { source: folder ?? source.replaceAll("{name}", name) };
    }
    // All zeros are no image's digest. The entry is written as a comment, with what must stand there.
    return { image: `${meant}@sha256:${"0".repeat(64)}`, pinned: false };
}

/**
 * An image without digest is built by the repository where it is named after the workload and no tag or registry says otherwise:
 * `cart`, `gcr.io/acme/cart:v1`, but not `redis:8` or `grafana/grafana`, which anyone can pull.
 */
export function isBuilt(image: string, names: readonly string[], { built = [] }: ImageOptions): boolean {
    if (built.some((prefix) => image.startsWith(prefix))) {
        return true;
    }
    const { name, tag } = splitImage(image);
    const parts = name.split("/");
    const [host] = parts;
    const ownRegistry = parts.length > 1 && /[.:]/.test(host) && !everybodys.includes(host);
    return names.includes(parts.at(-1)!) && (ownRegistry || (parts.length === 1 && tag === undefined));
}

/** Registries that hold images for everybody; what a team builds for itself stands elsewhere. */
const everybodys = [
    "docker.io",
    "index.docker.io",
    "quay.io",
    "registry.k8s.io",
    "k8s.gcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
];
