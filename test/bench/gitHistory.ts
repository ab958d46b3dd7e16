import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../sandbox/toolchain/run";

/** A file as git keeps it. */
export interface HistoryFile {
    content: string;
    /** @default 100644 */
    mode?: "100644" | "100755" | "120000";
}

/** A commit to make: all that its tree holds. */
export interface HistoryCommit {
    files: Readonly<Record<string, string | HistoryFile>>;
    /** Positions of its parents in the list. @default the one before */
    parents?: readonly number[];
    /** Branch that ends with it, unless a later one of the list does. @default main */
    branch?: string;
    /** @default "Change" */
    message?: string;
    /** ISO 8601. @default 2026-01-01, the same for all */
    date?: string;
}

/**
 * Makes a bare repository with these commits, by one `git fast-import`.
 *
 * @returns the full SHAs, in the order of the commits
 */
export async function makeHistory(directory: string, commits: readonly HistoryCommit[]): Promise<string[]> {
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", directory]);
    const marks = join(directory, "marks");
    await fastImport(directory, marks, commits.map(written).join(""));
    const made = new Map((await readFile(marks, "utf8")).split("\n").map((line) => line.split(" ") as [string, string]));
    return commits.map((_, index) => made.get(mark(index))!);
}

/** The commit as `git fast-import` reads it. It says its whole tree: what it does not name is gone. */
function written(commit: HistoryCommit, index: number): string {
    const { files, branch = "main", message = "Change", date = "2026-01-01T00:00:00Z" } = commit;
    const [first, ...others] = commit.parents ?? (index > 0 ? [index - 1] : []);
    const changes = Object.entries(files).map(([path, file]) => {
        const { content, mode = "100644" } = typeof file === "string" ? { content: file } : file;
        return `M ${mode} inline ${path}\n${data(content)}`;
    });
    return [
        `commit refs/heads/${branch}\n`,
        `mark ${mark(index)}\n`,
        `committer Robin Developer <robin@acme.example> ${Math.floor(Date.parse(date) / 1000)} +0000\n`,
        data(message),
        first === undefined ? "" : `from ${mark(first)}\n`,
        ...others.map((other) => `merge ${mark(other)}\n`),
        "deleteall\n",
        ...changes,
        "\n",
    ].join("");
}

function mark(index: number): string {
    return `:${index + 1}`;
}

function data(text: string): string {
    return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function fastImport(directory: string, marks: string, input: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const args = ["-C", directory, "fast-import", "--quiet", "--force", `--export-marks=${marks}`];
        const child = spawn("git", args, { stdio: ["pipe", "ignore", "pipe"] });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.on("error", reject);
        // One that ends early has said why, and its exit code tells that it did.
        child.stdin.on("error", () => undefined);
        child.on("close", (code) =>
            code === 0 ? resolve() : reject(new Error(`git fast-import in ${directory} failed: ${said}`)),
        );
        child.stdin.end(input);
    });
}
