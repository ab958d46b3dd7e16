import type { Occurrence } from "./occurrence";
import { matches } from "./patterns";
import type { Triggers } from "./workflowFile";

/** What an event of a workflow's `on` may be filtered by. */
interface Filters {
    branches?: readonly string[];
    "branches-ignore"?: readonly string[];
    tags?: readonly string[];
    "tags-ignore"?: readonly string[];
    paths?: readonly string[];
    "paths-ignore"?: readonly string[];
    types?: string | readonly string[];
}

/** Whether a workflow at a path runs on an event. */
export async function starts(on: Triggers, path: string, occurrence: Occurrence): Promise<boolean> {
    const { event } = occurrence;
    if (!Object.hasOwn(on, event.name)) return false;
    switch (event.name) {
        case "push": {
            const filters = on.push as Filters;
            if (skipsByMessage(occurrence)) return false;
            if (!takesRef(filters, event.ref)) return false;
            // Paths are asked of branches only.
            return event.ref.startsWith("refs/tags/") || takesPaths(filters, occurrence);
        }
        case "pull_request": {
            const filters = on.pull_request as Filters;
            const types = [filters.types ?? ["opened", "synchronize", "reopened"]].flat();
            if (!types.includes(event.action)) return false;
            return takesName(filters.branches, filters["branches-ignore"], occurrence.baseRef!) && takesPaths(filters, occurrence);
        }
        case "workflow_dispatch":
            return path.endsWith(`/${event.workflow}`) || path === event.workflow;
        case "schedule": {
            const times = on.schedule as readonly { cron: string }[];
            return (
                (path.endsWith(`/${event.workflow}`) || path === event.workflow) && times.some(({ cron }) => cron === event.cron)
            );
        }
    }
}

/** A filter of the one kind keeps the other kind out: `branches` alone lets no tag through. */
function takesRef(filters: Filters, ref: string): boolean {
    const { branches, tags } = filters;
    const [ignoredBranches, ignoredTags] = [filters["branches-ignore"], filters["tags-ignore"]];
    const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
    const filtersBranches = branches !== undefined || ignoredBranches !== undefined;
    const filtersTags = tags !== undefined || ignoredTags !== undefined;
    if (branch !== undefined) return filtersBranches ? takesName(branches, ignoredBranches, branch) : !filtersTags;
    const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
    if (tag === undefined) return false;
    return filtersTags ? takesName(tags, ignoredTags, tag) : !filtersBranches;
}

function takesName(taken: readonly string[] | undefined, ignored: readonly string[] | undefined, name: string): boolean {
    if (taken !== undefined) return matches(taken, name);
    return ignored === undefined || !matches(ignored, name);
}

async function takesPaths(filters: Filters, occurrence: Occurrence): Promise<boolean> {
    const { paths } = filters;
    const ignored = filters["paths-ignore"];
    if (paths === undefined && ignored === undefined) return true;
    const changed = await occurrence.changed();
    if (changed === undefined) return true;
    if (paths !== undefined) return changed.some((path) => matches(paths, path));
    return changed.some((path) => !matches(ignored!, path));
}

function skipsByMessage({ payload }: Occurrence): boolean {
    const { message } = payload.head_commit as { message: string };
    return /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/.test(message);
}
