import { spawn } from "node:child_process";

/** What is asked of the git repository that holds a commit. */
export interface Commits {
    /** Full SHA of the commit that a reference names, or nothing. */
    find(reference: string): Promise<string | undefined>;
    /**
     * Path → git's hash of the folder or file there in a commit, with its mode behind it where it is neither a folder nor a plain
     * file: `8baef1b… 100755`. Nothing where the commit has none.
     */
    treeHashes(commit: string, paths: readonly string[]): Promise<Record<string, string | undefined>>;
    /** Whether a commit is another or stands before it. A commit that is not there is nobody's ancestor. */
    isAncestor(ancestor: string, descendant: string): Promise<boolean>;
    /** Commits from a reference backwards, newest first. */
    log(reference: string, options: { count: number; firstParent: true }): Promise<readonly { commit: string }[]>;
}

/** Commits whose files can be read, on a disk that may not have all of them. */
export interface Checkout extends Commits {
    /** What stands in a file of a commit; nothing where it has none there, or a folder. */
    text(commit: string, path: string): Promise<string | undefined>;
    /** Whether history was cut off when the repository was cloned: then a commit that is not there may stand before one that is. */
    isShallow(): Promise<boolean>;
}

/** The commits of a checkout on disk, as the real `git` tells them. */
export function commitsIn(directory: string): Checkout {
    return {
        async find(reference) {
            const name = `${reference}^{commit}`;
            const { code, stdout } = await git(directory, ["rev-parse", "--quiet", "--verify", "--end-of-options", name]);
            return code === 0 ? stdout.trim() : undefined;
        },
        async treeHashes(commit, paths) {
            const [root, entries] = await Promise.all([
                paths.includes(".") ? said(directory, ["rev-parse", "--verify", `${commit}^{tree}`]) : "",
                paths.some((path) => path !== ".")
                    ? said(directory, [
                          "--literal-pathspecs",
                          "ls-tree",
                          "-t",
                          "-z",
                          "--full-tree",
                          commit,
                          "--",
                          ...paths.filter((path) => path !== "."),
                      ])
                    : "",
            ]);
            const hashes = new Map(entries.split("\0").filter(Boolean).map(hashOfEntry));
            return Object.fromEntries(paths.map((path) => [path, path === "." ? root.trim() : hashes.get(path)]));
        },
        async text(commit, path) {
            const { code, stdout } = await git(directory, ["cat-file", "blob", `${commit}:${path}`]);
            return code === 0 ? stdout : undefined;
        },
        async isAncestor(ancestor, descendant) {
            const { code, stderr } = await git(directory, ["merge-base", "--is-ancestor", ancestor, descendant]);
            // 128: git does not have one of them, as after a force push in a fresh clone.
            if (code > 1 && !/not a valid|bad object|not a commit/i.test(stderr)) {
                throw new Error(`git merge-base --is-ancestor ${ancestor} ${descendant} in ${directory} failed: ${stderr.trim()}`);
            }
            return code === 0;
        },
        async isShallow() {
            return (await said(directory, ["rev-parse", "--is-shallow-repository"])).trim() === "true";
        },
        async log(reference, { count }) {
            const options = ["--format=%H", `--max-count=${count}`, "--first-parent", "--end-of-options", reference];
            const stdout = await said(directory, ["log", ...options]);
            return stdout
                .split("\n")
                .filter(Boolean)
                .map((commit) => ({ commit }));
        },
    };
}

/** A line of `git ls-tree -z`: what {@link Commits.treeHashes} says of its path. */
function hashOfEntry(line: string): [path: string, hash: string] {
    const tab = line.indexOf("\t");
    const [mode, , hash] = line.slice(0, tab).split(" ");
    return [line.slice(tab + 1), plainModes.includes(mode) ? hash : `${hash} ${mode}`];
}

const plainModes = ["040000", "100644"];

/** What git says. @throws Error where it ends with another code than 0 */
export async function said(directory: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await git(directory, args);
    if (code !== 0) throw new Error(`git ${args.join(" ")} in ${directory} failed: ${stderr.trim()}`);
    return stdout;
}

function git(directory: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
        const child = spawn("git", ["-C", directory, ...args], { stdio: ["ignore", "pipe", "pipe"], env: environment() });
        child.stdout.setEncoding("utf8");
        child.stderr.setEncoding("utf8");
        const output = { stdout: "", stderr: "" };
        child.stdout.on("data", (text: string) => (output.stdout += text));
        child.stderr.on("data", (text: string) => (output.stderr += text));
        child.on("error", (error) => reject(new Error(`git cannot be run: ${error.message}; install git, then try again`)));
        child.on("close", (code) => resolve({ code: code ?? 128, ...output }));
    });
}

// A git hook that runs us exports where its own repository is, which would win over the directory that is asked for.
function environment(): NodeJS.ProcessEnv {
    const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, ...inherited } = process.env;
    return { ...inherited, LC_ALL: "C" };
}
