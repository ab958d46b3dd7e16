import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { toolPath } from "../../toolchain/toolchain";
import type { JobIdentity } from "../job";

/** A job as a runner gets it: all that is known before it starts stands in it. */
export interface RunnerJob {
    identity: JobIdentity;
    /** Id of the job in its workflow. */
    id: string;
    /** Folder of its own: home, workspace, temporary files. It is thrown away afterwards. */
    directory: string;
    log: string;
    env?: unknown;
    defaults?: unknown;
    steps: readonly Readonly<Record<string, unknown>>[];
    /** Output → expression over the steps. */
    outputs: Readonly<Record<string, string>>;
    /** `GITHUB_TOKEN`. */
    token: string;
    payload: object;
    /** Where an action's text stands: `owner/name@ref` → folder. */
    actions: Readonly<Record<string, string>>;
    /** What else a process of the job finds in its environment. */
    variables: Readonly<Record<string, string>>;
    timeoutMinutes: number;
}

export interface RunnerResult {
    conclusion: "success" | "failure" | "cancelled";
    outputs: Readonly<Record<string, string>>;
    message?: string;
}

/** The machine that jobs run on. */
export interface RunnerImage {
    /** Folders of programs, first before all others. */
    path: readonly string[];
    /** Folder that stands for the runner's tool cache. */
    toolCache: string;
}

/** Runs a job's steps with act, on this machine, in an environment of its own. */
export async function runOnRunner(job: RunnerJob, image: RunnerImage, signal: AbortSignal): Promise<RunnerResult> {
    const { directory } = job;
    const place = (name: string) => join(directory, name);
    for (const name of ["home", "workspace", "act", "tmp"]) mkdirSync(place(name), { recursive: true });
    mkdirSync(image.toolCache, { recursive: true });
    symlinkSync(image.toolCache, join(place("act"), "tool_cache"));
    writeFileSync(place("workflow.yml"), stringify(document(job, place("outputs"))));
    writeFileSync(place("event.json"), JSON.stringify(job.payload));
    writeFileSync(place("secrets"), `GITHUB_TOKEN=${job.token}\n`, { mode: 0o600 });
    writeFileSync(place("variables"), environmentFile(actVariables(job.identity, job.variables)));
    try {
        const { code, timedOut } = await act(job, image, signal);
        const conclusion = signal.aborted || timedOut ? "cancelled" : code === 0 ? "success" : "failure";
        const message = timedOut
            ? `The job has exceeded the maximum execution time of ${job.timeoutMinutes}m0s`
            : signal.aborted
              ? "The operation was canceled."
              : undefined;
        return { conclusion, outputs: outputsAt(place("outputs"), Object.keys(job.outputs)), ...(message ? { message } : {}) };
    } finally {
        rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    }
}

/** Variables that say where the run stands, as GitHub sets them; those of the services come on top. */
function jobVariables(identity: JobIdentity): Record<string, string> {
    const { repository } = identity;
    return {
        GITHUB_REPOSITORY: repository.fullName,
        GITHUB_REPOSITORY_ID: String(repository.id),
        GITHUB_REPOSITORY_OWNER: repository.fullName.split("/")[0],
        GITHUB_REPOSITORY_OWNER_ID: String(repository.ownerId),
        GITHUB_REF: identity.ref,
        GITHUB_REF_NAME: identity.ref.replace(/^refs\/(heads|tags|pull)\//, ""),
        GITHUB_REF_TYPE: identity.ref.startsWith("refs/tags/") ? "tag" : "branch",
        GITHUB_RUN_ID: String(identity.runId),
        GITHUB_RUN_NUMBER: String(identity.runNumber),
        GITHUB_RUN_ATTEMPT: String(identity.runAttempt),
        GITHUB_HEAD_REF: identity.headRef ?? "",
        GITHUB_BASE_REF: identity.baseRef ?? "",
        GITHUB_WORKFLOW_REF: identity.workflowRef,
        GITHUB_WORKFLOW_SHA: identity.workflowSha,
        GITHUB_TRIGGERING_ACTOR: identity.actor,
        RUNNER_ENVIRONMENT: "github-hosted",
    };
}

function actVariables(identity: JobIdentity, variables: Readonly<Record<string, string>>): Record<string, string> {
    // act takes the commit by this name.
    return { ...jobVariables(identity), ...variables, SHA_REF: identity.sha };
}

function document({ id, identity, env, defaults, steps, outputs }: RunnerJob, outputsFile: string): object {
    const values = Object.values(outputs);
    const variables = values.map((_, index) => `ONEFLOW_OUTPUT_${index}`);
    const collect = {
        name: "Collect the job's outputs",
        if: "always()",
        shell: "bash",
        env: Object.fromEntries(variables.map((name, index) => [name, values[index]])),
        run: `printf '%s\\0' ${variables.map((name) => `"$${name}"`).join(" ")} > '${outputsFile}'`,
    };
    return {
        name: identity.workflow,
        on: { [identity.eventName]: null },
        ...(defaults === undefined ? {} : { defaults }),
        jobs: { [id]: { "runs-on": "runner", env: env ?? {}, steps: values.length > 0 ? [...steps, collect] : steps } },
    };
}

function outputsAt(file: string, names: readonly string[]): Record<string, string> {
    if (!existsSync(file)) return {};
    const values = readFileSync(file, "utf8").split("\0");
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

function environmentFile(variables: Readonly<Record<string, string>>): string {
    return Object.entries(variables)
        .map(([name, value]) => `${name}=${JSON.stringify(value).replaceAll("$", "\\$")}\n`)
        .join("");
}

async function act(job: RunnerJob, image: RunnerImage, signal: AbortSignal): Promise<{ code: number; timedOut: boolean }> {
    const place = (name: string) => join(job.directory, name);
    const actions = Object.entries(job.actions).map(([name, folder]) => `--local-repository=${name}=${folder}`);
    const arguments_ = [
        job.identity.eventName,
        ...["--workflows", place("workflow.yml"), "--directory", place("workspace"), "--bind"],
        ...["--eventpath", place("event.json"), "--secret-file", place("secrets"), "--env-file", place("variables")],
        ...["--platform", "runner=-self-hosted", "--no-skip-checkout", "--no-cache-server", "--actor", job.identity.actor],
        ...["--action-cache-path", place("act"), "--job", job.id, "--log-prefix-job-id", ...actions],
    ];
    mkdirSync(dirname(job.log), { recursive: true });
    const log = createWriteStream(job.log, { flags: "a" });
    const child = spawn(await toolPath("act"), arguments_, {
        cwd: place("workspace"),
        // Nothing of the machine's own environment: a variable that somebody set here would be one that GitHub's runner lacks.
        env: {
            HOME: place("home"),
            PATH: [...image.path, dirname(process.execPath), ...systemPath].join(":"),
            LANG: "C.UTF-8",
            TMPDIR: place("tmp"),
            USER: "runner",
            // act gives every step a terminal, which GitHub's runner has none of: nothing may wait for somebody to turn a page.
            PAGER: "cat",
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    let timedOut = false;
    let patience: NodeJS.Timeout | undefined;
    const end = () => {
        child.kill("SIGINT");
        patience ??= setTimeout(() => child.kill("SIGKILL"), graceMilliseconds);
    };
    const limit = setTimeout(() => ((timedOut = true), end()), job.timeoutMinutes * 60_000);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
        const code = await new Promise<number>((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (status) => resolve(status ?? 1));
        });
        return { code, timedOut };
    } finally {
        clearTimeout(limit);
        clearTimeout(patience);
        signal.removeEventListener("abort", end);
        await new Promise<void>((resolve) => log.end(resolve));
    }
}

/** GitHub gives steps that are cancelled ten seconds to end. */
const graceMilliseconds = 10_000;
const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
