import { setTimeout as timer } from "node:timers/promises";
import { artifactManifest, bundleManifest, emptyConfig, readArtifact, readBundle } from "./artifacts";
import { Blobs } from "./blobs";
import { copyImage } from "./copy";
import { type Credentials, defaultCredentials } from "./credentials";
import { contentsOf, digestOf, type Piece } from "./contents";
import { Manifests, nameOf, type Repository } from "./manifests";
import {
    type Artifact,
    type Bundle,
    type CopyReport,
    UnreadableContent,
    type Descriptor,
    type Layer,
    type Manifest,
    type Registry,
    RegistryError,
} from "./model";
import { type Digest, formatReference, isTag, parseReference } from "./reference";
import { Referrers } from "./referrers";
import { Transport } from "./transport";

export interface OciRegistryOptions {
    /** @default docker's configuration, then Application Default Credentials for Google's registries, then none */
    credentials?: Credentials;
    /** Requests in flight at a time to one host. @default 16 */
    concurrency?: number;
    /** Attempts in all where a registry is busy, fails for the moment or cuts off. @default 6: eight seconds of pauses, or what it asks for */
    attempts?: number;
    /** Lets the milliseconds between two attempts pass. @default a timer */
    pause?: (milliseconds: number) => Promise<void>;
}

/**
 * Registries that speak the OCI distribution specification 1.1: plain http on loopback, https everywhere else.
 *
 * Write-once is looked up, then put. Where two writers race, a registry with immutable tags decides: the slower gets TagMoved.
 */
export class OciRegistry implements Registry {
    private readonly transport: Transport;
    private readonly manifests: Manifests;
    private readonly blobs: Blobs;
    private readonly about: Referrers;

    constructor(options: OciRegistryOptions = {}) {
        const {
            credentials = defaultCredentials(),
            concurrency = 16,
            attempts = 6,
            pause = (milliseconds) => timer(milliseconds),
        } = options;
        this.transport = new Transport(credentials, concurrency, { attempts, pause });
        this.manifests = new Manifests(this.transport);
        this.blobs = new Blobs(this.transport);
        this.about = new Referrers(this.transport, this.manifests);
    }

    /** Requests sent so far to all hosts, those that failed and those for tokens included. */
    get requests(): number {
        return this.transport.requests;
    }

    async resolve(reference: string): Promise<Descriptor | undefined> {
        const { where, name } = read(reference);
        return this.manifests.resolve(where, name);
    }

    async manifest(reference: string): Promise<Manifest | undefined> {
        const { where, name } = read(reference);
        return this.manifests.get(where, name);
    }

    async tags(repository: string): Promise<string[]> {
        return this.manifests.tags(repositoryOf(repository));
    }

    async tag(
        repository: string,
        digest: Digest,
        tag: string,
        { move = false }: { move?: boolean } = {},
    ): Promise<"put" | "unchanged"> {
        const where = repositoryOf(repository);
        const [unset] = await this.missing(where, digest, [tag], move);
        if (unset === undefined) {
            return "unchanged";
        }
        await this.manifests.put(where, await this.manifests.require(where, digest, "push"), unset);
        return "put";
    }

    async copy(
        from: { repository: string; digest: Digest },
        to: { repository: string; tags?: readonly string[] },
    ): Promise<CopyReport> {
        const source = { ...repositoryOf(from.repository), digest: from.digest };
        return copyImage(this.manifests, this.blobs, source, repositoryOf(to.repository), checked(to.tags ?? []));
    }

    async pushArtifact(
        repository: string,
        artifact: Artifact,
        tags: readonly string[],
        { move = false }: { move?: boolean } = {},
    ): Promise<Descriptor> {
        return this.pushManifest(repositoryOf(repository), artifactManifest(artifact), [emptyConfig, artifact.content], tags, move);
    }

    async pullArtifact(reference: string): Promise<(Artifact & { descriptor: Descriptor }) | undefined> {
        const { where, name } = read(reference);
        const manifest = await this.manifests.get(where, name);
        if (!manifest) {
            return undefined;
        }
        const { layer, embedded, ...head } = readArtifact(manifest, reference);
        const content = embedded ?? (await this.blobs.read(where, layer));
        if (digestOf(content) !== layer.digest) {
            throw new UnreadableContent(
                `${reference} is damaged: the content inside its manifest is ${digestOf(content)}, expected ${layer.digest}`,
            );
        }
        return { ...head, content, descriptor: { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size } };
    }

    async attach(repository: string, subject: Descriptor, artifact: Artifact): Promise<Descriptor> {
        const where = repositoryOf(repository);
        const manifest = artifactManifest(artifact, subject);
        await this.placeContents(where, manifest, [emptyConfig, artifact.content]);
        await this.about.add(where, subject.digest, manifest);
        const { digest, mediaType, size } = manifest;
        return { digest, mediaType, size };
    }

    async referrers(repository: string, subject: Digest, artifactType: string): Promise<Descriptor[]> {
        return this.about.ofType(repositoryOf(repository), subject, artifactType);
    }

    async pushBundle(repository: string, bundle: Bundle, tags: readonly string[]): Promise<Descriptor> {
        const contents = [bundle.config, ...bundle.layers].map(({ content }) => content);
        return this.pushManifest(repositoryOf(repository), bundleManifest(bundle), contents, tags, false);
    }

    async pullBundle(reference: string): Promise<(Bundle & { descriptor: Descriptor }) | undefined> {
        const { where, name } = read(reference);
        const manifest = await this.manifests.get(where, name);
        if (!manifest) {
            return undefined;
        }
        const { config, layers } = readBundle(manifest, reference);
        const [first, ...others] = await Promise.all([config, ...layers].map((piece) => this.layer(where, piece, reference)));
        const { digest, mediaType, size } = manifest;
        return { config: first, layers: others, descriptor: { digest, mediaType, size } };
    }

    private async layer(where: Repository, piece: Piece, reference: string): Promise<Layer> {
        try {
            return { mediaType: piece.mediaType, content: await this.blobs.read(where, piece) };
        } catch (error) {
            if (error instanceof RegistryError && error.status === 404) {
                throw new UnreadableContent(`${reference} is damaged: its piece ${piece.digest} (${piece.mediaType}) is missing`);
            }
            throw error;
        }
    }

    /** Puts what the manifest refers to, then the manifest, then its tags: what can be found is whole. */
    private async pushManifest(
        where: Repository,
        manifest: Manifest,
        contents: readonly Buffer[],
        tags: readonly string[],
        move: boolean,
    ): Promise<Descriptor> {
        const { digest, mediaType, size } = manifest;
        const unset = await this.missing(where, digest, tags, move);
        if (unset.length < new Set(tags).size || (await this.manifests.resolve(where, digest, "push"))) {
            await Promise.all(unset.map((tag) => this.manifests.put(where, manifest, tag)));
            return { digest, mediaType, size };
        }
        await this.placeContents(where, manifest, contents);
        const [first = digest, ...others] = unset;
        await this.manifests.put(where, manifest, first);
        await Promise.all(others.map((tag) => this.manifests.put(where, manifest, tag)));
        return { digest, mediaType, size };
    }

    private async placeContents(where: Repository, manifest: Manifest, contents: readonly Buffer[]): Promise<void> {
        const bytes = new Map(contents.map((each) => [digestOf(each), each]));
        const { blobs } = contentsOf(manifest, nameOf(where, manifest.digest));
        await Promise.all(blobs.map((piece) => this.blobs.place(piece, bytes.get(piece.digest)!, where)));
    }

    /** The tags that have yet to be put on the digest. */
    private async missing(where: Repository, digest: Digest, tags: readonly string[], move: boolean): Promise<string[]> {
        if (!move) {
            return this.manifests.unset(where, digest, checked(tags));
        }
        const meanings = await this.manifests.meanings(where, checked(tags));
        return meanings.filter(({ current }) => current !== digest).map(({ tag }) => tag);
    }
}

function repositoryOf(text: string): Repository {
    const { host, repository, tag, digest } = parseReference(text);
    if (tag !== undefined || digest !== undefined) {
        throw new RegistryError(`${JSON.stringify(text)} is not a repository: expected no tag and no digest, [host/]repository`);
    }
    return { host, repository };
}

function read(text: string): { where: Repository; name: string } {
    const { host, repository, tag, digest } = parseReference(text);
    const name = digest ?? tag;
    if (name === undefined) {
        throw new RegistryError(`${formatReference({ host, repository })} names no manifest: expected a tag or a digest behind it`);
    }
    return { where: { host, repository }, name };
}

function checked(tags: readonly string[]): readonly string[] {
    const odd = tags.filter((tag) => !isTag(tag));
    if (odd.length > 0) {
        throw new RegistryError(
            `${odd.map((tag) => JSON.stringify(tag)).join(", ")} cannot be a tag: expected [A-Za-z0-9_][A-Za-z0-9._-]*, at most 128 characters`,
        );
    }
    return tags;
}
