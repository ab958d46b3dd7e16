import type { IncomingMessage } from "node:http";
import type { Cloud } from "../providers/cloud";
import { requireIdentity } from "./api";
import { readBody, type Call, type Route } from "./call";
import { apiFailure, GoogleFailure } from "./failure";
import { Storage } from "./storage";

/** As much of Cloud Storage's two APIs as Google's own client for Go asks for: JSON for all, XML to read an object. */
export function storageRoutes(cloud: Cloud, folder: (bucket: string) => string | undefined): Route[] {
    const storage = ({ request }: Call) => new Storage(cloud, folder, requireIdentity(cloud, request.headers.authorization));
    return [
        {
            method: "GET",
            path: /^\/storage\/v1\/b\/([^/]+)$/,
            handle: async (call) => storage(call).bucket(call.names[0]),
        },
        {
            method: "GET",
            path: /^\/storage\/v1\/b\/([^/]+)\/o$/,
            handle: async (call) => {
                const { searchParams } = call.url;
                return storage(call).list(call.names[0], searchParams.get("prefix") ?? "", searchParams.get("delimiter") ?? "");
            },
        },
        {
            method: "GET",
            path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/,
            handle: async (call) => storage(call).describe(call.names[0], call.names[1]),
        },
        {
            method: "DELETE",
            path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/,
            handle: async (call) => {
                storage(call).delete(call.names[0], call.names[1]);
                call.response.writeHead(204).end();
                return undefined;
            },
        },
        {
            method: "POST",
            path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/rewriteTo\/b\/([^/]+)\/o\/([^/]+)$/,
            handle: async (call) => {
                const [bucket, name, toBucket, toName] = call.names;
                const resource = storage(call).copy({ bucket, name }, { bucket: toBucket, name: toName });
                const size = resource.size;
                return { kind: "storage#rewriteResponse", done: true, objectSize: size, totalBytesRewritten: size, resource };
            },
        },
        {
            method: "POST",
            path: /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/,
            handle: async (call) => {
                const { name, content } = await readUpload(call.request, call.url);
                return storage(call).write(call.names[0], name, content);
            },
        },
        {
            method: "GET",
            path: /^\/([^/]+)\/(.+)$/,
            handle: async (call) => sendObject(call, storage),
        },
    ];
}

/** The XML API, which refuses in XML too. */
async function sendObject(call: Call, storage: (call: Call) => Storage): Promise<undefined> {
    const { response, names } = call;
    try {
        const { object, content } = storage(call).read(names[0], names[1]);
        response.writeHead(200, {
            "Content-Type": object.contentType,
            "Content-Length": content.length,
            "Last-Modified": new Date(object.updated).toUTCString(),
            "X-Goog-Generation": object.generation,
            "X-Goog-Metageneration": object.metageneration,
            ETag: object.etag,
        });
        response.end(content);
    } catch (error) {
        if (!(error instanceof GoogleFailure)) throw error;
        const code = { 401: "AuthenticationRequired", 403: "AccessDenied", 404: "NoSuchKey" }[error.status] ?? "InvalidArgument";
        const escaped = error.message.replace(/&/g, "&amp;").replace(/</g, "&lt;");
        const body = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${escaped}</Message></Error>`;
        response.writeHead(error.status, { "Content-Type": "application/xml; charset=UTF-8" }).end(body);
    }
    return undefined;
}

/** An upload in one request: what the object is called, and what is in it. */
async function readUpload(request: IncomingMessage, url: URL): Promise<{ name: string; content: Buffer }> {
    const body = await readBody(request);
    const kind = url.searchParams.get("uploadType");
    if (kind === "media") return { name: url.searchParams.get("name") ?? "", content: body };
    const boundary = /boundary="?([^";]+)"?/.exec(request.headers["content-type"] ?? "")?.[1];
    if (kind !== "multipart" || boundary === undefined) {
        throw apiFailure(
            400,
            "INVALID_ARGUMENT",
            `The sandbox takes uploads in one request, not ${kind}: state beyond 16 MB is none.`,
        );
    }
    const [metadata, media] = partsOf(body, boundary);
    const { name } = JSON.parse(metadata.toString()) as { name?: string };
    return { name: name ?? url.searchParams.get("name") ?? "", content: media };
}

/** The contents of a multipart body, without their headers. */
function partsOf(body: Buffer, boundary: string): Buffer[] {
    const mark = Buffer.from(`--${boundary}`);
    const parts: Buffer[] = [];
    for (let start = body.indexOf(mark); start >= 0;) {
        const next = body.indexOf(mark, start + mark.length);
        if (next < 0) break;
        const part = body.subarray(start + mark.length + 2, next - 2);
        parts.push(part.subarray(part.indexOf("\r\n\r\n") + 4));
        start = next;
    }
    return parts;
}
