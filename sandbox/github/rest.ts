import type { Access } from "./actions/permissions";
import type { Repositories } from "./actions/repositories";
import type { RunningJob } from "./actions/runners";
import type { ActionsService } from "./actions/service";
import { GithubFailure } from "./failure";
import { openPullRequest, type PullRequest } from "./pullRequests";
import type { Repository } from "../providers/cloud";
import { type WorkflowPermissions, workflowPermissions } from "../providers/github/workflowPermissions";

/** A call of GitHub's API by a job. */
export interface RestCall {
    method: string;
    /** After `/repos/owner/name`. */
    path: string;
    query: URLSearchParams;
    body: Readonly<Record<string, unknown>>;
    repository: Repository;
    job: RunningJob;
    /** Login that the call is made as. */
    actor: string;
}

interface Place {
    actions: ActionsService;
    repositories: Repositories;
    /** What addresses of pages begin with. */
    server: string;
}

interface Answer {
    status: number;
    value: unknown;
}

/** As much of the API as jobs ask: pull requests, and starting a workflow. @throws GithubFailure */
export async function answerRest(call: RestCall, place: Place): Promise<Answer> {
    const { method, path } = call;
    const number = /^\/pulls\/(\d+)$/.exec(path)?.[1];
    if (method === "GET" && path === "") return ok(repositoryAnswer(call.repository));
    if (method === "GET" && path === "/pulls")
        return ok(await Promise.all(listed(call, place).map((one) => pullAnswer(one, call, place))));
    if (method === "GET" && number !== undefined) return ok(await pullAnswer(requestOf(call, place, number), call, place));
    if (method === "POST" && path === "/pulls")
        return { status: 201, value: await pullAnswer(await open(call, place), call, place) };
    if (method === "PATCH" && number !== undefined) return ok(await pullAnswer(edit(call, place, number), call, place));
    const workflow = /^\/actions\/workflows\/([^/]+)\/dispatches$/.exec(path)?.[1];
    if (method === "POST" && workflow !== undefined) return dispatch(call, place, workflow);
    throw new GithubFailure(404, "Not Found");
}

const ok = (value: unknown): Answer => ({ status: 200, value });

function requirePermission({ job }: RestCall, scope: string, access: Access): void {
    const given = job.permissions[scope];
    if (given !== access && given !== "write") throw new GithubFailure(403, "Resource not accessible by integration");
}

function pulls({ repository }: RestCall, { repositories }: Place): PullRequest[] {
    const all = repositories.cloud.store.all<PullRequest>(`github/${repository.fullName}/pulls`);
    return all.sort((one, other) => other.number - one.number);
}

/** Newest first. */
function listed(call: RestCall, place: Place): PullRequest[] {
    requirePermission(call, "pull-requests", "read");
    const [state, head, base] = ["state", "head", "base"].map((name) => call.query.get(name));
    const owner = call.repository.fullName.split("/")[0];
    return pulls(call, place).filter(
        (one) =>
            (state === "all" || (one.state === "open") === ((state ?? "open") === "open")) &&
            (head === null || head === `${owner}:${one.head}`) &&
            (base === null || base === one.base),
    );
}

function requestOf(call: RestCall, place: Place, number: string): PullRequest {
    requirePermission(call, "pull-requests", "read");
    const found = pulls(call, place).find((one) => one.number === Number(number));
    if (!found) throw new GithubFailure(404, "Not Found");
    return found;
}

/** A token of a job starts no workflow with it. */
async function open(call: RestCall, place: Place): Promise<PullRequest> {
    requirePermission(call, "pull-requests", "write");
    const { repository, body, actor } = call;
    const allowed = place.repositories.cloud.store.get<WorkflowPermissions>(`github/${repository.fullName}/${workflowPermissions}`);
    if (!allowed?.canApprovePullRequestReviews) {
        throw new GithubFailure(403, "GitHub Actions is not permitted to create or approve pull requests.");
    }
    const [title, head, base] = [body.title, body.head, body.base].map(String);
    const git = place.repositories.git(repository.fullName);
    const [from, into] = await Promise.all([git.find(`refs/heads/${head}`), git.find(`refs/heads/${base}`)]);
    if (from === undefined || into === undefined) {
        throw invalid(`PullRequest.${from === undefined ? "head" : "base"} is invalid`);
    }
    if (await git.isAncestor(from, into)) throw invalid(`No commits between ${base} and ${head}`);
    const earlier = pulls(call, place);
    if (earlier.some((one) => one.state === "open" && one.head === head && one.base === base)) {
        throw invalid(`A pull request already exists for ${repository.fullName.split("/")[0]}:${head}.`);
    }
    const text = String(body.body ?? "");
    return openPullRequest(place.repositories, repository.fullName, { title, body: text, base, head, author: actor });
}

function edit(call: RestCall, place: Place, number: string): PullRequest {
    requirePermission(call, "pull-requests", "write");
    const { title, body } = call.body as { title?: string; body?: string };
    const found = requestOf(call, place, number);
    return save(call, place, { ...found, title: title ?? found.title, body: body ?? found.body });
}

function save({ repository }: RestCall, { repositories }: Place, request: PullRequest): PullRequest {
    repositories.cloud.store.put(`github/${repository.fullName}/pulls/${request.number}`, request);
    return request;
}

async function dispatch(call: RestCall, { actions }: Place, workflow: string): Promise<Answer> {
    requirePermission(call, "actions", "write");
    const { ref, inputs } = call.body as { ref: string; inputs?: Record<string, string> };
    const { fullName: repository } = call.repository;
    try {
        await actions.handle({
            name: "workflow_dispatch",
            repository,
            actor: call.actor,
            workflow,
            ref,
            ...(inputs && { inputs }),
        });
    } catch (error) {
        throw new GithubFailure(422, (error as Error).message);
    }
    return { status: 204, value: null };
}

function invalid(message: string): GithubFailure {
    return new GithubFailure(422, "Validation Failed", [{ message }]);
}

function repositoryAnswer({ fullName, id, private: hidden, defaultBranch }: Repository): object {
    const [owner, name] = fullName.split("/");
    return { id, name, full_name: fullName, private: hidden, default_branch: defaultBranch, owner: { login: owner } };
}

async function pullAnswer(request: PullRequest, { repository }: RestCall, { repositories, server }: Place): Promise<object> {
    const git = repositories.git(repository.fullName);
    const side = async (branch: string) => ({ ref: branch, sha: (await git.find(`refs/heads/${branch}`)) ?? null });
    return {
        number: request.number,
        title: request.title,
        body: request.body,
        state: request.state === "open" ? "open" : "closed",
        merged_at: request.state === "merged" ? "merged" : null,
        merge_commit_sha: request.merged ?? null,
        html_url: `${server}/${repository.fullName}/pull/${request.number}`,
        user: { login: request.author },
        head: await side(request.head),
        base: await side(request.base),
    };
}
