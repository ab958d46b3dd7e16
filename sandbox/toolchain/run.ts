import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** A program that ended with an error. */
export class CommandFailed extends Error {
    constructor(
        readonly command: string,
        /** `exit code 1`, `signal SIGKILL`, or why it could not be started. */
        readonly reason: string,
        /** The last lines of what it printed. */
        readonly tail: string,
    ) {
        super(`${command} failed: ${reason}${tail && `\n${tail}`}`);
        this.name = "CommandFailed";
    }
}

export interface RunOptions {
    cwd?: string;
    /** @default this process's own environment */
    env?: NodeJS.ProcessEnv;
    /** File that the output is appended to. @default - kept in memory only */
    log?: string;
    /** Milliseconds after which it is ended. @default - it may take as long as it takes */
    timeout?: number;
}

const tailLines = 20;

/**
 * Runs a program to its end.
 *
 * @returns what it printed to its standard output
 * @throws CommandFailed
 */
export async function run(command: string, args: readonly string[], { cwd, env, log, timeout }: RunOptions = {}): Promise<string> {
    const text = [command, ...args].join(" ");
    const file = log === undefined ? undefined : createWriteStream(log, { flags: "a" });
    file?.write(`$ ${text}\n`);
    const child = spawn(command, args, { cwd, env, timeout, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    const everything: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
            everything.push(chunk);
            file?.write(chunk);
        });
    }
    const failure = await new Promise<string | undefined>((resolve) => {
        child.once("error", (error) => resolve(error.message));
        child.once("close", (code, signal) => resolve(code === 0 ? undefined : signal ? `signal ${signal}` : `exit code ${code}`));
    });
    if (file) await finished(file.end());
    if (failure !== undefined) {
        const lines = Buffer.concat(everything).toString().trimEnd().split("\n");
        throw new CommandFailed(text, failure, lines.slice(-tailLines).join("\n"));
    }
    return Buffer.concat(output).toString();
}
