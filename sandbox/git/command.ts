import { spawn } from "node:child_process";

export interface GitResult {
    /** Exit code; other than 0 only where the caller said that it may fail. */
    code: number;
    stdout: Buffer;
    stderr: string;
}

/** Whose commits the sandbox's are. */
const identity = { name: "Robin Developer", email: "robin@acme.example" };

/**
 * Runs the real `git` without a shell, deaf to the user's own configuration, hooks and signing keys.
 *
 * @throws Error with the command and git's own words where it fails, unless `mayFail`
 */
export async function runGit(
    directory: string | undefined,
    args: readonly string[],
    { date, input, mayFail = false }: { date?: string; input?: string; mayFail?: boolean } = {},
): Promise<GitResult> {
    const command = [...settings, ...(directory === undefined ? [] : ["-C", directory]), ...args];
    const result = await execute(command, environment(date), input);
    if (result.code !== 0 && !mayFail) {
        throw new Error(
            `git ${args.join(" ")}${directory ? ` in ${directory}` : ""} failed: ${result.stderr.trim() || result.code}`,
        );
    }
    return result;
}

const settings = [
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "gc.auto=0",
].flatMap((setting) => ["-c", setting]);

function environment(date: string | undefined): NodeJS.ProcessEnv {
    // A git hook that runs us exports GIT_DIR and GIT_INDEX_FILE: they would send every command to the hook's repository.
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
    return {
        ...Object.fromEntries(inherited),
        LC_ALL: "C",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_AUTHOR_NAME: identity.name,
        GIT_AUTHOR_EMAIL: identity.email,
        GIT_COMMITTER_NAME: identity.name,
        GIT_COMMITTER_EMAIL: identity.email,
        ...(date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }),
    };
}

function execute(args: readonly string[], env: NodeJS.ProcessEnv, input: string | undefined): Promise<GitResult> {
    return new Promise((resolve, reject) => {
        const child = spawn("git", args, { env, stdio: ["pipe", "pipe", "pipe"] });
        const stdout: Buffer[] = [];
        const stderr: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
        child.on("error", (error) => reject(new Error(`git cannot be run: ${error.message}; install git, then try again`)));
        // A command that does not read its input may be gone before we write it; its exit code tells the rest.
        child.stdin.on("error", () => undefined);
        child.on("close", (code) =>
            resolve({ code: code ?? 128, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
        );
        child.stdin.end(input ?? "");
    });
}
