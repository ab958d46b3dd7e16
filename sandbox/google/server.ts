import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cloud } from "../providers/cloud";
import { generateAccessToken } from "./accountCredentials";
import { requireIdentity } from "./api";
import { answerJson, readForm, readJson, type Route } from "./call";
import { describeCluster } from "./clusters";
import { apiFailure, GoogleFailure } from "./failure";
import { decrypt } from "./keys";
import { asymmetricSign, publicKeyOf } from "./signing";
import { storageRoutes } from "./storageRoutes";
import { exchangeToken, type Issuers } from "./tokenService";

export interface GoogleOptions {
    cloud: Cloud;
    /** Whose tokens can be verified: issuer → its keys. */
    issuers: Issuers;
    /** What stacks keep. @default - no bucket is there, and no key */
    stacks?: StackSecrets;
    /** @default - one that is free */
    port?: number;
}

/** Where the sandbox keeps what Google Cloud keeps of stacks. */
export interface StackSecrets {
    /** Folder of a bucket. Nothing where it holds no state. */
    stateFolder(bucket: string): string | undefined;
    /** What every stack is encrypted with. */
    passphrase(): string;
}

export interface GoogleServer {
    /** `http://127.0.0.1:PORT` */
    readonly address: string;
    /** What a process has to find in its environment to take this for Google Cloud. */
    readonly environment: Readonly<Record<string, string>>;
    close(): Promise<void>;
}

/**
 * Serves what a workflow's job asks of Google Cloud besides the registry: tokens, state, keys, clusters.
 * It refuses what the bindings that were really created do not allow.
 */
export async function serveGoogle({ cloud, issuers, stacks = noStacks, port = 0 }: GoogleOptions): Promise<GoogleServer> {
    const routes: readonly Route[] = [
        {
            method: "POST",
            path: /^\/v1\/token$/,
            handle: async ({ request }) => {
                const { token, expires } = exchangeToken(cloud, issuers, await readForm(request));
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
                generateAccessToken(cloud, requireIdentity(cloud, request.headers.authorization), email, await readJson(request)),
        },
        {
            method: "POST",
            path: /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/:]+):decrypt$/,
            handle: async ({ request, names: [key] }) =>
                decrypt(cloud, requireIdentity(cloud, request.headers.authorization), key, stacks.passphrase()),
        },
        {
            method: "GET",
            path: /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/[^/]+)\/publicKey$/,
            handle: async ({ request, names: [version] }) =>
                publicKeyOf(cloud, requireIdentity(cloud, request.headers.authorization), version),
        },
        {
            method: "POST",
            path: /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/[^/:]+):asymmetricSign$/,
            handle: async ({ request, names: [version] }) =>
                asymmetricSign(cloud, requireIdentity(cloud, request.headers.authorization), version, await readJson(request)),
        },
        {
            method: "GET",
            path: /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/clusters\/([^/]+)$/,
            handle: async ({ request, names: [project, location, name] }) =>
                describeCluster(cloud, requireIdentity(cloud, request.headers.authorization), { project, location, name }),
        },
        ...storageRoutes(cloud, (bucket) => stacks.stateFolder(bucket)),
    ];
    const server = createServer((request, response) => {
        serve(routes, request, response).catch((error: unknown) => refuse(response, error));
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
        address,
        environment: { ONEFLOW_SANDBOX_GOOGLE: address },
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

const noStacks: StackSecrets = {
    stateFolder: () => undefined,
    passphrase: () => {
        throw apiFailure(404, "NOT_FOUND", "The sandbox was started without stacks: no key is there.");
    },
};

async function serve(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://sandbox");
    for (const { method, path, handle } of routes) {
        const names = method === request.method ? path.exec(url.pathname) : null;
        if (names) {
            const answer = await handle({ request, response, url, names: names.slice(1).map(decodeURIComponent) });
            if (answer) answerJson(response, 200, answer);
            return;
        }
    }
    throw apiFailure(404, "NOT_FOUND", `${request.method} ${url.pathname} is nothing that the sandbox's Google Cloud serves`);
}

function refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
        // Nobody is left to answer: the client hears of it by the cut connection.
        response.destroy();
    } else if (error instanceof GoogleFailure) {
        answerJson(response, error.status, error.body);
    } else {
        answerJson(response, 500, {
            error: { code: 500, message: `the sandbox itself broke: ${String(error)}`, status: "INTERNAL" },
        });
    }
}
