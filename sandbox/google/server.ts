import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cloud } from "../providers/cloud";
import { generateAccessToken } from "./accountCredentials";
import { requireIdentity } from "./api";
import { describeCluster } from "./clusters";
import { apiFailure, GoogleFailure } from "./failure";
import { exchangeToken, type Issuers } from "./tokenService";

export interface GoogleOptions {
    cloud: Cloud;
    /** Whose tokens can be verified: issuer → its keys. */
    issuers: Issuers;
    /** @default - one that is free */
    port?: number;
}

export interface GoogleServer {
    /** `http://127.0.0.1:PORT` */
    readonly address: string;
    /** What a process has to find in its environment to take this for Google Cloud. */
    readonly environment: Readonly<Record<string, string>>;
    close(): Promise<void>;
}

/**
 * Serves what a workflow's job asks of Google Cloud besides the registry: token service, account credentials, clusters.
 * It refuses what the bindings that were really created do not allow.
 */
export async function serveGoogle({ cloud, issuers, port = 0 }: GoogleOptions): Promise<GoogleServer> {
    const routes: readonly Route[] = [
        {
            method: "POST",
            path: /^\/v1\/token$/,
            handle: async ({ request }) => {
                const { token, expires } = exchangeToken(cloud, issuers, await formOrJson(request));
                const seconds = Math.round((expires.getTime() - Date.now()) / 1000);
                return {
                    access_token: token,
                    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
                    token_type: "Bearer",
                    expires_in: seconds,
                };
            },
        },
        {
            method: "POST",
            path: /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/,
            handle: async ({ request, names: [email] }) =>
                generateAccessToken(cloud, requireIdentity(cloud, request.headers.authorization), email, await json(request)),
        },
        {
            method: "GET",
            path: /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/clusters\/([^/]+)$/,
            handle: async ({ request, names: [project, location, name] }) =>
                describeCluster(cloud, requireIdentity(cloud, request.headers.authorization), { project, location, name }),
        },
    ];
    const server = createServer((request, response) => {
        serve(routes, request, response).catch((error: unknown) => refuse(response, error));
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
        address,
        environment: { ONEFLOW_SANDBOX_GOOGLE: address, STORAGE_EMULATOR_HOST: address.slice("http://".length) },
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

interface Route {
    method: string;
    path: RegExp;
    /** @returns what is answered as JSON; nothing where it was answered already */
    handle(call: { request: IncomingMessage; response: ServerResponse; url: URL; names: string[] }): Promise<object | undefined>;
}

async function serve(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://sandbox");
    for (const { method, path, handle } of routes) {
        const names = method === request.method ? path.exec(url.pathname) : null;
        if (names) {
            const answer = await handle({ request, response, url, names: names.slice(1).map(decodeURIComponent) });
            if (answer) send(response, 200, answer);
            return;
        }
    }
    throw apiFailure(404, "NOT_FOUND", `${request.method} ${url.pathname} is nothing that the sandbox's Google Cloud serves`);
}

function send(response: ServerResponse, status: number, value: object): void {
    const body = Buffer.from(JSON.stringify(value));
    response.writeHead(status, { "Content-Type": "application/json; charset=UTF-8", "Content-Length": body.length }).end(body);
}

function refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
        // Nobody is left to answer: the client hears of it by the cut connection.
        response.destroy();
    } else if (error instanceof GoogleFailure) {
        send(response, error.status, error.body);
    } else {
        send(response, 500, { error: { code: 500, message: `the sandbox itself broke: ${String(error)}`, status: "INTERNAL" } });
    }
}

async function json(request: IncomingMessage): Promise<Record<string, never>> {
    const text = (await content(request)).toString();
    try {
        return JSON.parse(text === "" ? "{}" : text) as Record<string, never>;
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw apiFailure(400, "INVALID_ARGUMENT", `Invalid JSON payload received: ${error.message}`);
    }
}

/** The token service takes OAuth's forms, with names in snake case, and Google's JSON, in camel case. */
async function formOrJson(request: IncomingMessage): Promise<Record<string, string>> {
    if (request.headers["content-type"]?.startsWith("application/json")) {
        const body: Record<string, string> = await json(request);
        return Object.fromEntries(
            Object.entries(body).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
        );
    }
    return Object.fromEntries(new URLSearchParams((await content(request)).toString()));
}

async function content(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
}
