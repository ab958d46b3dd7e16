import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { digestOf, type Piece } from "./contents";
import { UnreadableContent, RegistryError } from "./model";
import { nameOf, type Repository } from "./manifests";
import type { Digest } from "./reference";
import { retry } from "./retry";
import type { StreamedBody, Transport } from "./transport";

/** How a blob came to stand where it should. */
export type Placed = { how: "there" | "mounted" } | { how: "uploaded"; bytes: number };

/** Where a blob's bytes come from: from memory, or from another repository, by mount if it is of the same registry. */
export type BlobSource = Buffer | Repository;

/** The blobs of repositories. */
export class Blobs {
    constructor(private readonly transport: Transport) {}

    async has(where: Repository, { digest }: Piece): Promise<boolean> {
        const { status } = await this.transport.send({
            ...where,
            access: "push",
            method: "HEAD",
            path: blobPath(where, digest),
            action: `look for a blob in ${nameOf(where, digest)}`,
            expects: [404],
        });
        return status !== 404;
    }

    /** Makes a blob stand in a repository, with as little sent as possible. A cut upload starts again from its beginning. */
    place(piece: Piece, source: BlobSource, target: Repository): Promise<Placed> {
        const mountable = !Buffer.isBuffer(source) && source.host === target.host ? source.repository : undefined;
        return retry(this.transport.patience, async () => {
            if (await this.has(target, piece)) {
                return { how: "there" };
            }
            const session = await this.start(target, piece.digest, mountable);
            if (session === undefined) {
                return { how: "mounted" };
            }
            await this.transport.sendOnce({
                ...target,
                access: "push",
                method: "PUT",
                path: `${session}${session.includes("?") ? "&" : "?"}digest=${encodeURIComponent(piece.digest)}`,
                headers: { "content-type": "application/octet-stream" },
                body: Buffer.isBuffer(source) ? source : this.streamed(source, piece),
                action: `upload a blob to ${nameOf(target, piece.digest)}`,
            });
            return { how: "uploaded", bytes: piece.size };
        });
    }

    /** The bytes of a blob that fits into memory, verified. */
    async read(where: Repository, piece: Piece): Promise<Buffer> {
        const { body } = await this.transport.send({
            ...where,
            access: "pull",
            method: "GET",
            path: blobPath(where, piece.digest),
            action: `pull a blob from ${nameOf(where, piece.digest)}`,
            limit: piece.size,
        });
        if (body.length !== piece.size || digestOf(body) !== piece.digest) {
            throw damaged(where, piece, body.length, digestOf(body));
        }
        return body;
    }

    /** The address of an upload; nothing where the registry had the blob in the other repository and mounted it. */
    private async start(target: Repository, digest: Digest, from: string | undefined): Promise<string | undefined> {
        const mount = from === undefined ? "" : `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
        const { status, headers, address } = await this.transport.send({
            ...target,
            ...(from === undefined ? {} : { from }),
            access: "push",
            method: "POST",
            path: `/v2/${target.repository}/blobs/uploads/${mount}`,
            headers: { "content-length": "0" },
            action: `${from === undefined ? "upload a blob to" : `mount a blob of ${from} into`} ${nameOf(target, digest)}`,
        });
        if (status === 201 && from !== undefined) {
            return undefined;
        }
        if (!headers.location) {
            throw new RegistryError(
                `${target.host} answered ${status} to the start of an upload to ${nameOf(target, digest)}, without a Location`,
                status,
            );
        }
        return new URL(headers.location, address).href;
    }

    private streamed(source: Repository, piece: Piece): StreamedBody {
        return {
            length: piece.size,
            open: async () => {
                const incoming = await this.transport.open({
                    ...source,
                    access: "pull",
                    method: "GET",
                    path: blobPath(source, piece.digest),
                    action: `pull a blob from ${nameOf(source, piece.digest)}`,
                });
                const checked = Readable.from(verified(incoming, piece, source), { objectMode: false });
                return checked.once("close", () => incoming.destroy());
            },
        };
    }
}

/** Passes bytes on, but keeps the last back until they are known to be the piece's: what is damaged never arrives whole. */
async function* verified(bytes: Readable, piece: Piece, where: Repository): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    let seen = 0;
    let kept: Buffer | undefined;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
        if (kept) {
            yield kept;
        }
        hash.update(chunk);
        seen += chunk.length;
        kept = chunk;
        if (seen > piece.size) {
            break;
        }
    }
    const actual: Digest = `sha256:${hash.digest("hex")}`;
    if (seen !== piece.size || actual !== piece.digest) {
        throw damaged(where, piece, seen, actual);
    }
    if (kept) {
        yield kept;
    }
}

function damaged(where: Repository, { digest, size }: Piece, seen: number, actual: Digest): UnreadableContent {
    return new UnreadableContent(`${nameOf(where, digest)} is damaged: expected ${size} bytes, came ${seen} that are ${actual}`);
}

function blobPath({ repository }: Repository, digest: Digest): string {
    return `/v2/${repository}/blobs/${digest}`;
}
