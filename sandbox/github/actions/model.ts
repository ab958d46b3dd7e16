/** What starts workflows in a repository. */
export type Event = { repository: string; actor: string } & (
    | { name: "push"; ref: string; before: string; after: string }
    | { name: "pull_request"; number: number; action: PullRequestAction; fork?: boolean }
    | { name: "workflow_dispatch"; workflow: string; ref: string; inputs?: Readonly<Record<string, string>> }
    | { name: "schedule"; workflow: string; cron: string }
);

export type PullRequestAction = "opened" | "synchronize" | "reopened" | "closed";

/** How a run or a job ended, as GitHub names it. */
export type Conclusion = "success" | "failure" | "cancelled" | "skipped" | "startup_failure";

/** `pending`: waits for the turn of its concurrency group. `waiting`: for somebody to approve its environment. */
export type Status = "queued" | "pending" | "waiting" | "in_progress" | "completed";

/** One run of a workflow, as it stands in `run.json`. */
export interface Run {
    id: number;
    /** Counts the runs of one workflow. */
    number: number;
    /** Starts at 1; a rerun counts on. */
    attempt: number;
    repository: string;
    /** The workflow's own name. */
    workflow: string;
    /** Its file in the repository. */
    path: string;
    event: Event["name"];
    actor: string;
    ref: string;
    sha: string;
    /** Branches of a pull request. */
    headRef?: string;
    baseRef?: string;
    /** What a job finds at `github.event`. */
    payload: Readonly<Record<string, unknown>>;
    /** Values of a button's form. */
    inputs: Readonly<Record<string, unknown>>;
    /** Whether the event came out of a fork: its jobs' tokens read at most. */
    fork?: boolean;
    status: Status;
    conclusion?: Conclusion;
    /** Why it did not start, or why it was ended. */
    message?: string;
    createdAt: string;
    finishedAt?: string;
    jobs: RunJob[];
}

export interface RunJob {
    /** Job's id, after those of the jobs that call its workflow: `build/plan`; of a matrix with its number, `build/build[2]`. */
    id: string;
    /** As GitHub shows it: `Build / Build cartservice`. */
    name: string;
    status: Status;
    conclusion?: Conclusion;
    message?: string;
    environment?: string;
    /** File of its log, readable while it runs. Absent where it never ran. */
    log?: string;
    startedAt?: string;
    finishedAt?: string;
}
