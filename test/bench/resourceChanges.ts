/** What an `up` did, from the summary at its end: `created`, `updated`, `unchanged` … → how many resources. */
export function resourceChanges(output: string): Record<string, number> {
    const summary = output.split("\nResources:")[1]?.trim().split("\n\n")[0] ?? "";
    const counts = [...summary.matchAll(/(\d+) (created|updated|replaced|deleted|read|unchanged|errored)\b/g)];
    return Object.fromEntries(counts.map(([, count, what]) => [what, Number(count)]));
}
