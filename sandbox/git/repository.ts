import { commitsIn } from "../../core/build/commits";
import { runGit } from "./command";

/** Who and when a commit is. */
export interface CommitOptions {
    /** Author and committer date, ISO 8601. Equal trees, parents, messages and dates make equal commits. @default now */
    date?: string;
}

export interface LogEntry {
    commit: string;
    parents: readonly string[];
    /** Committer date, ISO 8601 in UTC with seconds. */
    date: string;
    subject: string;
}

/** A file of a commit. */
export interface CommittedFile {
    content: Buffer;
    /** As git keeps it: `100644`, `100755`, `120000` for a symbolic link, `160000` for a submodule. */
    mode: string;
}

/** A git repository on disk: a bare one that plays GitHub, or somebody's clone of it. The real `git` does the work. */
export class Repository {
    constructor(readonly directory: string) {}

    /** Makes an empty bare repository, or takes the one that is there. */
    static async bare(directory: string, { defaultBranch = "main" }: { defaultBranch?: string } = {}): Promise<Repository> {
        await runGit(undefined, ["init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, directory]);
        return new Repository(directory);
    }

    /** Clones with a worktree; an empty repository may be cloned. */
    static async clone(from: Repository, directory: string, { branch }: { branch?: string } = {}): Promise<Repository> {
        await runGit(undefined, ["clone", "--quiet", ...(branch ? [`--branch=${branch}`] : []), from.directory, directory]);
        return new Repository(directory);
    }

    /** Commits everything in the worktree, and says which commit that is. A worktree without a change is an error. */
    async commit(message: string, { date }: CommitOptions = {}): Promise<string> {
        await this.git(["add", "--all"]);
        await this.git(["commit", "--quiet", "-m", message], { date });
        return this.commitAt("HEAD");
    }

    /** Pushes branches and tags (`develop`, `HEAD:develop`, `v1.4.0`) to where the clone came from. */
    async push(...references: string[]): Promise<void> {
        await this.git(["push", "--quiet", "origin", ...references]);
    }

    /** Pushes a branch whose history was rewritten. */
    async forcePush(...references: string[]): Promise<void> {
        await this.git(["push", "--quiet", "--force", "origin", ...references]);
    }

    async fetch(): Promise<void> {
        await this.git(["fetch", "--quiet", "--prune", "--tags", "origin"]);
    }

    /** Takes what was pushed to the branch that is checked out. It must not have commits of its own. */
    async pull(): Promise<void> {
        await this.git(["pull", "--quiet", "--ff-only"]);
    }

    /** Starts a branch and checks it out. */
    async branch(name: string, { at = "HEAD" }: { at?: string } = {}): Promise<void> {
        // A repository without a commit has no HEAD to start from.
        const start = (await this.find("HEAD")) ? [at] : [];
        await this.git(["checkout", "--quiet", "-b", name, ...start]);
    }

    async checkout(reference: string): Promise<void> {
        await this.git(["checkout", "--quiet", reference]);
    }

    /** Takes back what a commit changed, with a commit. @returns that one */
    async revert(commit: string): Promise<string> {
        await this.git(["revert", "--no-edit", commit]);
        return this.commitAt("HEAD");
    }

    /** Merges into the branch that is checked out, always with a merge commit, as GitHub's button does. */
    async merge(reference: string, message: string, { date }: CommitOptions = {}): Promise<string> {
        await this.git(["merge", "--quiet", "--no-ff", "-m", message, reference], { date });
        return this.commitAt("HEAD");
    }

    /** An annotated tag. */
    async tag(name: string, message: string, { at = "HEAD", date }: { at?: string } & CommitOptions = {}): Promise<void> {
        await this.git(["tag", "--annotate", "-m", message, name, at], { date });
    }

    /** A further worktree, detached at the reference. */
    async worktree(directory: string, reference: string): Promise<Repository> {
        await this.git(["worktree", "add", "--quiet", "--detach", directory, reference]);
        return new Repository(directory);
    }

    /** Full SHA of the commit that a reference names. @throws Error where it names none */
    async commitAt(reference: string): Promise<string> {
        const commit = await this.find(reference);
        if (!commit) {
            throw new Error(`${this.directory} has no commit ${JSON.stringify(reference)}`);
        }
        return commit;
    }

    /** Full SHA of the commit that a reference names, or nothing. */
    async find(reference: string): Promise<string | undefined> {
        const { code, stdout } = await this.ask(["rev-parse", "--quiet", "--verify", "--end-of-options", `${reference}^{commit}`]);
        return code === 0 ? stdout.toString().trim() : undefined;
    }

    /** Git's hash of the folder or file at a path of a commit, with the mode of what is neither folder nor plain file, or nothing. */
    async treeHash(commit: string, path: string): Promise<string | undefined> {
        return (await this.treeHashes(commit, [path]))[path];
    }

    /** {@link treeHash} of many paths at once, as a build asks for them. */
    async treeHashes(commit: string, paths: readonly string[]): Promise<Record<string, string | undefined>> {
        return commitsIn(this.directory).treeHashes(commit, paths);
    }

    /** The files under a folder of a commit, by path inside that folder. Nothing of the worktree can get in. */
    async files(commit: string, folder: string): Promise<Record<string, CommittedFile>> {
        const { stdout } = await this.git(["ls-tree", "-r", "-z", `${commit}:${folder === "." ? "" : folder}`]);
        const entries = stdout.toString().split("\0").filter(Boolean).map(parseTreeEntry);
        const contents = await this.blobs(entries.filter(({ type }) => type === "blob").map(({ hash }) => hash));
        return Object.fromEntries(
            entries.map(({ path, mode, hash }) => [path, { mode, content: contents.get(hash) ?? Buffer.alloc(0) }]),
        );
    }

    async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
        const { code, stderr } = await this.ask(["merge-base", "--is-ancestor", ancestor, descendant]);
        // 128: git does not have one of them, as after a force push in a fresh clone.
        if (code > 1 && !/not a valid|bad object|not a commit/i.test(stderr)) {
            throw new Error(`git merge-base --is-ancestor ${ancestor} ${descendant} in ${this.directory} failed: ${stderr.trim()}`);
        }
        return code === 0;
    }

    /** Commits from a reference backwards, newest first. */
    async log(reference: string, { count, firstParent }: { count?: number; firstParent?: boolean } = {}): Promise<LogEntry[]> {
        const { stdout } = await this.git([
            "log",
            "--format=%H%x1f%P%x1f%ct%x1f%s",
            ...(count === undefined ? [] : [`--max-count=${count}`]),
            ...(firstParent ? ["--first-parent"] : []),
            "--end-of-options",
            reference,
        ]);
        return stdout.toString().split("\n").filter(Boolean).map(parseLogEntry);
    }

    private async blobs(hashes: readonly string[]): Promise<Map<string, Buffer>> {
        const { stdout } = await this.git(["cat-file", "--batch"], { input: hashes.map((hash) => `${hash}\n`).join("") });
        return parseBatch(stdout);
    }

    private git(args: readonly string[], options: { date?: string; input?: string } = {}) {
        return runGit(this.directory, args, options);
    }

    private ask(args: readonly string[]) {
        return runGit(this.directory, args, { mayFail: true });
    }
}

function parseTreeEntry(line: string): { mode: string; type: string; hash: string; path: string } {
    const tab = line.indexOf("\t");
    const [mode, type, hash] = line.slice(0, tab).split(" ");
    return { mode, type, hash, path: line.slice(tab + 1) };
}

function parseLogEntry(line: string): LogEntry {
    const [commit, parents, seconds, subject] = line.split("\x1f");
    const date = new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
    return { commit, parents: parents.split(" ").filter(Boolean), date, subject };
}

/** What `git cat-file --batch` prints: for each object a line `<hash> <type> <size>`, the bytes, and a line feed. */
function parseBatch(output: Buffer): Map<string, Buffer> {
    const blobs = new Map<string, Buffer>();
    for (let at = 0; at < output.length;) {
        const end = output.indexOf("\n", at);
        const [hash, type, size] = output.subarray(at, end).toString().split(" ");
        if (type !== "blob") {
            throw new Error(
                `git cat-file answered ${JSON.stringify(output.subarray(at, end).toString())} where a blob was expected`,
            );
        }
        blobs.set(hash, output.subarray(end + 1, end + 1 + Number(size)));
        at = end + 1 + Number(size) + 1;
    }
    return blobs;
}
