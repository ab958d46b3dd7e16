import type { Run, RunJob } from "../github/actions/model";

/** What a run's jobs came to, a line for each job of the workflow; those of a matrix together, those that were skipped left out. */
export function describeJobs({ jobs }: Run): string[] {
    const groups = new Map<string, RunJob[]>();
    for (const job of jobs.filter(({ startedAt }) => startedAt !== undefined)) {
        const id = job.id.replace(/\[\d+\]$/, "");
        groups.set(id, [...(groups.get(id) ?? []), job]);
    }
    return [...groups.values()].map(describeGroup);
}

function describeGroup(jobs: readonly RunJob[]): string {
    const failed = jobs.filter(({ conclusion }) => conclusion !== "success");
    const name = jobs.length === 1 ? jobs[0].name : `${jobs[0].name.replace(/ \S+$/, "")} ×${jobs.length}`;
    const seconds = (moment(jobs, "finishedAt", Math.max) - moment(jobs, "startedAt", Math.min)) / 1000;
    const end = failed.length === 0 ? "✔" : failed.map(({ conclusion }) => conclusion).join(", ");
    return `${name}  ${end} ${seconds.toFixed(1)} s`;
}

function moment(jobs: readonly RunJob[], field: "startedAt" | "finishedAt", pick: (...times: number[]) => number): number {
    return pick(...jobs.flatMap((job) => (job[field] === undefined ? [] : [Date.parse(job[field])])));
}
