import { EventEmitter } from "node:events";
import { join } from "node:path";
import { openPullRequests } from "../pullRequests";
import { ConcurrencyGroups } from "./concurrency";
import { Execution, type ExecutionServices } from "./execution";
import { dispatchInputs } from "./inputs";
import type { Event, Run } from "./model";
import { type Occurrence, occurrenceOf } from "./occurrence";
import { planWorkflow, type WorkflowPlace } from "./plannedWorkflow";
import type { Repositories } from "./repositories";
import { RunFiles } from "./runFiles";
import { type RunnerOptions, Runners, type RunningJob } from "./runners";
import { slots } from "./slots";
import { starts } from "./triggers";
import { InvalidWorkflow, readWorkflow, type WorkflowDocument } from "./workflowFile";

export interface ActionsOptions extends RunnerOptions {
    repositories: Repositories;
}

/** GitHub Actions: takes events, runs the workflows that they start, and keeps what came of them. */
export class ActionsService {
    readonly files: RunFiles;
    private readonly executions = new Map<number, Execution>();
    private readonly changes = new EventEmitter().setMaxListeners(0);
    private readonly approvals = new EventEmitter().setMaxListeners(0);
    private readonly groups = new ConcurrencyGroups();
    /** Runs come to their groups in the order of their events, however long it takes to read their files. */
    private readonly oneByOne = slots(1);
    private readonly runners: Runners;
    private nextId: number;

    constructor(private readonly options: ActionsOptions) {
        const { directory, repositories } = options;
        this.files = new RunFiles(join(directory, "runs"));
        this.runners = new Runners(repositories, options);
        const before = this.files.all();
        this.nextId = (before[0]?.id ?? 1000) + 1;
        for (const run of before.filter(({ status }) => status !== "completed")) this.abandon(run);
    }

    /** Runs the workflows that an event starts: a push also those of the pull requests out of its branch. They go on when this returns. */
    async handle(event: Event): Promise<Run[]> {
        const runs = await this.startsOf(event);
        for (const request of event.name === "push" ? this.requestsFrom(event) : []) runs.push(...(await this.startsOf(request)));
        return runs;
    }

    private requestsFrom({ repository, ref, actor, after }: Extract<Event, { name: "push" }>): Event[] {
        if (/^0+$/.test(after)) return [];
        const open = openPullRequests(this.options.repositories, this.options.repositories.require(repository).fullName);
        return open
            .filter(({ head }) => ref === `refs/heads/${head}`)
            .map(({ number }) => ({ name: "pull_request", repository, actor, number, action: "synchronize" }));
    }

    private async startsOf(event: Event): Promise<Run[]> {
        const occurrence = await occurrenceOf(this.options.repositories, event);
        if (!occurrence) return [];
        const started: Run[] = [];
        for (const { path, document, fault } of await this.workflowsOf(occurrence)) {
            // GitHub shows a file that it cannot read as a run that failed, whatever the event.
            if (document && !(await starts(document.on, path, occurrence))) continue;
            if (!document && event.name !== "push") continue;
            const inputs = event.name === "workflow_dispatch" ? dispatchInputs(document!, event.inputs ?? {}) : {};
            const run = this.newRun(occurrence, { path, workflow: document?.name ?? path, inputs });
            started.push(run);
            if (fault !== undefined) this.complete(run, "startup_failure", fault);
            else this.start(run);
        }
        if (event.name === "workflow_dispatch" && started.length === 0) {
            throw new Error(`Workflow ${event.workflow} does not have 'workflow_dispatch' trigger on ${event.ref}`);
        }
        return started;
    }

    /** Runs all jobs of a run again, of the same commit. */
    rerun(id: number): Run {
        const run = this.require(id);
        if (run.status !== "completed") throw new Error(`run ${id} is under way: it is run again once it has ended`);
        const { conclusion: _conclusion, finishedAt: _finishedAt, message: _message, ...again } = run;
        const next: Run = { ...again, attempt: run.attempt + 1, status: "queued", jobs: [] };
        this.start(next);
        return next;
    }

    cancel(id: number): void {
        this.require(id);
        this.executions.get(id)?.cancel();
    }

    /** Lets a run's jobs deploy an environment that waits for somebody's approval. */
    approve(id: number, environment: string, { approved = true }: { approved?: boolean } = {}): void {
        const waits = this.require(id).jobs.some((job) => job.status === "waiting" && job.environment === environment);
        if (!waits) throw new Error(`no job of run ${id} waits for the approval of ${environment}`);
        this.approvals.emit(`${id} ${environment}`, approved);
    }

    /** The run, when all of it has ended. */
    async finished(id: number): Promise<Run> {
        for (;;) {
            const run = this.require(id);
            if (run.status === "completed") return run;
            await this.changed(id);
        }
    }

    /** The next time that something of a run changes. */
    changed(id: number): Promise<void> {
        return new Promise((resolve) => this.changes.once(String(id), () => resolve()));
    }

    /** The job that a token is of; nothing once it has ended. */
    jobOf(token: string): RunningJob | undefined {
        return this.runners.jobOf(token);
    }

    /** Ends what is under way. */
    async stop(): Promise<void> {
        const ids = [...this.executions.keys()];
        const ended = ids.map((id) => this.finished(id));
        for (const id of ids) this.cancel(id);
        await Promise.all(ended);
    }

    private async workflowsOf({ event, sha }: Occurrence): Promise<FoundWorkflow[]> {
        const git = this.options.repositories.git(event.repository);
        if ((await git.treeHash(sha, folder)) === undefined) return [];
        const files = Object.entries(await git.files(sha, folder)).filter(([name]) => /^[^/]+\.ya?ml$/.test(name));
        return files.map(([name, { content }]) => {
            const path = `${folder}/${name}`;
            try {
                return { path, document: readWorkflow(path, content.toString()) };
            } catch (error) {
                if (!(error instanceof InvalidWorkflow)) throw error;
                return { path, fault: error.message };
            }
        });
    }

    private newRun(occurrence: Occurrence, { path, workflow, inputs }: Pick<Run, "path" | "workflow" | "inputs">): Run {
        const { event, ref, sha, headRef, baseRef, payload } = occurrence;
        const { repository, actor } = event;
        const earlier = this.files.all().filter((run) => run.repository === repository && run.path === path);
        const run: Run = {
            id: this.nextId++,
            number: earlier.length + 1,
            attempt: 1,
            ...{ repository, workflow, path, event: event.name, actor, ref, sha },
            ...(headRef === undefined ? {} : { headRef }),
            ...(baseRef === undefined ? {} : { baseRef }),
            ...(event.name === "pull_request" && event.fork === true ? { fork: true } : {}),
            payload,
            inputs,
            status: "queued",
            createdAt: new Date().toISOString(),
            jobs: [],
        };
        this.save(run);
        return run;
    }

    private start(run: Run): void {
        this.save(run);
        void this.execute(run).catch((error: unknown) => this.complete(run, "startup_failure", String(error)));
    }

    private async execute(run: Run): Promise<void> {
        const { repositories } = this.options;
        const place: WorkflowPlace = { repository: run.repository, path: run.path, ref: run.ref, sha: run.sha };
        const services: ExecutionServices = {
            repositories,
            groups: this.groups,
            onRunner: (work, signal) => this.runners.run(work, signal, this.files.folder(run.id), () => this.save(run)),
            approval: (of, environment, signal) => this.approval(of, environment, signal),
            changed: (of) => this.save(of),
        };
        try {
            const planned = await this.oneByOne(() => planWorkflow(repositories, place, { caller: run.repository }));
            const execution = new Execution(run, planned, services);
            this.executions.set(run.id, execution);
            this.complete(run, await execution.execute());
        } catch (error) {
            if (!(error instanceof InvalidWorkflow)) throw error;
            this.complete(run, "startup_failure", error.message);
        } finally {
            this.executions.delete(run.id);
        }
    }

    private async approval({ id }: Run, environment: string, signal: AbortSignal): Promise<boolean> {
        return new Promise((resolve) => {
            this.approvals.once(`${id} ${environment}`, resolve);
            signal.addEventListener("abort", () => resolve(false));
        });
    }

    private complete(run: Run, conclusion: Run["conclusion"], message?: string): void {
        const finishedAt = new Date().toISOString();
        Object.assign(run, { status: "completed", conclusion, finishedAt, ...(message === undefined ? {} : { message }) });
        this.save(run);
    }

    /** What was under way when the sandbox ended is nobody's any more. */
    private abandon(run: Run): void {
        for (const job of run.jobs.filter(({ status }) => status !== "completed")) {
            Object.assign(job, { status: "completed", conclusion: "cancelled" });
        }
        this.complete(run, "cancelled", "The sandbox's servers ended while it was under way.");
    }

    private save(run: Run): void {
        this.files.put(run);
        this.changes.emit(String(run.id));
    }

    private require(id: number): Run {
        const run = this.files.get(id);
        if (!run) throw new Error(`there is no run ${id}`);
        return run;
    }
}

interface FoundWorkflow {
    path: string;
    document?: WorkflowDocument;
    /** Why it is none. */
    fault?: string;
}

const folder = ".github/workflows";
