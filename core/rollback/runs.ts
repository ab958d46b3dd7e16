import { askedRef, shortCommit } from "../promotion/words";
import { canonicalJson } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import type { Environment } from "../settings/model";
import type { HealthyRun } from "./target";

/** Whether an environment's file asks for what a run was asked for, `latest` resolved. */
export function asksForRun({ commit, pins }: Pick<Environment, "commit" | "pins">, { request }: RunRecord): boolean {
    return (commit === request.commit || commit === askedRef(request)) && canonicalJson(pins) === canonicalJson(request.pins);
}

/** The healthy runs of an environment as a table, newest first: what could be gone back to, and what would change. */
export function describeRuns(environment: string, runs: readonly HealthyRun[]): string {
    const [current] = runs;
    if (!current) {
        return `${environment} has no healthy run.`;
    }
    const rows = runs.map(({ tag, run }) => [tag, askedFor(run), run.by, changes(current.run, run), run.reason ?? ""]);
    const table = [["run", "asked for", "by", "would change", "because"], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
    return [
        ...table.map((row) =>
            row
                .map((cell, column) => cell.padEnd(widths[column]))
                .join("  ")
                .trimEnd(),
        ),
        `→ npx oneflow rollback ${environment} --to <run>`,
    ].join("\n");
}

function askedFor({ request }: RunRecord): string {
    const pins = Object.keys(request.pins).length;
    return `${shortCommit(askedRef(request))}${pins === 0 ? "" : ` + ${pins} ${pins === 1 ? "pin" : "pins"}`}`;
}

function changes(current: RunRecord, run: RunRecord): string {
    const changed = Object.keys({ ...current.images, ...run.images })
        .filter((image) => current.images[image]?.digest !== run.images[image]?.digest)
        .sort();
    const more = changed.length - named;
    return changed.length === 0 ? "nothing" : `${changed.slice(0, named).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** How many images are named before the rest is counted. */
const named = 3;
