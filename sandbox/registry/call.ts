import type { IncomingMessage, ServerResponse } from "node:http";
import { type Digest, isDigest } from "../../core/registry/reference";
import { failure } from "./failure";
import type { PolicyRepository } from "./policy";
import type { Seal } from "./seal";
import type { Storage } from "./storage";

/** An authorised request to one repository of images. */
export interface Call {
    request: IncomingMessage;
    response: ServerResponse;
    url: URL;
    /** Path of the repository of images, `acme-dev/develop/checkoutservice`. */
    path: string;
    /** What the route names after it: a digest, a tag, an upload's id. */
    reference: string;
    /** The repository of the registry that the path stands in. */
    repository: PolicyRepository & { immutableTags: boolean };
    storage: Storage;
    seal: Seal;
    /** Whether the caller may pull from another path. */
    mayPull(path: string): boolean;
}

/** Answers without a body. */
export function answer(response: ServerResponse, status: number, headers: Record<string, string | number> = {}): void {
    response.writeHead(status, { "Content-Length": 0, ...headers }).end();
}

export function answerJson(
    response: ServerResponse,
    status: number,
    value: unknown,
    headers: Readonly<Record<string, string>> = {},
): void {
    const body = Buffer.from(JSON.stringify(value));
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length, ...headers }).end(body);
}

/** @throws RegistryFailure where the text is no digest */
export function requireDigest(text: string | null): Digest {
    if (!isDigest(text)) {
        throw failure(400, "DIGEST_INVALID", `${JSON.stringify(text)} is not a digest: expected sha256:<64 hex digits>`);
    }
    return text;
}
