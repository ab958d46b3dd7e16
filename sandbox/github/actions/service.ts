import { createHash, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JobIdentity } from "../job";
import { openPullRequests } from "../pullRequests";
import { ActionSources } from "./actionSources";
import { ConcurrencyGroups } from "./concurrency";
import { Execution, type ExecutionServices, type JobWork, slots } from "./execution";
import { dispatchInputs } from "./inputs";
import type { Event, Run } from "./model";
import { type Occurrence, occurrenceOf } from "./occurrence";
import type { Permissions } from "./permissions";
import { planWorkflow, type WorkflowPlace } from "./plannedWorkflow";
import type { Repositories } from "./repositories";
import { RunFiles } from "./runFiles";
import { type RunnerImage, runOnRunner, type RunnerResult } from "./runner";
import { starts } from "./triggers";
import { InvalidWorkflow, readWorkflow, type WorkflowDocument } from "./workflowFile";

export interface ActionsOptions {
    repositories: Repositories;
    /** Folder for runs, checkouts and what jobs leave behind while they run. */
    directory: string;
    /** Folder of the runner's image: `bin`, and a folder for each action that it stands in for. @default the sandbox's own */
    image?: string;
    /** Folders of further programs that the machines have. @default - none */
    programs?: readonly string[];
    /** Projects whose dependencies are installed: `npm ci` takes them for an equal lock file. @default - none */
    installed?: readonly string[];
    /** Docker daemon that the machines have, as `DOCKER_HOST` names it. @default - none: images are built by the sandbox */
    dockerHost?: string;
    /** Jobs at once. @default 3 */
    runners?: number;
    /** What the world gives to a job beside what GitHub's runner has. @default - nothing */
    equip?(job: RunningJob): Promise<Equipment>;
}

/** A job that a runner has, and what it may do: known by its token, until it ends. */
export interface RunningJob {
    identity: JobIdentity;
    permissions: Permissions;
    /** `GITHUB_TOKEN`. */
    token: string;
    /** Its own folder, `home` and `workspace` in it. */
    directory: string;
}

export interface Equipment {
    variables: Readonly<Record<string, string>>;
    /** Told when the job has ended. */
    end?(): Promise<void>;
}

/** GitHub Actions: takes events, runs the workflows that they start, and keeps what came of them. */
export class ActionsService {
    readonly files: RunFiles;
    private readonly running = new Map<string, RunningJob>();
    private readonly executions = new Map<number, Execution>();
    private readonly changes = new EventEmitter().setMaxListeners(0);
    private readonly approvals = new EventEmitter().setMaxListeners(0);
    private readonly onMachine: <T>(work: () => Promise<T>) => Promise<T>;
    private readonly groups = new ConcurrencyGroups();
    /** Runs come to their groups in the order of their events, however long it takes to read their files. */
    private readonly oneByOne = slots(1);
    private readonly sources: ActionSources;
    private readonly image: RunnerImage;
    private nextId: number;

    constructor(private readonly options: ActionsOptions) {
        const { directory, repositories, image = join(__dirname, "..", "runner"), programs = [], runners = 3 } = options;
        this.files = new RunFiles(join(directory, "runs"));
        this.image = { path: [join(image, "bin"), ...programs], toolCache: join(directory, "tool-cache") };
        for (const project of options.installed ?? []) keepInstalled(this.image.toolCache, project);
        this.sources = new ActionSources(repositories, join(image, "actions"), join(directory, "checkouts"));
        this.onMachine = slots(runners);
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
        return this.running.get(token);
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
            onRunner: (work, signal) => this.onMachine(() => this.runJob(work, signal)),
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

    private async runJob(work: JobWork, signal: AbortSignal): Promise<RunnerResult> {
        if (signal.aborted) return { conclusion: "cancelled", outputs: {} };
        const { run, job, identity, permissions } = work;
        const name = job.id.replace(/[^A-Za-z0-9_-]+/g, "-");
        const directory = join(this.options.directory, "work", `${run.id}-${run.attempt}-${name}`);
        const token = `ghs_${randomBytes(18).toString("hex")}`;
        const running: RunningJob = { identity, permissions, token, directory };
        const log = join(this.files.folder(run.id), String(run.attempt), `${name}.log`);
        Object.assign(job, { status: "in_progress", startedAt: new Date().toISOString(), log });
        Object.assign(run, { status: "in_progress" });
        this.save(run);
        this.running.set(token, running);
        let equipment: Equipment | undefined;
        try {
            equipment = await this.options.equip?.(running);
            const { id, env, defaults, steps, outputs, timeoutMinutes } = work;
            const actions = await this.sources.of(steps, run.repository);
            const { variables = {} } = equipment ?? {};
            const { payload } = run;
            return await runOnRunner(
                { identity, id, directory, log, env, defaults, steps, outputs, token, payload, actions, variables, timeoutMinutes },
                this.image,
                signal,
            );
        } finally {
            this.running.delete(token);
            await equipment?.end?.();
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

/** Lets the runner's npm find a project's dependencies by what its lock file says. */
function keepInstalled(toolCache: string, project: string): void {
    const key = createHash("sha256")
        .update(readFileSync(join(project, "package-lock.json")))
        .digest("hex");
    const link = join(toolCache, "node_modules", key);
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(join(project, "node_modules"), link);
}
