import { spawn } from "node:child_process";

/** What is asked of the git repository that holds a commit. */
export interface Commits {
    /** Full SHA of the commit that a reference names, or nothing. */
    find(reference: string): Promise<string | undefined>;
    /** Path → git's hash of the folder or file there in a commit; nothing where the commit has none. */
    treeHashes(commit: string, paths: readonly string[]): Promise<Record<string, string | undefined>>;
    /** Whether a commit is another or stands before it. A commit that is not there is nobody's ancestor. */
    isAncestor(ancestor: string, descendant: string): Promise<boolean>;
    /** Commits from a reference backwards, newest first. */
    log(reference: string, options: { count: number; firstParent: true }): Promise<readonly { commit: string }[]>;
}

/** The commits of a checkout on disk, as the real `git` tells them. */
export function commitsIn(directory: string): Commits {
    return {
        async find(reference) {
            const name = `${reference}^{commit}`;
            const { code, stdout } = await git(directory, ["rev-parse", "--quiet", "--verify", "--end-of-options", name]);
            return code === 0 ? stdout.trim() : undefined;
        },
        async treeHashes(commit, paths) {
            const names = paths.map((path) => `${commit}:${path === "." ? "" : path}\n`).join("");
            const { code, stdout, stderr } = await git(directory, ["cat-file", "--batch-check=%(objectname)"], names);
            if (code !== 0) throw new Error(`git cat-file in ${directory} failed: ${stderr.trim()}`);
            const answers = stdout.split("\n");
            return Object.fromEntries(
                paths.map((path, index) => [path, answers[index].endsWith(" missing") ? undefined : answers[index]]),
            );
        },
        async isAncestor(ancestor, descendant) {
            const { code, stderr } = await git(directory, ["merge-base", "--is-ancestor", ancestor, descendant]);
            // 128: git does not have one of them, as after a force push in a fresh clone.
            if (code > 1 && !/not a valid|bad object|not a commit/i.test(stderr)) {
                throw new Error(`git merge-base --is-ancestor ${ancestor} ${descendant} in ${directory} failed: ${stderr.trim()}`);
            }
            return code === 0;
        },
        async log(reference, { count }) {
            const options = ["--format=%H", `--max-count=${count}`, "--first-parent", "--end-of-options", reference];
            const { code, stdout, stderr } = await git(directory, ["log", ...options]);
            if (code !== 0) throw new Error(`git log ${reference} in ${directory} failed: ${stderr.trim()}`);
            return stdout
                .split("\n")
                .filter(Boolean)
                .map((commit) => ({ commit }));
        },
    };
}

function git(directory: string, args: readonly string[], input = ""): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
        const child = spawn("git", ["-C", directory, ...args], { stdio: "pipe", env: { ...process.env, LC_ALL: "C" } });
        const said = { stdout: "", stderr: "" };
        child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
        child.on("error", (error) => reject(new Error(`git cannot be run: ${error.message}; install git, then try again`)));
        // A command that does not read its input may be gone before we write it; its exit code tells the rest.
        child.stdin.on("error", () => undefined);
        child.on("close", (code) => resolve({ code: code ?? 128, ...said }));
        child.stdin.end(input);
    });
}
