import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runGit } from "../../git/command";
import type { Repository as GitRepository } from "../../git/repository";
import type { Event } from "../../github/actions/model";
import { openPullRequest, type PullRequest } from "../../github/pullRequests";
import type { Cloud, Repository } from "../cloud";
import type { Values } from "../double";
import { writeTree } from "./gitObjects";
import { ruleViolation } from "./rules";

export interface GithubRestOptions {
    cloud: Cloud;
    /** The repository that git keeps under a full name. */
    git: (fullName: string) => GitRepository;
    /** The administrator's token: all others are 401. */
    token: string;
    /** Login of the administrator. */
    login: string;
    /** Told of every reference that moved. @default nobody is told */
    onPush?: (push: Push) => void;
    /** @default - one that is free */
    port?: number;
}

/** What GitHub makes of a moved reference: the event that starts workflows. */
export type Push = Extract<Event, { name: "push" }>;

export interface GithubRest {
    /** `http://127.0.0.1:PORT` */
    readonly address: string;
    close(): Promise<void>;
}

/** Serves the part of GitHub's REST API that an administrator's platform asks: branches, files, commits, pull requests. */
export async function serveGithubRest(options: GithubRestOptions): Promise<GithubRest> {
    const server = createServer((request, response) => {
        answer(options, request).then(
            ({ status, body }) => send(response, status, body),
            (error: unknown) =>
                error instanceof Failure
                    ? send(response, error.status, { message: error.message, documentation_url: "https://docs.github.com/rest" })
                    : send(response, 500, { message: `the sandbox itself broke: ${String((error as Error).stack)}` }),
        );
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve));
    return {
        address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
    };
}

/** An answer that is none of the good ones. */
class Failure extends Error {
    constructor(
        readonly status: number,
        message: string,
    ) {
        super(message);
    }
}

interface Answer {
    status: number;
    body: unknown;
}

/** A request to one repository. */
interface Call {
    options: GithubRestOptions;
    repository: Repository;
    git: GitRepository;
    /** What the route's pattern caught. */
    part: string;
    query: URLSearchParams;
    body: Record<string, unknown>;
}

const routes: readonly [string, RegExp, (call: Call) => Promise<Answer> | Answer][] = [
    ["GET", /^$/, getRepository],
    ["GET", /^\/git\/ref\/heads\/(.+)$/, getReference],
    ["POST", /^\/git\/refs()$/, createReference],
    ["PATCH", /^\/git\/refs\/heads\/(.+)$/, moveReference],
    ["GET", /^\/git\/commits\/([0-9a-f]{40})$/, getCommit],
    ["POST", /^\/git\/commits()$/, createCommit],
    ["POST", /^\/git\/trees()$/, createTree],
    ["GET", /^\/contents\/(.+)$/, getContents],
    ["GET", /^\/pulls()$/, listPulls],
    ["POST", /^\/pulls()$/, createPull],
    ["PATCH", /^\/pulls\/(\d+)$/, editPull],
];

async function answer(options: GithubRestOptions, request: IncomingMessage): Promise<Answer> {
    if (request.headers.authorization !== `Bearer ${options.token}`) {
        throw new Failure(401, "Bad credentials");
    }
    const url = new URL(request.url!, "http://github");
    const path = decodeURIComponent(url.pathname);
    const [, kind, owner] = /^\/(orgs|repos)\/([^/]+)/.exec(path) ?? [];
    const owned = options.cloud.repositories().filter(({ fullName }) => fullName.split("/")[0] === owner);
    if (kind === "orgs" && owned.length > 0) {
        return { status: 200, body: { login: owner, id: owned[0].ownerId, plan: { name: owned[0].plan ?? "team" } } };
    }
    const repository = owned.find(({ fullName }) => `${path}/`.startsWith(`/repos/${fullName}/`));
    if (!repository) {
        throw new Failure(404, "Not Found");
    }
    const rest = path.slice(`/repos/${repository.fullName}`.length);
    for (const [method, pattern, handle] of routes) {
        const caught = request.method === method && pattern.exec(rest);
        if (caught) {
            const text = await bodyOf(request);
            const body = (text ? JSON.parse(text) : {}) as Record<string, unknown>;
            const git = options.git(repository.fullName);
            return handle({ options, repository, git, part: caught[1], query: url.searchParams, body });
        }
    }
    throw new Failure(404, `the sandbox's GitHub answers no ${request.method} ${path}`);
}

function getRepository({ repository: { fullName, id, ownerId, private: closed, defaultBranch } }: Call): Answer {
    const login = fullName.split("/")[0];
    const owner = { login, id: ownerId, type: "Organization" };
    return { status: 200, body: { id, full_name: fullName, owner, private: closed, default_branch: defaultBranch } };
}

async function getReference({ git, part }: Call): Promise<Answer> {
    return { status: 200, body: { ref: `refs/heads/${part}`, object: { type: "commit", sha: await headOf(git, part) } } };
}

async function createReference(call: Call): Promise<Answer> {
    const { git, body } = call;
    const reference = String(body.ref);
    if (!/^refs\/(heads|tags)\/.+/.test(reference)) {
        throw new Failure(422, "Reference name must start with 'refs/' and contain at least two slashes.");
    }
    if (await git.find(reference)) {
        throw new Failure(422, "Reference already exists");
    }
    return updateReference(call, reference, String(body.sha), "creation");
}

async function moveReference(call: Call): Promise<Answer> {
    const { git, part, body } = call;
    const before = await git.find(`refs/heads/${part}`);
    if (!before) {
        throw new Failure(422, "Reference does not exist");
    }
    if (body.force !== true && !(await git.isAncestor(before, String(body.sha)))) {
        throw new Failure(422, "Update is not a fast forward");
    }
    return updateReference(call, `refs/heads/${part}`, String(body.sha), "update");
}

async function updateReference(
    { git, options, repository }: Call,
    reference: string,
    commit: string,
    what: "creation" | "update",
): Promise<Answer> {
    if (!(await git.find(commit))) {
        throw new Failure(422, "Object does not exist");
    }
    // The token is an administrator's, whom some rules leave free.
    const violation = ruleViolation(options.cloud, repository, { reference, what, role: "administrator" });
    if (violation) {
        throw new Failure(422, violation);
    }
    const before = (await git.find(reference)) ?? "0".repeat(40);
    await runGit(git.directory, ["update-ref", reference, commit]);
    const common = { repository: repository.fullName, actor: options.login };
    options.onPush?.({ ...common, name: "push", ref: reference, before, after: commit });
    return { status: what === "creation" ? 201 : 200, body: { ref: reference, object: { type: "commit", sha: commit } } };
}

async function getCommit({ git, part }: Call): Promise<Answer> {
    if (!(await git.find(part))) {
        throw new Failure(404, "Not Found");
    }
    const { stdout } = await runGit(git.directory, ["rev-parse", `${part}^{tree}`]);
    return { status: 200, body: { sha: part, tree: { sha: stdout.toString().trim() } } };
}

async function createCommit({ git, body }: Call): Promise<Answer> {
    const parents = (body.parents ?? []) as string[];
    const args = ["commit-tree", String(body.tree), ...parents.flatMap((parent) => ["-p", parent]), "-m", String(body.message)];
    const { stdout } = await runGit(git.directory, args);
    return { status: 201, body: { sha: stdout.toString().trim() } };
}

async function createTree({ git, body }: Call): Promise<Answer> {
    const entries = body.tree as { path: string; mode: string; content?: string }[];
    const changes = entries.map(({ path, mode, content }) => ({ path, mode, content }));
    return { status: 201, body: { sha: await writeTree(git.directory, body.base_tree as string | undefined, changes) } };
}

/** A file, or a list of what stands in a folder. */
async function getContents({ git, part, query }: Call): Promise<Answer> {
    const reference = query.get("ref") ?? "HEAD";
    const listed = async (path: string) => {
        const { stdout } = await runGit(git.directory, ["ls-tree", "-z", reference, path], { mayFail: true });
        return stdout.toString().split("\0").filter(Boolean).map(entryOf);
    };
    const [found] = await listed(part);
    if (!found) {
        throw new Failure(404, "Not Found");
    }
    if (found.type === "dir") {
        return { status: 200, body: await listed(`${part}/`) };
    }
    const { stdout } = await runGit(git.directory, ["cat-file", "blob", found.sha]);
    return { status: 200, body: { ...found, encoding: "base64", content: stdout.toString("base64") } };
}

/** `<mode> <type> <hash>\t<path>` */
function entryOf(line: string) {
    const [, type, sha] = line.slice(0, line.indexOf("\t")).split(" ");
    const path = line.slice(line.indexOf("\t") + 1);
    return { path, name: path.split("/").at(-1), type: type === "tree" ? "dir" : "file", sha };
}

function listPulls({ options, repository, query }: Call): Answer {
    const [head, base, state] = ["head", "base", "state"].map((name) => query.get(name));
    const found = pullsOf(options.cloud, repository).filter(
        (pull) =>
            (state === "all" || (pull.state === "open") === (state !== "closed")) &&
            (!base || pull.base === base) &&
            (!head || `${repository.fullName.split("/")[0]}:${pull.head}` === head),
    );
    return { status: 200, body: found.reverse().map((pull) => shown(repository, pull)) };
}

async function createPull({ options, repository, git, body }: Call): Promise<Answer> {
    const { title, head, base } = body as Record<string, string>;
    const [from, onto] = [await headOf(git, head, 422), await headOf(git, base, 422)];
    const contained = await git.isAncestor(from, onto);
    // Nothing is awaited from here on: two requests at once would get one number.
    const pulls = pullsOf(options.cloud, repository);
    if (pulls.some((pull) => pull.state === "open" && pull.head === head && pull.base === base)) {
        throw new Failure(
            422,
            `Validation Failed: A pull request already exists for ${repository.fullName.split("/")[0]}:${head}.`,
        );
    }
    if (contained) {
        throw new Failure(422, `Validation Failed: No commits between ${base} and ${head}`);
    }
    const text = typeof body.body === "string" ? body.body : "";
    const pull = openPullRequest(options, repository.fullName, { title, body: text, base, head, author: options.login });
    return { status: 201, body: shown(repository, pull) };
}

function editPull({ options, repository, part, body }: Call): Answer {
    const name = `github/${repository.fullName}/pulls/${part}`;
    const pull = options.cloud.store.get<PullRequest>(name);
    if (!pull) {
        throw new Failure(404, "Not Found");
    }
    const given: Values = Object.fromEntries(["title", "body", "state"].flatMap((key) => (key in body ? [[key, body[key]]] : [])));
    const edited = { ...pull, ...given } as PullRequest;
    options.cloud.store.put(name, edited);
    return { status: 200, body: shown(repository, edited) };
}

function pullsOf(cloud: Cloud, { fullName }: Repository): PullRequest[] {
    return cloud.store.all<PullRequest>(`github/${fullName}/pulls`).sort((one, other) => one.number - other.number);
}

function shown({ fullName }: Repository, { number, title, body, head, base, state, merged, author }: PullRequest) {
    return {
        ...{ number, title, body, state: state === "open" ? "open" : "closed", merged_at: merged ? "merged" : null },
        ...{ head: { ref: head }, base: { ref: base }, user: { login: author } },
        html_url: `https://github.com/${fullName}/pull/${number}`,
    };
}

async function headOf(git: GitRepository, branch: string, status = 404): Promise<string> {
    const head = await git.find(`refs/heads/${branch}`);
    if (!head) {
        throw new Failure(status, status === 404 ? "Not Found" : `Validation Failed: ${branch} is invalid`);
    }
    return head;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
        chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(body));
}
