import { spawn } from "node:child_process";
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
    /** @default "Change" */
    message?: string;
    /** ISO 8601. @default 2026-01-01, the same for all */
    date?: string;
}

/**
 * Makes a bare repository with one commit after the other on `main`, by one `git fast-import`.
 *
 * @returns the full SHAs, in the order of the commits
 */
export async function makeHistory(directory: string, commits: readonly HistoryCommit[]): Promise<string[]> {
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", directory]);
    await fastImport(directory, stream(commits));
    const listed = await run("git", ["-C", directory, "rev-list", "--reverse", "--first-parent", "main"]);
    return listed.split("\n").filter(Boolean);
}

/** What `git fast-import` reads. Each commit says its whole tree: what it does not name is gone. */
export function stream(commits: readonly HistoryCommit[]): string {
    return commits
        .map(({ files, message = "Change", date = "2026-01-01T00:00:00Z" }, index) => {
            const when = `${Math.floor(Date.parse(date) / 1000)} +0000`;
            const written = Object.entries(files).map(([path, file]) => {
                const { content, mode = "100644" } = typeof file === "string" ? { content: file } : file;
                return `M ${mode} inline ${path}\n${data(content)}`;
            });
            return [
                "commit refs/heads/main\n",
                `mark :${index + 1}\n`,
                `committer Robin Developer <robin@acme.example> ${when}\n`,
                data(message),
                index > 0 ? `from :${index}\n` : "",
                "deleteall\n",
                ...written,
                "\n",
            ].join("");
        })
        .join("");
}

function data(text: string): string {
    return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function fastImport(directory: string, input: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const child = spawn("git", ["-C", directory, "fast-import", "--quiet", "--force"], { stdio: ["pipe", "ignore", "pipe"] });
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
