import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./model";

/** What is kept of runs: a folder each, with `run.json` and the log of every job. Readable while a run goes on. */
export class RunFiles {
    private written = 0;

    constructor(readonly directory: string) {}

    /** Newest first. */
    all(): Run[] {
        if (!existsSync(this.directory)) return [];
        const ids = readdirSync(this.directory).filter((name) => /^\d+$/.test(name));
        return ids
            .map(Number)
            .sort((one, other) => other - one)
            .flatMap((id) => this.get(id) ?? []);
    }

    get(id: number): Run | undefined {
        const file = this.file(id);
        return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Run) : undefined;
    }

    put(run: Run): void {
        const file = this.file(run.id);
        const next = `${file}.${process.pid}-${this.written++}.next`;
        mkdirSync(this.folder(run.id), { recursive: true });
        // Whoever looks in meanwhile must not read half of it.
        writeFileSync(next, JSON.stringify(run, null, 2));
        renameSync(next, file);
    }

    /** Folder of a run. */
    folder(id: number): string {
        return join(this.directory, String(id));
    }

    /** Log of a job, complete or as far as it got. */
    log(run: Run, job: string): string {
        const file = run.jobs.find(({ id }) => id === job)?.log;
        return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : "";
    }

    private file(id: number): string {
        return join(this.folder(id), "run.json");
    }
}
