import type { JobIdentity } from "../job";
import type { ConcurrencyGroups } from "./concurrency";
import { admit } from "./environments";
import { type Contexts, evaluateAll, evaluateText, holds, type Standing } from "./expressions";
import { inlineContexts } from "./inlineContexts";
import { calledInputs } from "./inputs";
import { githubContext, identityOf, variablesOf } from "./jobContext";
import { type Combination, combinations } from "./matrix";
import type { Conclusion, Run, RunJob, Status } from "./model";
import { type Permissions, readOnly } from "./permissions";
import type { PlannedWorkflow } from "./plannedWorkflow";
import type { Repositories } from "./repositories";
import type { RunnerResult } from "./runner";
import { slots } from "./slots";
import { type ConcurrencyEntry, type JobDocument, needsOf } from "./workflowFile";

/** What the jobs of a run need of the world around them. */
export interface ExecutionServices {
    repositories: Repositories;
    groups: ConcurrencyGroups;
    /** Runs a job on a machine, as soon as one is free. */
    onRunner(work: JobWork, signal: AbortSignal): Promise<RunnerResult>;
    /** Waits until somebody approves that a run deploys an environment. @returns false where it was rejected */
    approval(run: Run, environment: string, signal: AbortSignal): Promise<boolean>;
    /** Told whenever something of a run changed. */
    changed(run: Run): void;
}

/** A job that is ready to run. */
export interface JobWork {
    run: Run;
    job: RunJob;
    identity: JobIdentity;
    /** Id in its workflow. */
    id: string;
    permissions: Permissions;
    env: unknown;
    defaults: unknown;
    steps: readonly Readonly<Record<string, unknown>>[];
    outputs: Readonly<Record<string, string>>;
    timeoutMinutes: number;
}

interface Result {
    result: Exclude<Conclusion, "startup_failure">;
    outputs: Readonly<Record<string, string>>;
}

/** A job's result, with those of all jobs before it. */
interface SettledJob extends Result {
    before: readonly Result["result"][];
}

/** Where in a run a workflow stands: the run's own, or one that a job of it calls. */
interface Scope {
    /** Before the ids and names of its jobs. */
    idPrefix: string;
    namePrefix: string;
    inputs: Readonly<Record<string, unknown>>;
    signal: AbortSignal;
    cancel: AbortController;
}

/** One run of a workflow, from its first job to its last. */
export class Execution {
    constructor(
        private readonly run: Run,
        private readonly planned: PlannedWorkflow,
        private readonly services: ExecutionServices,
        private readonly cancellation = new AbortController(),
    ) {}

    cancel(): void {
        this.cancellation.abort();
    }

    async execute(): Promise<Conclusion> {
        const { signal } = this.cancellation;
        const scope: Scope = { idPrefix: "", namePrefix: "", inputs: this.run.inputs, signal, cancel: this.cancellation };
        const { result } = await this.workflow(this.planned, scope);
        return result;
    }

    private async workflow(planned: PlannedWorkflow, scope: Scope): Promise<Result> {
        const { document } = planned;
        const contexts = {
            github: githubContext(this.run, planned.place, this.services.repositories),
            inputs: scope.inputs,
            vars: variablesOf(this.run.repository, this.services.repositories),
        };
        const subject = planned === this.planned ? this.run : undefined;
        return this.inTurn(document.concurrency, contexts, scope, subject, async () => {
            const settled = new Map<string, Promise<SettledJob>>();
            const settle = (id: string): Promise<SettledJob> => {
                const known = settled.get(id);
                if (known) return known;
                const needs = needsOf(document.jobs[id]);
                const made = Promise.all(needs.map(async (need) => [need, await settle(need)] as const)).then((before) =>
                    this.job(planned, id, scope, Object.fromEntries(before)),
                );
                settled.set(id, made);
                return made;
            };
            const entries = await Promise.all(Object.keys(document.jobs).map(async (id) => [id, await settle(id)] as const));
            const jobs = Object.fromEntries(entries.map(([id, { result, outputs }]) => [id, { result, outputs }]));
            const called = (document.on.workflow_call ?? {}) as { outputs?: Record<string, { value: string }> };
            const outputs = Object.entries(called.outputs ?? {}).map(([name, { value }]) => [
                name,
                textOf(evaluateText(value, { ...contexts, jobs })),
            ]);
            return { result: worst(Object.values(jobs).map(({ result }) => result)), outputs: Object.fromEntries(outputs) };
        });
    }

    private async job(
        planned: PlannedWorkflow,
        id: string,
        scope: Scope,
        needs: Readonly<Record<string, SettledJob>>,
    ): Promise<SettledJob> {
        const document = planned.document.jobs[id];
        const before = Object.values(needs).flatMap((need) => [need.result, ...need.before]);
        const contexts = {
            github: githubContext(this.run, planned.place, this.services.repositories),
            inputs: scope.inputs,
            vars: variablesOf(this.run.repository, this.services.repositories),
            needs: Object.fromEntries(Object.entries(needs).map(([name, { result, outputs }]) => [name, { result, outputs }])),
        };
        const settled = (result: Result): SettledJob => ({ ...result, before });
        try {
            if (!holds(document.if, contexts, standing(before, scope.signal))) {
                const conclusion = scope.signal.aborted ? "cancelled" : "skipped";
                this.conclude(this.record(planned, id, scope, contexts), conclusion);
                return settled({ result: conclusion, outputs: {} });
            }
            return settled(await this.matrix(planned, id, scope, contexts));
        } catch (error) {
            // What GitHub cannot evaluate fails the job, and tells why at the run.
            if (!(error instanceof Error)) throw error;
            this.conclude(this.record(planned, id, scope, contexts), "failure", error.message);
            return settled({ result: "failure", outputs: {} });
        }
    }

    private async matrix(planned: PlannedWorkflow, id: string, scope: Scope, contexts: Contexts): Promise<Result> {
        const { strategy } = planned.document.jobs[id];
        const all = combinations(evaluateAll(strategy?.matrix, contexts));
        const failFast = strategy === undefined ? false : evaluated(strategy["fail-fast"] ?? true, contexts) === true;
        const siblings = new AbortController();
        const signal = AbortSignal.any([scope.signal, siblings.signal]);
        const atOnce = slots(Number(evaluated(strategy?.["max-parallel"] ?? all.length, contexts)));
        const results = await Promise.all(
            all.map((matrix, index) =>
                atOnce(async () => {
                    const more = { "fail-fast": failFast, "job-index": index, "job-total": all.length };
                    const own = { ...contexts, matrix, strategy: more };
                    const suffix = strategy?.matrix === undefined ? undefined : index;
                    const result = await this.instance(planned, id, { ...scope, signal }, own, matrix, suffix);
                    if (result.result === "failure" && failFast) siblings.abort();
                    return result;
                }),
            ),
        );
        return {
            result: worst(results.map(({ result }) => result)),
            outputs: Object.assign({}, ...results.map(({ outputs }) => outputs)) as Record<string, string>,
        };
    }

    /** One job of a matrix, or the only one. */
    private async instance(
        planned: PlannedWorkflow,
        id: string,
        scope: Scope,
        contexts: Contexts,
        matrix: Combination,
        index: number | undefined,
    ): Promise<Result> {
        const document = planned.document.jobs[id];
        const cancel = new AbortController();
        const own: Scope = { ...scope, cancel, signal: AbortSignal.any([scope.signal, cancel.signal]) };
        const called = planned.calls[id];
        const job = called ? undefined : this.record(planned, id, scope, contexts, matrix, index);
        const result = await this.inTurn(document.concurrency, contexts, own, job, () => {
            if (!called) return this.steps(planned, id, job!, own, contexts).catch((error: unknown) => this.faulted(job!, error));
            const inputs = calledInputs(called, evaluateAll(document.with ?? {}, contexts) as Record<string, unknown>);
            const idPrefix = `${scope.idPrefix}${jobId(id, index)}/`;
            const namePrefix = `${scope.namePrefix}${jobName(id, document, contexts, matrix)} / `;
            return this.workflow(called, { ...own, idPrefix, namePrefix, inputs });
        });
        if (job && job.status !== "completed") this.conclude(job, result.result);
        const ignored = evaluated(document["continue-on-error"] ?? false, contexts) === true;
        return ignored && result.result === "failure" ? { ...result, result: "success" } : result;
    }

    private async steps(planned: PlannedWorkflow, id: string, job: RunJob, scope: Scope, contexts: Contexts): Promise<Result> {
        const { run, services } = this;
        const document = planned.document.jobs[id];
        const environment = environmentOf(document, contexts);
        if (environment !== undefined && !(await this.admitted(job, environment, scope.signal))) {
            return { result: scope.signal.aborted ? "cancelled" : "failure", outputs: {} };
        }
        const given = planned.permissions[id];
        const work: JobWork = {
            run,
            job,
            id,
            identity: identityOf(this.run, planned.place, this.services.repositories, environment),
            permissions: run.fork === true ? readOnly(given) : given,
            env: inlineContexts({ ...planned.document.env, ...document.env }, contexts),
            defaults: inlineContexts(document.defaults ?? planned.document.defaults, contexts),
            steps: inlineContexts(document.steps, contexts) as JobWork["steps"],
            outputs: inlineContexts(document.outputs ?? {}, contexts) as Record<string, string>,
            timeoutMinutes: Number(evaluated(document["timeout-minutes"] ?? defaultTimeoutMinutes, contexts)),
        };
        const { conclusion, outputs, message } = await services.onRunner(work, scope.signal);
        this.conclude(job, conclusion, message);
        return { result: conclusion, outputs };
    }

    /** A job that could not be run as it is written: told at the job. */
    private faulted(job: RunJob, error: unknown): Result {
        if (!(error instanceof Error)) throw error;
        this.conclude(job, "failure", error.message);
        return { result: "failure", outputs: {} };
    }

    /** Holds a job against its environment, and waits for who has to approve. */
    private async admitted(job: RunJob, environment: string, signal: AbortSignal): Promise<boolean> {
        const { run, services } = this;
        job.environment = environment;
        const { refusal, needsApproval } = admit(services.repositories.cloud, run.repository, environment, run.ref);
        if (refusal !== undefined) {
            this.conclude(job, "failure", refusal);
            return false;
        }
        if (!needsApproval) return true;
        this.setStatus(job, "waiting");
        const approved = await services.approval(run, environment, signal);
        this.setStatus(job, "queued");
        if (!approved && !signal.aborted) this.conclude(job, "failure", rejected);
        return approved;
    }

    /** Does something when its concurrency group lets it. */
    private async inTurn(
        entry: ConcurrencyEntry | undefined,
        contexts: Contexts,
        scope: Scope,
        subject: Run | RunJob | undefined,
        work: () => Promise<Result>,
    ): Promise<Result> {
        if (entry === undefined) return work();
        const wish = evaluateAll(typeof entry === "string" ? { group: entry } : entry, contexts) as Record<string, unknown>;
        const turn = {
            group: `${this.run.repository} ${String(wish.group)}`,
            cancelInProgress: wish["cancel-in-progress"] === true || wish["cancel-in-progress"] === "true",
            queue: wish.queue as string | undefined,
        };
        const { groups } = this.services;
        if (subject && groups.isTaken(turn.group)) this.setStatus(subject, "pending");
        const leave = await groups.enter(turn, () => scope.cancel.abort());
        if (leave === undefined) {
            const message = `Canceling since a higher priority waiting request for '${String(wish.group)}' exists`;
            Object.assign(subject ?? this.run, { message });
            return { result: "cancelled", outputs: {} };
        }
        if (subject?.status === "pending") this.setStatus(subject, "queued");
        try {
            return await work();
        } finally {
            leave();
        }
    }

    private record(
        planned: PlannedWorkflow,
        id: string,
        scope: Scope,
        contexts: Contexts,
        matrix: Combination = {},
        index?: number,
    ): RunJob {
        const job: RunJob = {
            id: `${scope.idPrefix}${jobId(id, index)}`,
            name: `${scope.namePrefix}${jobName(id, planned.document.jobs[id], contexts, matrix)}`,
            status: "queued",
        };
        this.run.jobs.push(job);
        this.services.changed(this.run);
        return job;
    }

    private setStatus(subject: Run | RunJob, status: Status): void {
        subject.status = status;
        this.services.changed(this.run);
    }

    private conclude(job: RunJob, conclusion: Conclusion, message?: string): void {
        Object.assign(job, { status: "completed", conclusion, ...(message === undefined ? {} : { message }) });
        if (job.startedAt !== undefined) job.finishedAt = new Date().toISOString();
        this.services.changed(this.run);
    }
}

/** GitHub's six hours. */
const defaultTimeoutMinutes = 360;
const rejected = "The deployment was rejected or didn't satisfy other protection rules.";

function standing(before: readonly Result["result"][], signal: AbortSignal): Standing {
    if (signal.aborted) return "cancelled";
    if (before.includes("failure")) return "failure";
    return before.every((result) => result === "success") ? "success" : "skipped";
}

/** What comes of several jobs: a skipped one among others harms none. */
function worst(results: readonly Result["result"][]): Result["result"] {
    const found = (["failure", "cancelled"] as const).find((result) => results.includes(result));
    return found ?? (results.every((result) => result === "skipped") ? "skipped" : "success");
}

function jobId(id: string, index: number | undefined): string {
    return index === undefined ? id : `${id}[${index}]`;
}

function jobName(id: string, { name }: JobDocument, contexts: Contexts, matrix: Combination): string {
    if (name !== undefined) return textOf(evaluateText(name, { matrix, ...contexts }));
    const values = Object.values(matrix);
    return values.length === 0 ? id : `${id} (${values.map(textOf).join(", ")})`;
}

function environmentOf({ environment }: JobDocument, contexts: Contexts): string | undefined {
    if (environment === undefined) return undefined;
    const name = textOf(evaluateText(typeof environment === "string" ? environment : environment.name, contexts));
    return name === "" ? undefined : name;
}

function evaluated(value: unknown, contexts: Contexts): unknown {
    return evaluateAll(value, contexts);
}

function textOf(value: unknown): string {
    return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
