import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A family of servers that end together: when told to, or when this process ends, even by SIGKILL. */
export class Processes {
    private readonly children = new Map<string, ChildProcess>();
    private readonly watchdog: ChildProcess;
    private readonly failure: Promise<never>;
    private fail!: (error: Error) => void;
    private stopping = false;

    constructor(
        /** Folder of the logs, `<name>.log`. */
        private readonly directory: string,
    ) {
        this.failure = new Promise((_, reject) => (this.fail = reject));
        // Nobody need wait for it: `whileRunning` does.
        this.failure.catch(() => undefined);
        // In a session of its own, so that a Ctrl+C in the terminal does not end it before it has done its work.
        this.watchdog = spawn("/bin/sh", ["-c", watchdogScript], { stdio: ["pipe", "ignore", "ignore"], detached: true });
        this.watchdog.unref();
    }

    start(name: string, program: string, args: readonly string[]): void {
        const log = openSync(this.log(name), "w");
        const child = spawn(program, args, { cwd: this.directory, stdio: ["ignore", log, log] });
        closeSync(log);
        this.children.set(name, child);
        if (child.pid !== undefined) this.watchdog.stdin!.write(`${child.pid}\n`);
        child.once("error", (error) => this.fail(error));
        child.once("exit", (code, signal) => {
            if (!this.stopping) this.fail(new Error(this.describe(name, `ended with ${signal ?? `exit code ${code}`}`)));
        });
    }

    /** Process ids by name. */
    pids(): Record<string, number> {
        return Object.fromEntries([...this.children].map(([name, { pid }]) => [name, pid!]));
    }

    /**
     * Waits for something that only running servers can bring about.
     *
     * @throws Error with the end of its log where one of them ends first
     */
    whileRunning<T>(promise: Promise<T>): Promise<T> {
        return Promise.race([promise, this.failure]);
    }

    /** Ends all at once, without asking: what they hold is thrown away. */
    async stop(): Promise<void> {
        this.stopping = true;
        for (const child of [...this.children.values(), this.watchdog]) {
            if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
            const ended = once(child, "exit");
            child.ref();
            child.kill("SIGKILL");
            await ended;
        }
    }

    /** A sentence about a server, with the end of its log. */
    describe(name: string, what: string): string {
        const file = this.log(name);
        const tail = readFileSync(file, "utf8").trimEnd().split("\n").slice(-10).join("\n");
        return `${name} ${what}; the end of ${file}:\n${tail}`;
    }

    private log(name: string): string {
        return join(this.directory, `${name}.log`);
    }
}

// Hears a process id a line. Its input ends when this process does, whatever ended it.
const watchdogScript = 'pids=; while read -r pid; do pids="$pids $pid"; done; kill -9 $pids';
