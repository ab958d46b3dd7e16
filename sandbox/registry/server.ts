import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isRepository } from "../../core/registry/reference";
import { download, finishUpload, getBlob, headBlob, patchUpload, startUpload, uploadStatus } from "./blobs";
import { answer, answerJson, type Call } from "./call";
import { failure, RegistryFailure } from "./failure";
import { type Caller, Gate } from "./gate";
import { getManifest, listReferrers, listTags, putManifest } from "./manifests";
import type { Action, RegistryPolicy } from "./policy";
import { Seal } from "./seal";
import { Storage } from "./storage";

export { openPolicy, readImagePath, type PolicyRepository, type RegistryPolicy } from "./policy";

/** A request that the policy let in. */
export interface AuthorisedRequest {
    /** IAM member; absent for somebody without credentials. */
    member?: string;
    action: Action;
    method: string;
    /** Path of the repository of images. */
    repository: string;
    /** Path and query of the request. */
    url: string;
}

export interface RegistryServer {
    /** `127.0.0.1:PORT` */
    readonly address: string;
    /** Told of every request that the policy let in, before it is answered. */
    onRequest?: (request: AuthorisedRequest) => void;
    /** Ends all connections. What was answered stays in the directory. */
    close(): Promise<void>;
}

export interface RegistryOptions {
    /** Where the content lies; made where it does not exist. */
    directory: string;
    /** @default - one that is free */
    port?: number;
    policy: RegistryPolicy;
    /** How long a bearer token lasts, in seconds. @default 300 */
    tokenLifetimeSeconds?: number;
}

/**
 * Serves a directory as an OCI registry on loopback that refuses what Google Artifact Registry refuses, in its words.
 * Nothing in it is ever deleted.
 */
export async function serveRegistry({
    directory,
    port = 0,
    policy,
    tokenLifetimeSeconds = 300,
}: RegistryOptions): Promise<RegistryServer> {
    const storage = new Storage(directory);
    const seal = new Seal();
    const server = createServer((request, response) => {
        serve(request, response).catch((error: unknown) => refuse(request, response, error));
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gate = new Gate(policy, seal, address, tokenLifetimeSeconds);

    async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        response.setHeader("Docker-Distribution-API-Version", "registry/2.0");
        const url = new URL(request.url!, `http://${address}`);
        if (url.pathname.startsWith("/artifacts-downloads/")) {
            requireMethod(request, ["GET", "HEAD"]);
            await download(request, response, url, storage, seal);
        } else if (url.pathname === "/v2/token") {
            requireMethod(request, ["GET"]);
            answerJson(response, 200, gate.token(request, url));
        } else if (url.pathname === "/v2/" || url.pathname === "/v2") {
            requireMethod(request, ["GET", "HEAD"]);
            requireIdentity(gate, gate.caller(request));
            answerJson(response, 200, {});
        } else {
            await serveRepository(request, response, url);
        }
    }

    async function serveRepository(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
        const { path, reference, methods } = readRoute(url.pathname);
        requireMethod(request, Object.keys(methods));
        const [action, handle] = methods[request.method!];
        const caller = gate.caller(request);
        const repository = gate.admit(caller, action, path);
        const who = "member" in caller ? { member: caller.member } : {};
        registry.onRequest?.({ ...who, action, method: request.method!, repository: path, url: request.url! });
        const mayPull = (other: string) => isRepository(other) && gate.mayPull(caller, other);
        await handle({ request, response, url, path, reference, repository, storage, seal, mayPull });
    }

    const registry: RegistryServer = {
        address,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
    return registry;
}

type Methods = Readonly<Record<string, [Action, (call: Call) => Promise<void>]>>;

const routes: readonly { pattern: RegExp; methods: Methods }[] = [
    { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?()$/, methods: { POST: ["push", startUpload] } },
    {
        pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
        methods: { GET: ["push", uploadStatus], PATCH: ["push", patchUpload], PUT: ["push", finishUpload] },
    },
    { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { HEAD: ["pull", headBlob], GET: ["pull", getBlob] } },
    {
        pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
        methods: { HEAD: ["pull", getManifest], GET: ["pull", getManifest], PUT: ["push", putManifest] },
    },
    { pattern: /^\/v2\/(.+)\/tags\/list()$/, methods: { GET: ["pull", listTags] } },
    { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: ["pull", listReferrers] } },
];

function readRoute(pathname: string): { path: string; reference: string; methods: Methods } {
    for (const { pattern, methods } of routes) {
        const [, path, reference] = pattern.exec(pathname) ?? [];
        if (path !== undefined) {
            if (!isRepository(path)) {
                throw failure(400, "NAME_INVALID", `${JSON.stringify(path)} cannot be a repository's name`);
            }
            return { path, reference, methods };
        }
    }
    throw failure(404, "UNSUPPORTED", `${pathname} is nothing that this registry serves`);
}

function requireMethod(request: IncomingMessage, methods: readonly string[]): void {
    if (!methods.includes(request.method!)) {
        const why = request.method === "DELETE" ? ": nothing in this registry is ever deleted" : "";
        throw failure(405, "UNSUPPORTED", `${request.method} is not served here${why}`, { headers: { Allow: methods.join(", ") } });
    }
}

function requireIdentity(gate: Gate, caller: Caller): void {
    if ("anonymous" in caller && caller.anonymous === "bare") {
        throw gate.challenge("Authentication is required");
    }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent || request.errored) {
        // The client hears of it by the cut connection; there is no one left to answer.
        response.destroy();
        return;
    }
    if (error instanceof RegistryFailure) {
        if (request.method === "HEAD") {
            answer(response, error.status, { ...error.headers });
        } else {
            answerJson(response, error.status, { errors: error.errors }, error.headers);
        }
        return;
    }
    answerJson(response, 500, { errors: [{ code: "UNKNOWN", message: String(error) }] });
}
