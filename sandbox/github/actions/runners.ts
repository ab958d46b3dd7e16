import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JobIdentity } from "../job";
import { ActionSources } from "./actionSources";
import type { JobWork } from "./execution";
import type { Permissions } from "./permissions";
import type { Repositories } from "./repositories";
import { type RunnerImage, runOnRunner, type RunnerResult } from "./runner";
import { slots } from "./slots";

/** What {@link Runners} are like. */
export interface RunnerOptions {
    /** Folder for checkouts, and for what jobs leave behind while they run. */
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

/** The machines that jobs run on, so many at once, and the jobs that they have. */
export class Runners {
    private readonly running = new Map<string, RunningJob>();
    private readonly onMachine: <T>(work: () => Promise<T>) => Promise<T>;
    private readonly sources: ActionSources;
    private readonly image: RunnerImage;

    constructor(
        repositories: Repositories,
        private readonly options: RunnerOptions,
    ) {
        const { directory, image = join(__dirname, "..", "runner"), programs = [], runners = 3, installed = [] } = options;
        this.image = { path: [join(image, "bin"), ...programs], toolCache: join(directory, "tool-cache") };
        this.sources = new ActionSources(repositories, join(image, "actions"), join(directory, "checkouts"));
        this.onMachine = slots(runners);
        for (const project of installed) keepInstalled(this.image.toolCache, project);
    }

    /** The job that a token is of; nothing once it has ended. */
    jobOf(token: string): RunningJob | undefined {
        return this.running.get(token);
    }

    /**
     * Runs a job as soon as a machine is free.
     *
     * @param folder where its log goes
     * @param began told when the job has its machine
     */
    run(work: JobWork, signal: AbortSignal, folder: string, began: () => void): Promise<RunnerResult> {
        return this.onMachine(() => this.runNow(work, signal, folder, began));
    }

    private async runNow(work: JobWork, signal: AbortSignal, folder: string, began: () => void): Promise<RunnerResult> {
        if (signal.aborted) return { conclusion: "cancelled", outputs: {} };
        const { run, job, identity, permissions } = work;
        const name = job.id.replace(/[^A-Za-z0-9_-]+/g, "-");
        const directory = join(this.options.directory, "work", `${run.id}-${run.attempt}-${name}`);
        const token = `ghs_${randomBytes(18).toString("hex")}`;
        const running: RunningJob = { identity, permissions, token, directory };
        const log = join(folder, String(run.attempt), `${name}.log`);
        Object.assign(job, { status: "in_progress", startedAt: new Date().toISOString(), log });
        Object.assign(run, { status: "in_progress" });
        began();
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
}

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
