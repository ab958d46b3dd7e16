import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event, Run } from "./actions/model";
import type { Repositories } from "./actions/repositories";
import type { ActionsService } from "./actions/service";
import { brokenRules, type ReferenceChange } from "../providers/github/rules";
import { mergePullRequest } from "./pullRequests";

/** What calls that are the world's own begin with: GitHub has no such pages. */
export const worldPath = "/_world";

/** Where GitHub's Actions are reached by the world's own processes: git's hooks and whoever opens the world. */
export interface Control {
    address: string;
    key: string;
}

export function writeControl(directory: string, control: Control): void {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, controlFile), JSON.stringify(control), { mode: 0o600 });
}

/** What a person does on GitHub's pages: starts, repeats, approves, merges; and what git's hooks tell. */
export class ActionsClient {
    constructor(
        /** Folder of the Actions. */
        private readonly directory: string,
    ) {}

    /** Tells of an event. @returns the runs that it started */
    handle(event: Event): Promise<Run[]> {
        return this.call("events", { event });
    }

    rerun(id: number): Promise<Run> {
        return this.call("rerun", { id });
    }

    cancel(id: number): Promise<void> {
        return this.call("cancel", { id });
    }

    approve(id: number, environment: string, { approved = true }: { approved?: boolean } = {}): Promise<void> {
        return this.call("approve", { id, environment, approved });
    }

    /** The run, when all of it has ended. */
    finished(id: number): Promise<Run> {
        return this.call("finished", { id });
    }

    /** Merges a pull request as a person does, and starts what the push of its merge starts. */
    merge(repository: string, number: number, actor: string): Promise<{ commit: string; runs: Run[] }> {
        return this.call("merge", { repository, number, actor });
    }

    private async call<T>(name: string, body: object): Promise<T> {
        const { address, key } = JSON.parse(readFileSync(join(this.directory, controlFile), "utf8")) as Control;
        const response = await fetch(`${address}${worldPath}/${name}`, {
            method: "POST",
            headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
            body: JSON.stringify(body),
        });
        const value = (await response.json()) as T & { message?: string };
        if (!response.ok) throw new Error(`the sandbox's GitHub: ${value.message}`);
        return value;
    }
}

/** Answers what an {@link ActionsClient} asks. */
export async function answerWorld(path: string, body: Readonly<Record<string, unknown>>, place: Place): Promise<unknown> {
    const { actions } = place;
    const { id, event, environment, approved } = body as { id: number; event: Event; environment: string; approved: boolean };
    switch (path) {
        case "/events":
            return actions.handle(event);
        case "/rerun":
            return actions.rerun(id);
        case "/cancel":
            return actions.cancel(id);
        case "/approve":
            return actions.approve(id, environment, { approved });
        case "/finished":
            return actions.finished(id);
        case "/merge":
            return merge(place, body as { repository: string; number: number; actor: string });
        case "/rules":
            return brokenByJob(place, body as unknown as { repository: string; changes: ReferenceChange[] });
        default:
            throw new Error(`${path} is nothing that the world asks`);
    }
}

interface Place {
    actions: ActionsService;
    repositories: Repositories;
}

async function merge(
    { actions, repositories }: Place,
    { repository, number, actor }: { repository: string; number: number; actor: string },
): Promise<{ commit: string; runs: Run[] }> {
    const { cloud } = repositories;
    const base = cloud.store.get<{ base: string }>(`github/${repository}/pulls/${number}`)?.base;
    const ref = `refs/heads/${base}`;
    const before = await repositories.git(repository).find(ref);
    const layout = { github: (name: string) => repositories.git(name).directory };
    const commit = await mergePullRequest({ cloud, layout }, repository, number);
    const runs = await actions.handle({ name: "push", repository, actor, ref, before: before!, after: commit });
    return { commit, runs };
}

/** The changes of references that no job may make. */
function brokenByJob(
    { repositories }: Place,
    { repository, changes }: { repository: string; changes: ReferenceChange[] },
): { reference: string; rules: string[] }[] {
    const found = repositories.require(repository);
    return changes
        .map(({ reference, what }) => ({ reference, rules: brokenRules(repositories.cloud, found, { reference, what }) }))
        .filter(({ rules }) => rules.length > 0);
}

const controlFile = "control.json";
