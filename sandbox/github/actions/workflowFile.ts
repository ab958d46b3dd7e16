import { parseDocument } from "yaml";

/** A workflow as its file says, before anything in it is evaluated. */
export interface WorkflowDocument {
    name?: string;
    on: Triggers;
    permissions?: PermissionsEntry;
    env?: Readonly<Record<string, unknown>>;
    defaults?: unknown;
    concurrency?: ConcurrencyEntry;
    jobs: Readonly<Record<string, JobDocument>>;
}

/** Event → what it is filtered by. */
export type Triggers = Readonly<Record<string, unknown>>;

/** `read-all`, `write-all`, or scope → access. */
export type PermissionsEntry = string | Readonly<Record<string, string>>;

export type ConcurrencyEntry = string | { group: string; "cancel-in-progress"?: boolean | string; queue?: string };

export interface JobDocument {
    name?: string;
    needs?: string | readonly string[];
    if?: string | boolean;
    permissions?: PermissionsEntry;
    environment?: string | { name: string; url?: string };
    concurrency?: ConcurrencyEntry;
    env?: Readonly<Record<string, unknown>>;
    defaults?: unknown;
    strategy?: { matrix?: unknown; "fail-fast"?: boolean | string; "max-parallel"?: number | string };
    "timeout-minutes"?: number | string;
    "continue-on-error"?: boolean | string;
    outputs?: Readonly<Record<string, string>>;
    "runs-on"?: unknown;
    steps?: readonly Readonly<Record<string, unknown>>[];
    /** Workflow that the job calls instead of having steps. */
    uses?: string;
    with?: Readonly<Record<string, unknown>>;
    secrets?: unknown;
    container?: unknown;
    services?: unknown;
}

/** Why GitHub takes a file for no workflow. */
export class InvalidWorkflow extends Error {
    constructor(
        readonly file: string,
        reason: string,
    ) {
        super(`Invalid workflow file: ${file}: ${reason}`);
        this.name = "InvalidWorkflow";
    }
}

/** @throws InvalidWorkflow */
export function readWorkflow(file: string, text: string): WorkflowDocument {
    const document = parseDocument(text);
    const [fault] = document.errors;
    if (fault) throw new InvalidWorkflow(file, fault.message);
    const value = document.toJS() as (Omit<WorkflowDocument, "on"> & { on?: unknown }) | null;
    if (value === null || typeof value !== "object" || typeof value.jobs !== "object" || value.jobs === null) {
        throw new InvalidWorkflow(file, "Required property is missing: jobs");
    }
    if (value.on === undefined || value.on === null) throw new InvalidWorkflow(file, "Required property is missing: on");
    for (const [id, job] of Object.entries(value.jobs)) requireSound(file, id, job, value.jobs);
    return { ...value, on: triggersOf(value.on) };
}

export function needsOf({ needs }: JobDocument): readonly string[] {
    return needs === undefined ? [] : typeof needs === "string" ? [needs] : needs;
}

function requireSound(file: string, id: string, job: JobDocument, jobs: Readonly<Record<string, JobDocument>>): void {
    if (job === null || typeof job !== "object" || (job.steps === undefined) === (job.uses === undefined)) {
        throw new InvalidWorkflow(file, `job '${id}': expected either steps or uses`);
    }
    for (const need of needsOf(job)) {
        if (!Object.hasOwn(jobs, need)) throw new InvalidWorkflow(file, `Job '${id}' depends on unknown job '${need}'.`);
        if (reaches(need, id, jobs, new Set())) {
            throw new InvalidWorkflow(file, `Job '${id}' depends on job '${need}' which creates a cycle in the dependency graph.`);
        }
    }
}

function reaches(from: string, to: string, jobs: Readonly<Record<string, JobDocument>>, seen: Set<string>): boolean {
    if (from === to) return true;
    if (seen.has(from) || !Object.hasOwn(jobs, from)) return false;
    seen.add(from);
    return needsOf(jobs[from]).some((next) => reaches(next, to, jobs, seen));
}

function triggersOf(on: unknown): Triggers {
    if (typeof on === "string") return { [on]: {} };
    if (Array.isArray(on)) return Object.fromEntries(on.map((event: string) => [event, {}]));
    return Object.fromEntries(Object.entries(on as object).map(([event, filters]) => [event, (filters as unknown) ?? {}]));
}
