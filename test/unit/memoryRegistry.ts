import { createHash } from "node:crypto";
import { bundleManifest, readBundle } from "../../core/registry/artifacts";
import { digestOf, type Piece } from "../../core/registry/contents";
import {
    UnreadableContent,
    TagMoved,
    type Artifact,
    type Bundle,
    type CopyReport,
    type Descriptor,
    type Layer,
    type Manifest,
    type Registry,
} from "../../core/registry/model";
import { parseReference, type Digest } from "../../core/registry/reference";

interface Repository {
    manifests: Map<Digest, Manifest>;
    tags: Map<string, Digest>;
}

/**
 * A registry in memory: content-addressed manifests in repositories, tags that are written once unless moved.
 * Of blobs only those of bundles are modelled, in one place for all repositories: an artifact's content stands in its manifest.
 */
export class MemoryRegistry implements Registry {
    /** Every call that was made, as `resolve europe-west1-docker.pkg.dev/…`. */
    readonly calls: string[] = [];
    /** Called before a manifest or tag is put, with `put <reference>`; what it throws is what the caller gets. */
    beforePut: (call: string) => void = () => undefined;
    /** Called before anything is read, with its reference; what it throws is what the caller gets. */
    beforeRead: (reference: string) => void = () => undefined;
    /** How often a manifest or a tag came that was not there, or a manifest went. */
    changes = 0;
    /** What the registry has under a digest: to take one out, or put other bytes there, is to damage it. */
    readonly blobs = new Map<Digest, Buffer>();
    private readonly repositories = new Map<string, Repository>();

    async resolve(reference: string): Promise<Descriptor | undefined> {
        this.calls.push(`resolve ${reference}`);
        const found = this.find(reference);
        return found && { digest: found.digest, mediaType: found.mediaType, size: found.size };
    }

    async manifest(reference: string): Promise<Manifest | undefined> {
        this.calls.push(`manifest ${reference}`);
        return this.find(reference);
    }

    async tags(repository: string): Promise<string[]> {
        this.calls.push(`tags ${repository}`);
        this.beforeRead(repository);
        return [...(this.repositories.get(repository)?.tags.keys() ?? [])].sort();
    }

    async tag(repository: string, digest: Digest, tag: string, options: { move?: boolean } = {}): Promise<"put" | "unchanged"> {
        this.calls.push(`tag ${repository}:${tag}`);
        return this.putTag(repository, digest, tag, options);
    }

    async copy(
        from: { repository: string; digest: Digest },
        to: { repository: string; tags?: readonly string[] },
    ): Promise<CopyReport> {
        this.calls.push(`copy ${from.repository}@${from.digest} ${to.repository}`);
        const manifest = this.find(`${from.repository}@${from.digest}`);
        if (!manifest) {
            throw new Error(`${from.repository}@${from.digest} does not exist`);
        }
        const known = this.find(`${to.repository}@${from.digest}`) !== undefined;
        this.putManifest(to.repository, manifest);
        const put = (to.tags ?? []).map((tag) => this.putTag(to.repository, from.digest, tag, {}));
        return { digest: from.digest, uploadedBytes: 0, mountedBlobs: 0, unchanged: known && !put.includes("put") };
    }

    async pushArtifact(
        repository: string,
        artifact: Artifact,
        tags: readonly string[],
        options: { move?: boolean } = {},
    ): Promise<Descriptor> {
        this.calls.push(`push ${repository}:${tags.join(",")}`);
        const manifest = documentOf(artifact);
        this.putManifest(repository, manifest);
        tags.forEach((tag) => this.putTag(repository, manifest.digest, tag, options));
        return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size };
    }

    async pullArtifact(reference: string): Promise<(Artifact & { descriptor: Descriptor }) | undefined> {
        this.calls.push(`pull ${reference}`);
        const found = this.find(reference);
        if (!found) {
            return undefined;
        }
        const { digest, mediaType, size } = found;
        const body = JSON.parse(found.bytes.toString());
        return { ...body, content: Buffer.from(body.content, "base64"), descriptor: { digest, mediaType, size } };
    }

    async attach(repository: string, subject: Descriptor, artifact: Artifact): Promise<Descriptor> {
        this.calls.push(`attach ${repository}@${subject.digest}`);
        const { digest, mediaType, size, bytes } = documentOf(artifact, subject.digest);
        this.putManifest(repository, { digest, mediaType, size, bytes });
        return { digest, mediaType, size };
    }

    async referrers(repository: string, subject: Digest, artifactType: string): Promise<Descriptor[]> {
        this.calls.push(`referrers ${repository}@${subject}`);
        this.beforeRead(`${repository}@${subject}`);
        const all = [...(this.repositories.get(repository)?.manifests.values() ?? [])];
        return all
            .filter(({ bytes }) => {
                const text = bytes.toString();
                const about = text.startsWith('{"artifactType"')
                    ? (JSON.parse(text) as { subject?: string; artifactType: string })
                    : undefined;
                return about?.subject === subject && about.artifactType === artifactType;
            })
            .map(({ digest, mediaType, size }) => ({ digest, mediaType, size }));
    }

    async pushBundle(repository: string, bundle: Bundle, tags: readonly string[]): Promise<Descriptor> {
        this.calls.push(`push ${repository}:${tags.join(",")}`);
        const manifest = bundleManifest(bundle);
        for (const tag of tags) {
            const current = this.repositories.get(repository)?.tags.get(tag);
            if (current !== undefined && current !== manifest.digest) {
                throw new TagMoved(`${repository}:${tag}`, current, manifest.digest);
            }
        }
        [bundle.config, ...bundle.layers].forEach(({ content }) => this.blobs.set(digestOf(content), content));
        this.putManifest(repository, manifest);
        tags.forEach((tag) => this.putTag(repository, manifest.digest, tag, {}));
        return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size };
    }

    async pullBundle(reference: string): Promise<(Bundle & { descriptor: Descriptor }) | undefined> {
        this.calls.push(`pull ${reference}`);
        const found = this.find(reference);
        if (!found) {
            return undefined;
        }
        const { digest, mediaType, size } = found;
        const { config, layers } = readBundle(found, reference);
        return {
            config: this.layer(config),
            layers: layers.map((layer) => this.layer(layer)),
            descriptor: { digest, mediaType, size },
        };
    }

    /** Pushes an image with this text as its whole content, as a build does. */
    putImage(repository: string, content: string, tags: readonly string[], options: { move?: boolean } = {}): Digest {
        const manifest = manifestOf(Buffer.from(content), "application/vnd.oci.image.manifest.v1+json");
        this.putManifest(repository, manifest);
        tags.forEach((tag) => this.putTag(repository, manifest.digest, tag, options));
        return manifest.digest;
    }

    /** Deletes a manifest and the tags on it, as a cleanup does. */
    delete(repository: string, digest: Digest): void {
        const { manifests, tags } = this.repositories.get(repository) ?? { manifests: new Map(), tags: new Map() };
        this.changes += manifests.delete(digest) ? 1 : 0;
        [...tags].filter(([, meant]) => meant === digest).forEach(([tag]) => tags.delete(tag));
    }

    /** What a reference means now, without a call that counts. */
    meaning(reference: string): Digest | undefined {
        return this.find(reference)?.digest;
    }

    /** Everything that is there, as `<repository>@<digest>` and `<repository>:<tag> <digest>`, sorted. */
    contents(): string[] {
        return [...this.repositories]
            .flatMap(([name, { manifests, tags }]) => [
                ...[...manifests.keys()].map((digest) => `${name}@${digest}`),
                ...[...tags].map(([tag, digest]) => `${name}:${tag} ${digest}`),
            ])
            .sort();
    }

    private find(reference: string): Manifest | undefined {
        this.beforeRead(reference);
        const parsed = parseReference(reference);
        const name = `${parsed.host}/${parsed.repository}`;
        const repository = this.repositories.get(name);
        const digest = parsed.digest ?? (parsed.tag === undefined ? undefined : repository?.tags.get(parsed.tag));
        return digest && repository?.manifests.get(digest);
    }

    private layer({ digest, mediaType }: Piece): Layer {
        const content = this.blobs.get(digest);
        if (!content || digestOf(content) !== digest) {
            throw new UnreadableContent(`${digest} is ${content ? "damaged" : "missing"}`);
        }
        return { mediaType, content };
    }

    private repository(name: string): Repository {
        const repository = this.repositories.get(name) ?? { manifests: new Map(), tags: new Map() };
        this.repositories.set(name, repository);
        return repository;
    }

    private putManifest(repository: string, manifest: Manifest): void {
        this.beforePut(`put ${repository}@${manifest.digest}`);
        const { manifests } = this.repository(repository);
        this.changes += manifests.has(manifest.digest) ? 0 : 1;
        manifests.set(manifest.digest, manifest);
    }

    private putTag(repository: string, digest: Digest, tag: string, { move = false }: { move?: boolean }): "put" | "unchanged" {
        const { manifests, tags } = this.repository(repository);
        const current = tags.get(tag);
        if (current === digest) {
            return "unchanged";
        }
        if (!manifests.has(digest)) {
            throw new Error(`${repository}@${digest} does not exist, so ${tag} cannot mean it`);
        }
        if (current !== undefined && !move) {
            throw new TagMoved(`${repository}:${tag}`, current, digest);
        }
        this.beforePut(`put ${repository}:${tag}`);
        tags.set(tag, digest);
        this.changes++;
        return "put";
    }
}

function documentOf({ artifactType, mediaType = artifactType, content, annotations }: Artifact, subject?: Digest): Manifest {
    const body = { artifactType, mediaType, annotations, content: content.toString("base64"), subject };
    return manifestOf(Buffer.from(JSON.stringify(body)), "application/vnd.oci.image.manifest.v1+json");
}

function manifestOf(bytes: Buffer, mediaType: string): Manifest {
    return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, mediaType, size: bytes.length, bytes };
}
