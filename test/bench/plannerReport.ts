import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../core/refusal";
import { columns } from "../../sandbox/columns";
import { type Compared, comparePlans, type PastCommit, type Pushes, readHistory, type Way, ways } from "./planner";
import { indented } from "./report";

/** How the history is pushed. The history itself does not say. */
export const scenarios: readonly Pushes[] = [
    { what: "Every commit is a push" },
    { what: "A push a day, with the commits of that day", pushed: (commit, next) => day(commit) !== (next && day(next)) },
    { what: "Every commit is a push, and each tenth run fails", fails: (push) => push % 10 === 0 },
    {
        what: "Every commit is a push to develop, and at the end of each month develop is merged into main",
        merged: (commit, next) => month(commit) !== (next && month(next)),
    },
];

/** Where the history is looked for: beside the checkout. It is no part of the project. */
export const historyFile = join("..", "shared", "data", "online-boutique", "history.tsv");

/** `npm run bench -- --planner`: what the content plan decides over a real history, beside other ways to decide. */
export async function measurePlans(root: string, home: string, progress: (line: string) => void): Promise<Compared[]> {
    const file = join(home, historyFile);
    if (!existsSync(file)) {
        const message = `does not exist; expected the history of a monorepo, a line for each commit`;
        const remedy = "columns: commit, date, tag, then for each service the hash of its folder, or - where there is none";
        throw new Refusal("Nothing was measured", [{ subject: file, message, remedy }]);
    }
    const history = readHistory(readFileSync(file, "utf8"));
    const compared: Compared[] = [];
    for (const [index, pushes] of scenarios.entries()) {
        progress(pushes.what);
        compared.push(await comparePlans(join(root, `history-${index}.git`), history, pushes));
    }
    return compared;
}

/** The figures for a reader. */
export function describePlans(compared: readonly Compared[]): string {
    return compared
        .map(({ what, pushes, images, ways: decided, planSeconds }) => {
            const rows = (Object.keys(ways) as Way[]).map((way) => {
                const { built, needless, wrong } = decided[way];
                return [ways[way], String(built), percent(built / images), String(needless), String(wrong)];
            });
            const table = columns([["", "built", "of all", "built though there", "left with another content"], ...rows]);
            const milliseconds = (planSeconds * 1000).toFixed(0);
            return `${what}: ${pushes} pushes, ${images} images wanted; ${milliseconds} ms for a plan\n${indented(table)}`;
        })
        .join("\n\n");
}

function percent(share: number): string {
    return `${(share * 100).toFixed(1)} %`;
}

// In UTC: the authors' own time zones would make a day end several times.
function day({ date }: PastCommit): string {
    return new Date(date).toISOString().slice(0, 10);
}

function month(commit: PastCommit): string {
    return day(commit).slice(0, 7);
}
