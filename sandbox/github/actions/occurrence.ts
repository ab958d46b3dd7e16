import { runGit } from "../../git/command";
import type { PullRequest } from "../pullRequests";
import type { Event } from "./model";
import type { Repositories } from "./repositories";

/** What GitHub makes of an event: the commit whose workflows it starts, and what their jobs find out about it. */
export interface Occurrence {
    event: Event;
    ref: string;
    sha: string;
    headRef?: string;
    baseRef?: string;
    payload: Readonly<Record<string, unknown>>;
    /** Paths that changed; nothing where there is nothing to compare with, so that no filter keeps a workflow from running. */
    changed(): Promise<readonly string[] | undefined>;
}

/** @returns nothing for what starts no workflow, as a branch that is gone */
export async function occurrenceOf(repositories: Repositories, event: Event): Promise<Occurrence | undefined> {
    const repository = repositories.require(event.repository);
    const common = {
        repository: {
            id: repository.id,
            name: repository.fullName.split("/")[1],
            full_name: repository.fullName,
            private: repository.private,
            default_branch: repository.defaultBranch,
            owner: { login: repository.fullName.split("/")[0], id: repository.ownerId },
        },
        sender: { login: event.actor },
    };
    switch (event.name) {
        case "push": {
            const { ref, before, after } = event;
            if (isNothing(after)) return undefined;
            const sha = await repositories.git(event.repository).commitAt(after);
            const message = (await repositories.git(event.repository).log(sha, { count: 1 }))[0].subject;
            const payload = { ...common, ref, before, after, created: isNothing(before), head_commit: { id: sha, message } };
            return { event, ref, sha, payload, changed: () => pushedPaths(repositories, event.repository, ref, before, sha) };
        }
        case "pull_request":
            return pullRequest(repositories, event, common);
        case "workflow_dispatch": {
            const found = await repositories.resolve(event.repository, event.ref);
            if (!found) throw new Error(`No ref found for: ${event.ref}`);
            const payload = { ...common, ref: found.ref, workflow: event.workflow, inputs: event.inputs ?? {} };
            return { event, ...found, payload, changed: unknown };
        }
        case "schedule": {
            const found = await repositories.resolve(event.repository, repository.defaultBranch);
            if (!found) return undefined;
            return { event, ...found, payload: { ...common, schedule: event.cron }, changed: unknown };
        }
    }
}

async function pullRequest(
    repositories: Repositories,
    event: Extract<Event, { name: "pull_request" }>,
    common: { repository: object },
): Promise<Occurrence | undefined> {
    const { fullName } = repositories.require(event.repository);
    const request = repositories.cloud.store.get<PullRequest>(`github/${fullName}/pulls/${event.number}`);
    if (!request) throw new Error(`${fullName} has no pull request #${event.number}`);
    const git = repositories.git(fullName);
    const [head, base] = await Promise.all([
        git.commitAt(`refs/heads/${request.head}`),
        git.commitAt(`refs/heads/${request.base}`),
    ]);
    const sha = await mergeCommit(git.directory, base, head);
    // GitHub starts nothing while the branches conflict.
    if (sha === undefined) return undefined;
    const ref = `refs/pull/${event.number}/merge`;
    await runGit(git.directory, ["update-ref", ref, sha]);
    await runGit(git.directory, ["update-ref", `refs/pull/${event.number}/head`, head]);
    const side = (branch: string, commit: string, fork: boolean) => ({
        ref: branch,
        sha: commit,
        repo: { ...common.repository, fork },
    });
    const payload = {
        ...common,
        action: event.action,
        number: event.number,
        pull_request: {
            number: event.number,
            title: request.title,
            body: request.body,
            user: { login: request.author },
            head: side(request.head, head, event.fork === true),
            base: side(request.base, base, false),
            merged: request.state === "merged",
        },
    };
    const changed = () => repositories.changed(fullName, base, head, { sinceParting: true });
    return { event, ref, sha, headRef: request.head, baseRef: request.base, payload, changed };
}

/** The commit that merging would make, its first parent the base; nothing where it conflicts. */
async function mergeCommit(directory: string, base: string, head: string): Promise<string | undefined> {
    const { code, stdout } = await runGit(directory, ["merge-tree", "--write-tree", base, head], { mayFail: true });
    if (code !== 0) return undefined;
    const [tree] = stdout.toString().split("\n");
    const message = `Merge ${head} into ${base}`;
    const made = await runGit(directory, ["commit-tree", tree, "-p", base, "-p", head, "-m", message]);
    return made.stdout.toString().trim();
}

/** A branch that is new is compared with where its first own commit was made from. */
async function pushedPaths(repositories: Repositories, repository: string, ref: string, before: string, sha: string) {
    const git = repositories.git(repository);
    if (!isNothing(before) && (await git.find(before))) return repositories.changed(repository, before, sha);
    const own = ["rev-list", "--reverse", sha, "--not", `--exclude=${ref}`, "--branches"];
    const [first] = (await runGit(git.directory, own)).stdout.toString().split("\n");
    const parent = await git.find(`${first || sha}^`);
    return parent === undefined ? undefined : repositories.changed(repository, parent, sha);
}

const isNothing = (commit: string) => /^0+$/.test(commit);
const unknown = () => Promise.resolve(undefined);
