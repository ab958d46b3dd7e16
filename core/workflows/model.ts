import type { ActionName } from "./actions";

/** A GitHub workflow as plain values. The renderer alone writes `${{ }}`; no text here may hold one. */
export interface Workflow {
    /** What GitHub shows in its list. */
    name: string;
    /** What a reader should know who opens the file: stands at its head. */
    about: string;
    on: Triggers;
    concurrency?: Concurrency;
    /** Id → job. */
    jobs: Readonly<Record<string, Job>>;
}

/** When a workflow runs. */
export interface Triggers {
    push?: { branches: readonly string[]; paths?: readonly string[] } | { tags: readonly string[] };
    pullRequest?: { branches: readonly string[] };
    /** A button, with a form. At most 25 inputs. */
    dispatch?: { inputs: Readonly<Record<string, Input>> };
    /** Called by another workflow. */
    call?: { inputs: Readonly<Record<string, Input>>; outputs?: Readonly<Record<string, CallOutput>> };
    /** Times as cron expressions, in UTC. */
    schedule?: readonly string[];
}

export interface Input {
    description: string;
    type: "string" | "boolean";
    required: boolean;
}

export interface CallOutput {
    description: string;
    value: Expression;
}

/** Runs of one group take turns. */
export interface Concurrency {
    group: Value;
    /** Whether a newer run ends the one that is under way. */
    cancelInProgress: boolean;
    /** `max` keeps every waiting run. @default - GitHub's: a newer run takes the place of the one that waits */
    queue?: "max";
}

/** A job that runs steps on a machine, or one that calls a workflow. */
export type Job = WorkJob | CallJob;

interface AnyJob {
    name: Value;
    /** All that the job's token may do; what is not here is refused. */
    permissions: Permissions;
    /** Ids of the jobs that must have succeeded. */
    needs?: readonly string[];
    if?: Expression;
    concurrency?: Concurrency;
}

export interface WorkJob extends AnyJob {
    timeoutMinutes: number;
    /** GitHub environment: its rules hold for the job, and its name stands in the job's OIDC token. */
    environment?: Value;
    strategy?: Strategy;
    /** Output → value. */
    outputs?: Readonly<Record<string, Expression>>;
    steps: readonly Step[];
}

export interface CallJob extends AnyJob {
    calls: BranchReference;
    with?: Readonly<Record<string, Value>>;
}

export interface Strategy {
    /** Whether the first job that fails ends the others. */
    failFast: boolean;
    /** Variable → its values. At most 256 jobs. */
    matrix: Readonly<Record<string, readonly string[] | Expression>>;
}

export type PermissionScope = "contents" | "id-token" | "pull-requests";

export type Permissions = Readonly<Partial<Record<PermissionScope, Permission>>>;

export interface Permission {
    access: "read" | "write";
    /** What the job needs it for: stands behind it as a comment. */
    why: string;
}

/** A workflow or an action of the operations repository, by its branch. */
export interface BranchReference {
    /** `owner/name`. */
    repository: string;
    /** Path in the repository. */
    path: string;
    branch: string;
    /** Why it is not pinned by a SHA: stands beside zizmor's suppression. */
    why: string;
}

/** A step runs a script, an action out of the table, or an action of the operations repository. */
export type Step = RunStep | ActionStep | OwnActionStep;

interface AnyStep {
    name: string;
    /** Only where a later step or an output reads it. */
    id?: string;
    if?: Expression;
    env?: Readonly<Record<string, Value>>;
}

export interface RunStep extends AnyStep {
    /** Lines for bash. Values reach them through {@link AnyStep.env} only. */
    run: readonly string[];
    workingDirectory?: Value;
    /** A finding of zizmor that holds nothing against the script. */
    suppress?: { rule: string; why: string };
}

export interface ActionStep extends AnyStep {
    action: ActionName;
    with?: Readonly<Record<string, Value>>;
}

export interface OwnActionStep extends AnyStep {
    own: BranchReference;
}

/** An action made of steps, `action.yml`. */
export interface CompositeAction {
    name: string;
    /** What a reader should know who opens the file: stands at its head. */
    about: string;
    description: string;
    outputs: Readonly<Record<string, CallOutput>>;
    steps: readonly Step[];
}

export type Value = string | number | boolean | Expression | Template;

/** Something that GitHub computes: `github.sha`, without the braces. */
export interface Expression {
    readonly expression: string;
}

/** Text with expressions in it. */
export interface Template {
    readonly parts: readonly (string | Expression)[];
}
