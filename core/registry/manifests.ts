import { type Contents, contentsOf, digestOf, readDocument } from "./contents";
import { manifestTypes } from "./mediaTypes";
import { UnreadableContent, type Descriptor, type Manifest, RegistryError, TagMoved } from "./model";
import { nextPage } from "./pages";
import { type Digest, formatReference, isDigest, type Reference } from "./reference";
import type { Answer, Call, Transport } from "./transport";

/** A repository in a registry. */
export type Repository = Pick<Reference, "host" | "repository">;

const accept = { accept: manifestTypes.join(", ") };

/** The manifests and tags of repositories. A name is a tag or a digest. */
export class Manifests {
    constructor(private readonly transport: Transport) {}

    /**
     * What a name means now. Registries that do not say it in their headers are asked for the manifest itself, and so are those that
     * refuse: which permission is missing stands in a body, and this answer has none.
     */
    async resolve(where: Repository, name: string, access: Call["access"] = "pull"): Promise<Descriptor | undefined> {
        const { status, headers } = await this.transport.send({
            ...where,
            access,
            method: "HEAD",
            path: manifestPath(where, name),
            headers: accept,
            action: `resolve ${nameOf(where, name)}`,
            expects: [403, 404, 405],
        });
        if (status === 404) {
            return undefined;
        }
        const digest = headers["docker-content-digest"];
        const size = Number(headers["content-length"] ?? NaN);
        const mediaType = essence(headers["content-type"]);
        if (
            status === 403 ||
            status === 405 ||
            !isDigest(digest) ||
            !Number.isSafeInteger(size) ||
            !manifestTypes.includes(mediaType)
        ) {
            const manifest = await this.get(where, name, access);
            return manifest && { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size };
        }
        if (isDigest(name) && digest !== name) {
            throw damaged(where, name, digest);
        }
        return { digest, mediaType, size };
    }

    async get(where: Repository, name: string, access: Call["access"] = "pull"): Promise<Manifest | undefined> {
        const { status, headers, body } = await this.transport.send({
            ...where,
            access,
            method: "GET",
            path: manifestPath(where, name),
            headers: accept,
            action: `pull ${nameOf(where, name)}`,
            expects: [404],
        });
        if (status === 404) {
            return undefined;
        }
        const digest = digestOf(body);
        const said = headers["docker-content-digest"];
        for (const wanted of [name, said]) {
            if (isDigest(wanted) && wanted !== digest) {
                throw damaged(where, wanted, digest);
            }
        }
        const told = essence(headers["content-type"]);
        const mediaType = manifestTypes.includes(told) ? told : (readDocument(body, nameOf(where, name)).mediaType ?? told);
        return { digest, mediaType, size: body.length, bytes: body };
    }

    /** The manifest of a digest that must be there. */
    async require(where: Repository, digest: Digest, access: Call["access"] = "pull"): Promise<Manifest> {
        const manifest = await this.get(where, digest, access);
        if (!manifest) {
            throw new RegistryError(`${nameOf(where, digest)} does not exist`, 404, "MANIFEST_UNKNOWN");
        }
        return manifest;
    }

    contents(where: Repository, manifest: Manifest): Contents {
        return contentsOf(manifest, nameOf(where, manifest.digest));
    }

    /**
     * Puts the manifest's very bytes under a name.
     *
     * @throws TagMoved where the registry refuses to move the tag: another writer was faster, or tags are immutable there
     */
    async put(where: Repository, manifest: Manifest, name: string): Promise<void> {
        const digest = (await this.putBytes(where, manifest, name)) ?? (await this.resolve(where, name, "push"))?.digest;
        if (digest !== manifest.digest) {
            throw new RegistryError(
                `${nameOf(where, name)} was put as ${manifest.digest}, but ${where.host} made it ${digest ?? "nothing"}`,
            );
        }
    }

    /**
     * Those of the tags that do not mean the digest yet.
     *
     * @throws TagMoved for the first that means another digest
     */
    async unset(where: Repository, digest: Digest, tags: readonly string[]): Promise<string[]> {
        const meanings = await this.meanings(where, tags);
        const moved = meanings.find(({ current }) => current !== undefined && current !== digest);
        if (moved) {
            throw new TagMoved(nameOf(where, moved.tag), moved.current!, digest);
        }
        return meanings.filter(({ current }) => current === undefined).map(({ tag }) => tag);
    }

    /** Each tag, once, with the digest that it means now. */
    meanings(where: Repository, tags: readonly string[]): Promise<{ tag: string; current?: Digest }[]> {
        return Promise.all(
            [...new Set(tags)].map(async (tag) => ({ tag, current: (await this.resolve(where, tag, "push"))?.digest })),
        );
    }

    /** All tags, sorted. */
    async tags(where: Repository): Promise<string[]> {
        const tags = new Set<string>();
        const seen = new Set<string>();
        let page: string | undefined = `/v2/${where.repository}/tags/list?n=1000`;
        while (page !== undefined && !seen.has(page)) {
            seen.add(page);
            const answer: Answer = await this.transport.send({
                ...where,
                access: "pull",
                method: "GET",
                path: page,
                action: `list the tags of ${formatReference(where)}`,
                expects: [404],
            });
            if (answer.status === 404) {
                break;
            }
            readTags(answer.body, where).forEach((tag) => tags.add(tag));
            const next = nextPage([answer.headers.link ?? []].flat().join(", "));
            page = next === undefined ? undefined : new URL(next, answer.address).href;
        }
        return [...tags].sort();
    }

    /** The digest that the registry says it has put. Nothing where it does not say. */
    private async putBytes(where: Repository, manifest: Manifest, name: string): Promise<Digest | undefined> {
        try {
            const { headers } = await this.transport.send({
                ...where,
                access: "push",
                method: "PUT",
                path: manifestPath(where, name),
                headers: { "content-type": manifest.mediaType },
                body: manifest.bytes,
                action: `push ${nameOf(where, name)}`,
            });
            const digest = headers["docker-content-digest"];
            return isDigest(digest) ? digest : undefined;
        } catch (error) {
            if (!(error instanceof RegistryError) || isDigest(name) || !refusesTag.includes(error.status ?? 0)) {
                throw error;
            }
            const current = await this.resolve(where, name, "push");
            if (current && current.digest !== manifest.digest) {
                throw new TagMoved(nameOf(where, name), current.digest, manifest.digest);
            }
            if (!current) {
                throw error;
            }
            return current.digest;
        }
    }
}

/** How registries with immutable tags refuse: they do not agree on one status. */
const refusesTag = [400, 403, 405, 409, 412];

/** A text for a repository's name with a tag or digest. */
export function nameOf(where: Repository, name: string): string {
    return formatReference({ ...where, ...(isDigest(name) ? { digest: name } : { tag: name }) });
}

function damaged(where: Repository, wanted: Digest, actual: Digest): UnreadableContent {
    return new UnreadableContent(`${nameOf(where, wanted)} is damaged: ${where.host} answered with a manifest that is ${actual}`);
}

function manifestPath({ repository }: Repository, name: string): string {
    return `/v2/${repository}/manifests/${name}`;
}

function essence(contentType: string | undefined): string {
    return (contentType ?? "").split(";")[0].trim();
}

function readTags(body: Buffer, where: Repository): string[] {
    try {
        return (JSON.parse(body.toString("utf8")) as { tags: string[] | null }).tags ?? [];
    } catch (error) {
        throw new RegistryError(
            `${where.host} did not list the tags of ${formatReference(where)} as JSON: ${(error as Error).message}`,
        );
    }
}
