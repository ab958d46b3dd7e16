import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../../core/registry/reference";

/** A manifest as it was put. */
export interface StoredManifest {
    digest: Digest;
    mediaType: string;
    bytes: Buffer;
}

/** A tag was asked to mean another digest where tags do not move. */
export class TagTaken extends Error {
    constructor(readonly current: Digest) {
        super(`the tag means ${current}`);
        this.name = "TagTaken";
    }
}

/** Two requests write one upload; its bytes would mix. */
export class UploadBusy extends Error {}

/**
 * A registry's content in a directory. Bytes are kept once, by digest; which repository may show them is kept apart:
 *
 *     blobs/<hex>                             the bytes of blobs and manifests
 *     repositories/<path>/_blobs/<hex>        empty: the blob was uploaded or mounted here
 *     repositories/<path>/_manifests/<hex>    the manifest's media type
 *     repositories/<path>/_tags/<tag>         the digest
 *     repositories/<path>/_referrers/<hex of the subject>/<hex>   empty
 *     repositories/<path>/_uploads/<id>       what has come of an upload
 *
 * No name in a repository's path starts with `_`, so nothing collides. Every file appears whole, by rename or link,
 * and nothing is remembered in memory but who writes an upload: several processes may share the directory.
 */
export class Storage {
    private readonly writing = new Set<string>();

    constructor(readonly directory: string) {}

    /** Size of a blob in bytes. Nothing where this repository does not have it, whoever else does. */
    async blobSize(repository: string, digest: Digest): Promise<number | undefined> {
        return (await exists(this.in(repository, "_blobs", hex(digest)))) ? (await stat(this.blobPath(digest))).size : undefined;
    }

    /** Where the bytes of a blob lie. */
    blobPath(digest: Digest): string {
        return join(this.directory, "blobs", hex(digest));
    }

    /** Makes bytes that the registry has visible in a repository. */
    async showBlob(repository: string, digest: Digest): Promise<void> {
        await this.place(this.in(repository, "_blobs", hex(digest)), "");
    }

    /** Puts a blob whose digest is known to be right. */
    async putBlob(repository: string, digest: Digest, bytes: Buffer): Promise<void> {
        await this.placeBytes(digest, bytes);
        await this.showBlob(repository, digest);
    }

    /** Starts an upload and gives its id. */
    async startUpload(repository: string): Promise<string> {
        const id = randomUUID();
        await this.place(this.in(repository, "_uploads", id), "");
        return id;
    }

    /** Bytes that came so far. Nothing where this repository has no such upload. */
    async uploadSize(repository: string, id: string): Promise<number | undefined> {
        return /^[0-9a-f-]{36}$/.test(id) ? (await statOrNothing(this.in(repository, "_uploads", id)))?.size : undefined;
    }

    /** Appends what the stream brings. @throws UploadBusy where another request is writing this upload */
    async appendUpload(repository: string, id: string, content: Readable): Promise<void> {
        await this.alone(id, () => this.append(repository, id, content));
    }

    /**
     * Appends what the stream brings and makes the whole a blob of the repository, if it has the digest; else the upload is gone.
     *
     * @returns the digest that it has
     * @throws UploadBusy where another request is writing this upload
     */
    async finishUpload(repository: string, id: string, content: Readable, digest: Digest): Promise<Digest> {
        return this.alone(id, async () => {
            await this.append(repository, id, content);
            const path = this.in(repository, "_uploads", id);
            const hash = createHash("sha256");
            await pipeline(createReadStream(path), hash);
            const actual: Digest = `sha256:${hash.digest("hex")}`;
            if (actual !== digest) {
                await rm(path);
                return actual;
            }
            await mkdir(dirname(this.blobPath(digest)), { recursive: true });
            await rename(path, this.blobPath(digest));
            await this.showBlob(repository, digest);
            return actual;
        });
    }

    async manifest(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
        const mediaType = await readOrNothing(this.in(repository, "_manifests", hex(digest)));
        return mediaType === undefined ? undefined : { digest, mediaType, bytes: await readFile(this.blobPath(digest)) };
    }

    /** Puts a manifest that was found to be right, under its digest. @param subject the manifest that it refers to */
    async putManifest(repository: string, { digest, mediaType, bytes }: StoredManifest, subject?: Digest): Promise<void> {
        await this.placeBytes(digest, bytes);
        if (subject) {
            await this.place(this.in(repository, "_referrers", hex(subject), hex(digest)), "");
        }
        await this.place(this.in(repository, "_manifests", hex(digest)), mediaType);
    }

    /** Digests of the manifests that name this one as their subject, sorted. */
    async referrers(repository: string, subject: Digest): Promise<Digest[]> {
        const names = await list(this.in(repository, "_referrers", hex(subject)));
        return names.map((name): Digest => `sha256:${name}`);
    }

    async tagged(repository: string, tag: string): Promise<Digest | undefined> {
        return (await readOrNothing(this.in(repository, "_tags", tag))) as Digest | undefined;
    }

    /** Lets a tag mean a digest, whatever it meant before. */
    async moveTag(repository: string, tag: string, digest: Digest): Promise<void> {
        await this.place(this.in(repository, "_tags", tag), digest);
    }

    /**
     * Lets a tag mean a digest for ever. Of several that try at once, one wins.
     *
     * @throws TagTaken where it means another
     */
    async fixTag(repository: string, tag: string, digest: Digest): Promise<void> {
        const path = this.in(repository, "_tags", tag);
        const draft = await this.draft(digest);
        await mkdir(dirname(path), { recursive: true });
        try {
            await link(draft, path);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
                throw error;
            }
            const current = (await this.tagged(repository, tag))!;
            if (current !== digest) {
                throw new TagTaken(current);
            }
        } finally {
            await rm(draft);
        }
    }

    /** All tags, sorted. Nothing where the repository has no manifest. */
    async tags(repository: string): Promise<string[] | undefined> {
        return (await exists(this.in(repository, "_manifests"))) ? list(this.in(repository, "_tags")) : undefined;
    }

    private append(repository: string, id: string, content: Readable): Promise<void> {
        return pipeline(content, createWriteStream(this.in(repository, "_uploads", id), { flags: "a" }));
    }

    private async alone<T>(id: string, work: () => Promise<T>): Promise<T> {
        if (this.writing.has(id)) {
            throw new UploadBusy(`upload ${id} is being written`);
        }
        this.writing.add(id);
        try {
            return await work();
        } finally {
            this.writing.delete(id);
        }
    }

    private in(repository: string, ...names: string[]): string {
        return join(this.directory, "repositories", repository, ...names);
    }

    private async placeBytes(digest: Digest, bytes: Buffer): Promise<void> {
        if (!(await exists(this.blobPath(digest)))) {
            await this.place(this.blobPath(digest), bytes);
        }
    }

    private async place(path: string, content: string | Buffer): Promise<void> {
        const draft = await this.draft(content);
        await mkdir(dirname(path), { recursive: true });
        await rename(draft, path);
    }

    private async draft(content: string | Buffer): Promise<string> {
        const path = join(this.directory, "drafts", randomUUID());
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
        return path;
    }
}

/** The digest of bytes. */
export function digestOf(bytes: Buffer): Digest {
    return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function hex(digest: Digest): string {
    return digest.slice("sha256:".length);
}

async function exists(path: string): Promise<boolean> {
    return (await statOrNothing(path)) !== undefined;
}

function statOrNothing(path: string) {
    return orNothing(stat(path));
}

function readOrNothing(path: string): Promise<string | undefined> {
    return orNothing(readFile(path, "utf8"));
}

async function list(path: string): Promise<string[]> {
    return ((await orNothing(readdir(path))) ?? []).sort();
}

async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
    try {
        return await reading;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return undefined;
        }
        throw error;
    }
}
