import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cloud } from "../providers/cloud";
import { Repositories } from "./actions/repositories";
import type { RunningJob } from "./actions/runners";
import { type ActionsOptions, ActionsService } from "./actions/service";
import { GithubFailure } from "./failure";
import { answerGit } from "./gitBackend";
import type { JobIdentity } from "./job";
import { answerRest } from "./rest";
import { answerWorld, worldPath, writeControl } from "./worldCalls";

export interface GithubOptions extends Omit<ActionsOptions, "repositories"> {
    cloud: Cloud;
    /** Folder of the bare repositories, `owner/name.git`. */
    repositories: string;
    /** Says of a job who it is: a token for an audience, or for the owner where none is named. */
    token(job: JobIdentity, audience: string | undefined): string;
    /** @default - one that is free */
    port?: number;
}

export interface GithubServer {
    /** `http://127.0.0.1:PORT`: what stands before `/owner/name.git`. */
    readonly address: string;
    readonly actions: ActionsService;
    /** Ends the runs that are under way, and the server. */
    close(): Promise<void>;
}

/** Serves what GitHub is to a job: git over HTTP, and the tokens that say who the job is. */
export async function serveGithub({
    cloud,
    repositories: folder,
    token,
    port = 0,
    ...options
}: GithubOptions): Promise<GithubServer> {
    const repositories = new Repositories(cloud, folder);
    const key = randomBytes(24).toString("hex");
    let address = "";
    const equip = async (job: RunningJob) => {
        const more = await options.equip?.(job);
        const docker: Record<string, string> = options.dockerHost === undefined ? {} : { DOCKER_HOST: options.dockerHost };
        const variables = { ...serviceVariables(address, job), ...docker, ...more?.variables };
        return more?.end ? { variables, end: () => more.end!() } : { variables };
    };
    const actions = new ActionsService({ ...options, repositories, equip });
    const server = createServer((request, response) => {
        const url = new URL(request.url!, "http://github");
        const { directory } = options;
        serve({ request, response, url, actions, repositories, directory, token, key }).catch((error: unknown) =>
            refuse(response, error),
        );
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeControl(options.directory, { address, key });
    return {
        address,
        actions,
        async close() {
            await actions.stop();
            await new Promise<void>((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            });
        },
    };
}

interface Asked extends Pick<GithubOptions, "token" | "directory"> {
    request: IncomingMessage;
    response: ServerResponse;
    url: URL;
    actions: ActionsService;
    repositories: Repositories;
    /** What the world's own calls are known by. */
    key: string;
}

/** Where a job finds GitHub. Without `id-token: write` nothing tells it where tokens come from. */
function serviceVariables(address: string, { permissions, token }: RunningJob): Record<string, string> {
    const own = { GITHUB_SERVER_URL: address, GITHUB_API_URL: `${address}/api/v3` };
    if (permissions["id-token"] !== "write") return own;
    return {
        ...own,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${address}/_oidc/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
    };
}

async function serve(asked: Asked): Promise<void> {
    const { url } = asked;
    if (url.pathname === "/_oidc/token") return oidcToken(asked);
    const git = /^\/([^/]+\/[^/]+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/.exec(url.pathname);
    if (git) return gitCall(asked, git[1], git[2]);
    const api = /^\/api\/v3\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(url.pathname);
    if (api) return restCall(asked, api[1], api[2] ?? "");
    if (url.pathname.startsWith(`${worldPath}/`)) return worldCall(asked);
    throw new GithubFailure(404, "Not Found");
}

async function restCall({ request, response, url, actions, repositories }: Asked, name: string, rest: string): Promise<void> {
    const job = actions.jobOf(bearer(request) ?? "");
    if (!job) throw new GithubFailure(401, "Bad credentials");
    const repository = repositories.find(name);
    if (repository?.fullName !== job.identity.repository.fullName) throw new GithubFailure(404, "Not Found");
    const body = await jsonOf(request);
    const call = { method: request.method!, path: rest, query: url.searchParams, body, repository, job, actor: jobLogin };
    const { status, value } = await answerRest(call, { actions, repositories, server: `http://${request.headers.host}` });
    sendJson(response, status, value);
}

async function worldCall({ request, response, url, actions, repositories, key }: Asked): Promise<void> {
    if (bearer(request) !== key) throw new GithubFailure(401, "Bad credentials");
    const value = await answerWorld(url.pathname.slice(worldPath.length), await jsonOf(request), { actions, repositories });
    sendJson(response, 200, value ?? null);
}

function oidcToken({ request, response, url, actions, token }: Asked): void {
    const job = actions.jobOf(bearer(request) ?? "");
    if (job?.permissions["id-token"] !== "write") throw new GithubFailure(401, "Bad credentials");
    sendJson(response, 200, { value: token(job.identity, url.searchParams.get("audience") ?? undefined), count: 1 });
}

async function gitCall(asked: Asked, name: string, rest: string): Promise<void> {
    const { request, response, url, actions, repositories } = asked;
    const writes = rest === "/git-receive-pack" || url.searchParams.get("service") === "git-receive-pack";
    const job = actions.jobOf(basicPassword(request) ?? "");
    const repository = repositories.find(name);
    const own = job !== undefined && repository?.fullName === job.identity.repository.fullName;
    const access = own ? job.permissions.contents : undefined;
    const mayRead = repository !== undefined && (!repository.private || access !== undefined);
    if (!job && (!mayRead || writes)) {
        response.setHeader("WWW-Authenticate", 'Basic realm="GitHub"');
        throw new GithubFailure(401, "Authentication required.");
    }
    // Whether a private repository is there at all is nobody's business.
    if (!mayRead) throw new GithubFailure(404, "Repository not found.");
    if (writes && access !== "write") {
        throw new GithubFailure(403, "Permission to " + `${repository.fullName}.git denied to github-actions[bot].`);
    }
    const { directory } = repositories;
    const call = { directory, repository: repository.fullName, rest, query: url.search.slice(1), user: jobLogin };
    await answerGit(request, response, { ...call, actions: asked.directory });
}

/** Who a job's token is to git and in the API. */
const jobLogin = "github-actions[bot]";

function bearer({ headers }: IncomingMessage): string | undefined {
    return /^(?:bearer|token) (.+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** The user's name is not looked at, as GitHub does not. */
function basicPassword({ headers }: IncomingMessage): string | undefined {
    const encoded = /^basic (.+)$/i.exec(headers.authorization ?? "")?.[1];
    if (encoded === undefined) return undefined;
    const text = Buffer.from(encoded, "base64").toString();
    return text.slice(text.indexOf(":") + 1);
}

async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
    if (status === 204) {
        response.writeHead(204).end();
    } else {
        response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
    }
}

function refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
        response.destroy();
    } else if (error instanceof GithubFailure) {
        sendJson(response, error.status, { message: error.message, ...(error.errors ? { errors: error.errors } : {}) });
    } else {
        sendJson(response, 500, { message: `the sandbox itself broke: ${String(error)}` });
    }
}
