import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { Repository } from "../../sandbox/git/repository";
import type { Event, Run } from "../../sandbox/github/actions/model";
import { Repositories } from "../../sandbox/github/actions/repositories";
import type { ActionsOptions, ActionsService } from "../../sandbox/github/actions/service";
import { type GithubServer, serveGithub } from "../../sandbox/github/server";
import { Cloud } from "../../sandbox/providers/cloud";

/** GitHub in a temporary folder, with one repository and a clone of it. */
export class ActionsWorld {
    readonly cloud: Cloud;
    readonly repositories: Repositories;
    actions!: ActionsService;
    github!: GithubServer;
    work!: Repository;

    private constructor(readonly directory: string) {
        this.cloud = new Cloud(join(directory, "cloud"));
        this.repositories = new Repositories(this.cloud, join(directory, "github"));
    }

    static async create(options: Pick<ActionsOptions, "installed" | "runners"> = {}): Promise<ActionsWorld> {
        const world = new ActionsWorld(mkdtempSync(join(tmpdir(), "oneflow-actions-")));
        world.github = await serveGithub({
            ...options,
            cloud: world.cloud,
            repositories: join(world.directory, "github"),
            directory: join(world.directory, "actions"),
            token: (job, audience) => `token of ${job.jobWorkflowRef} for ${audience}`,
        });
        world.actions = world.github.actions;
        world.work = await world.addRepository("acme/shop");
        return world;
    }

    async end(): Promise<void> {
        await this.github.close();
        rmSync(this.directory, { recursive: true, force: true });
    }

    async addRepository(fullName: string, { hidden = true }: { hidden?: boolean } = {}): Promise<Repository> {
        const id = 700001 + this.cloud.repositories().length;
        this.cloud.addRepository({ fullName, id, ownerId: 4200, private: hidden });
        const bare = join(this.directory, "github", `${fullName}.git`);
        mkdirSync(dirname(bare), { recursive: true });
        return Repository.clone(await Repository.bare(bare), join(this.directory, "work", fullName));
    }

    /** Commits files, a workflow as a value, and pushes them to a branch. @returns commits before and after */
    async push(files: Readonly<Record<string, unknown>>, { branch = "main", to = this.work } = {}): Promise<PushEvent> {
        const bare = this.repositories.git(this.nameOf(to));
        const before = (await bare.find(`refs/heads/${branch}`)) ?? "0".repeat(40);
        for (const [path, content] of Object.entries(files)) {
            const file = join(to.directory, path);
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, typeof content === "string" ? content : stringify(content));
        }
        const after = await to.commit("Change");
        await to.push(`HEAD:refs/heads/${branch}`);
        return { repository: this.nameOf(to), actor: "robin", name: "push", ref: `refs/heads/${branch}`, before, after };
    }

    /** The runs that an event starts, when they have ended. */
    async runs(event: Event): Promise<Run[]> {
        const started = await this.actions.handle(event);
        return Promise.all(started.map(({ id }) => this.actions.finished(id)));
    }

    log(run: Run, job: string): string {
        return this.actions.files.log(run, job);
    }

    /** What jobs came to, by id. */
    static conclusions({ jobs }: Run): Record<string, string | undefined> {
        return Object.fromEntries(jobs.map(({ id, conclusion }) => [id, conclusion]));
    }

    private nameOf({ directory }: Repository): string {
        return directory.slice(join(this.directory, "work").length + 1);
    }
}

export type PushEvent = Extract<Event, { name: "push" }>;
