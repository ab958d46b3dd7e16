import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../../core/registry/reference";
import { answer, type Call, requireDigest } from "./call";
import { failure } from "./failure";
import type { Seal } from "./seal";
import { type Storage, UploadBusy } from "./storage";

const downloadLifetimeSeconds = 300;

/** HEAD of a blob. */
export async function headBlob({ response, path, reference, storage }: Call): Promise<void> {
    const digest = requireDigest(reference);
    answer(response, 200, {
        "Content-Type": "application/octet-stream",
        "Content-Length": await requireBlob(storage, path, digest),
        "Docker-Content-Digest": digest,
        "Accept-Ranges": "bytes",
    });
}

/** GET of a blob: as on Artifact Registry a relative redirect to an address that needs no credentials and soon ends. */
export async function getBlob({ response, path, reference, repository, storage, seal }: Call): Promise<void> {
    const digest = requireDigest(reference);
    await requireBlob(storage, path, digest);
    const { project, repositoryId } = repository;
    const ticket = seal.close("download", digest, downloadLifetimeSeconds);
    answer(response, 302, {
        Location: `/artifacts-downloads/namespaces/${project}/repositories/${repositoryId}/downloads/${ticket}`,
        "Docker-Content-Digest": digest,
    });
}

/** What the redirect leads to. */
export async function download(request: IncomingMessage, response: ServerResponse, url: URL, storage: Storage, seal: Seal) {
    const digest = seal.open("download", url.pathname.split("/").at(-1)!) as Digest | undefined;
    if (digest === undefined) {
        throw failure(403, "DENIED", "The download's address is not valid, or no longer: ask for the blob again");
    }
    const file = storage.blobPath(digest);
    const { size } = await stat(file);
    const { status, start, end } = readRange(request.headers.range, size);
    response.writeHead(status, {
        "Content-Type": "application/octet-stream",
        "Content-Length": end - start,
        "Accept-Ranges": "bytes",
        ...(status === 206 ? { "Content-Range": `bytes ${start}-${end - 1}/${size}` } : {}),
    });
    if (request.method === "HEAD" || end === start) {
        response.end();
        return;
    }
    await pipeline(createReadStream(file, { start, end: end - 1 }), response);
}

/** POST of an upload: a mount, a whole blob, or the start of a session. */
export async function startUpload(call: Call): Promise<void> {
    const { response, url, path, storage } = call;
    const mount = url.searchParams.get("mount");
    const from = url.searchParams.get("from");
    if (mount !== null && from !== null) {
        const digest = requireDigest(mount);
        if (call.mayPull(from) && (await storage.blobSize(from, digest)) !== undefined) {
            await storage.showBlob(path, digest);
            created(call, digest);
            return;
        }
    }
    const whole = url.searchParams.get("digest");
    if (whole !== null) {
        const digest = requireDigest(whole);
        await finish(call, await storage.startUpload(path), digest);
        return;
    }
    accepted(response, path, await storage.startUpload(path), 0);
}

/** GET of an upload: how far it is. */
export async function uploadStatus({ response, path, reference, storage }: Call): Promise<void> {
    const size = await requireUpload(storage, path, reference);
    answer(response, 204, uploadHeaders(path, reference, size));
}

/** PATCH of an upload: the next bytes. */
export async function patchUpload(call: Call): Promise<void> {
    const { request, response, path, reference, storage } = call;
    requireContinuation(call, await requireUpload(storage, path, reference));
    await storage.appendUpload(path, reference, request).catch(refuseBusy);
    accepted(response, path, reference, (await storage.uploadSize(path, reference))!);
}

/** PUT of an upload: the last bytes, if any, and the digest of all. */
export async function finishUpload(call: Call): Promise<void> {
    requireContinuation(call, await requireUpload(call.storage, call.path, call.reference));
    await finish(call, call.reference, requireDigest(call.url.searchParams.get("digest")));
}

function requireContinuation({ request, path, reference }: Call, size: number): void {
    const range = request.headers["content-range"];
    if (range === undefined) {
        return;
    }
    const [, start, end] = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(range) ?? [];
    const length = request.headers["content-length"];
    if (Number(start) !== size || (length !== undefined && Number(end) - Number(start) + 1 !== Number(length))) {
        throw failure(416, "BLOB_UPLOAD_INVALID", `Content-Range ${range} does not continue an upload of ${size} bytes`, {
            headers: uploadHeaders(path, reference, size),
        });
    }
}

async function finish(call: Call, id: string, digest: Digest): Promise<void> {
    const actual = await call.storage.finishUpload(call.path, id, call.request, digest).catch(refuseBusy);
    if (actual !== digest) {
        throw failure(400, "DIGEST_INVALID", `The content uploaded has digest ${actual}, not ${digest}`);
    }
    created(call, digest);
}

function refuseBusy(error: unknown): never {
    throw error instanceof UploadBusy ? failure(409, "BLOB_UPLOAD_INVALID", "Another request is writing this upload") : error;
}

function created({ response, path }: Call, digest: Digest): void {
    answer(response, 201, { Location: `/v2/${path}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

function accepted(response: ServerResponse, path: string, id: string, size: number): void {
    answer(response, 202, uploadHeaders(path, id, size));
}

function uploadHeaders(path: string, id: string, size: number): Record<string, string> {
    return {
        Location: `/v2/${path}/blobs/uploads/${id}`,
        Range: `0-${Math.max(0, size - 1)}`,
        "Docker-Upload-UUID": id,
    };
}

async function requireBlob(storage: Storage, path: string, digest: Digest): Promise<number> {
    const size = await storage.blobSize(path, digest);
    if (size === undefined) {
        throw failure(404, "BLOB_UNKNOWN", `${path} has no blob ${digest}`, { detail: { digest } });
    }
    return size;
}

async function requireUpload(storage: Storage, path: string, id: string): Promise<number> {
    const size = await storage.uploadSize(path, id);
    if (size === undefined) {
        throw failure(404, "BLOB_UPLOAD_UNKNOWN", `${path} has no upload ${JSON.stringify(id)}`);
    }
    return size;
}

/** One range of bytes, `end` exclusive; other forms of the header mean all, as HTTP allows. */
function readRange(header: string | undefined, size: number): { status: 200 | 206; start: number; end: number } {
    const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
    if (!match) {
        return { status: 200, start: 0, end: size };
    }
    const start = Number(match[1]);
    const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
    if (start >= end) {
        throw failure(416, "RANGE_INVALID", `${header} lies outside of the blob's ${size} bytes`, {
            headers: { "Content-Range": `bytes */${size}` },
        });
    }
    return { status: 206, start, end };
}
