import { runGit } from "../git/command";
import { Repository } from "../git/repository";
import type { Cloud } from "../providers/cloud";

/** A pull request as GitHub keeps it: the record `github/<owner>/<name>/pulls/<number>`. */
export interface PullRequest {
    number: number;
    title: string;
    body: string;
    /** Name of the branch that it goes into. */
    base: string;
    /** Name of the branch that it comes from. */
    head: string;
    state: "open" | "merged" | "closed";
    /** The merge commit. */
    merged?: string;
    /** Login of who opened it. */
    author: string;
}

/** What of a world a pull request is merged in. */
interface Place {
    cloud: Cloud;
    layout: { github(repository: string): string };
}

/** The open pull requests of a repository, `owner/name`, oldest first. */
export function openPullRequests({ cloud }: Pick<Place, "cloud">, repository: string): PullRequest[] {
    return cloud.store
        .all<PullRequest>(`github/${repository}/pulls`)
        .filter(({ state }) => state === "open")
        .sort((one, other) => one.number - other.number);
}

/** Opens one as it stands, with the next number. */
export function openPullRequest(
    { cloud }: Pick<Place, "cloud">,
    repository: string,
    request: Pick<PullRequest, "title" | "body" | "base" | "head" | "author">,
): PullRequest {
    const numbers = cloud.store.all<PullRequest>(`github/${repository}/pulls`).map(({ number }) => number);
    const pull: PullRequest = { number: Math.max(0, ...numbers) + 1, ...request, state: "open" };
    cloud.store.put(`github/${repository}/pulls/${pull.number}`, pull);
    return pull;
}

/**
 * Presses the button: merges head into base in the bare repository, always with a merge commit. Head stays, as it does on
 * GitHub unless a repository says otherwise.
 *
 * @returns the merge commit, which base has been moved to
 * @throws Error where it is not open or conflicts
 */
export async function mergePullRequest({ cloud, layout }: Place, repository: string, number: number): Promise<string> {
    const name = `github/${repository}/pulls/${number}`;
    const pull = cloud.store.get<PullRequest>(name);
    if (pull?.state !== "open") {
        throw new Error(`${repository}#${number} cannot be merged: it is ${pull?.state ?? "not there"}`);
    }
    const git = new Repository(layout.github(repository));
    const [base, head] = [await git.commitAt(`refs/heads/${pull.base}`), await git.commitAt(`refs/heads/${pull.head}`)];
    const merged = await runGit(git.directory, ["merge-tree", "--write-tree", base, head], { mayFail: true });
    if (merged.code !== 0) {
        throw new Error(`${repository}#${number} conflicts with ${pull.base}:\n${merged.stdout.toString()}`);
    }
    const tree = merged.stdout.toString().trim();
    const message = `Merge pull request #${number} from ${repository.split("/")[0]}/${pull.head}\n\n${pull.title}`;
    const { stdout } = await runGit(git.directory, ["commit-tree", tree, "-p", base, "-p", head, "-m", message]);
    const commit = stdout.toString().trim();
    // Told the commit before, git refuses where somebody pushed meanwhile.
    await runGit(git.directory, ["update-ref", `refs/heads/${pull.base}`, commit, base]);
    cloud.store.put(name, { ...pull, state: "merged", merged: commit } satisfies PullRequest);
    return commit;
}
