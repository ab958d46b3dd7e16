import type { GithubClient } from "./client";
import { deliveryWords, proposalBranch, type Delivery } from "./workflowFiles";

/** What came of a delivery. */
export interface Delivered {
    commit: string;
    /** Address of the pull request. Absent where the branch itself has the commit. */
    pullRequest?: string;
}

/**
 * Writes workflow files with one commit: onto the branch, or onto a branch of its own with a pull request. A proposal that is
 * open is written anew and stays the only one.
 *
 * @throws Refusal with GitHub's words, as where the branch moved on meanwhile
 */
export async function deliverFiles(github: GithubClient, delivery: Delivery): Promise<Delivered> {
    const { repository, branch, by } = delivery;
    const words = deliveryWords(delivery);
    const commit = await commitFiles(github, delivery, words.title);
    if (by === "direct") {
        await github.send("PATCH", `/repos/${repository}/git/refs/heads/${branch}`, { body: { sha: commit, force: false } });
        return { commit };
    }
    const head = proposalBranch(branch);
    const made = await github.send("POST", `/repos/${repository}/git/refs`, {
        body: { ref: `refs/heads/${head}`, sha: commit },
        expects: [422],
    });
    if (made.status === 422) {
        await github.send("PATCH", `/repos/${repository}/git/refs/heads/${head}`, { body: { sha: commit, force: true } });
    }
    return { commit, pullRequest: await openPullRequest(github, repository, { head, base: branch, ...words }) };
}

async function commitFiles(
    github: GithubClient,
    { repository, branch, files, remove }: Delivery,
    message: string,
): Promise<string> {
    const under = `/repos/${repository}/git`;
    const { value: reference } = await github.send<{ object: { sha: string } }>("GET", `${under}/ref/heads/${branch}`);
    const { value: base } = await github.send<{ tree: { sha: string } }>("GET", `${under}/commits/${reference.object.sha}`);
    const entry = { mode: "100644", type: "blob" };
    const tree = [
        ...Object.entries(files).map(([path, content]) => ({ ...entry, path, content })),
        ...remove.map((path) => ({ ...entry, path, sha: null })),
    ];
    const { value: made } = await github.send<{ sha: string }>("POST", `${under}/trees`, {
        body: { base_tree: base.tree.sha, tree },
    });
    const { value: commit } = await github.send<{ sha: string }>("POST", `${under}/commits`, {
        body: { message, tree: made.sha, parents: [reference.object.sha] },
    });
    return commit.sha;
}

interface PullRequest {
    head: string;
    base: string;
    title: string;
    body: string;
}

/** The open pull request of these branches with these words: the one that is there, or a new one. */
async function openPullRequest(
    github: GithubClient,
    repository: string,
    { head, base, title, body }: PullRequest,
): Promise<string> {
    const pulls = `/repos/${repository}/pulls`;
    const query = new URLSearchParams({ state: "open", head: `${repository.split("/")[0]}:${head}`, base });
    const { value: open } = await github.send<{ number: number; html_url: string }[]>("GET", `${pulls}?${query}`);
    const { value: request } =
        open.length > 0
            ? await github.send<{ html_url: string }>("PATCH", `${pulls}/${open[0].number}`, { body: { title, body } })
            : await github.send<{ html_url: string }>("POST", pulls, { body: { title, body, head, base } });
    return request.html_url;
}
