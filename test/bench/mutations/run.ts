import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { comparisonsOf, type Mutant, removalsOf } from "./mutants";

/** Which tests noticed a mutant, by their titles. */
export interface Verdict {
    mutant: Mutant;
    /** What a random history broke. Absent: none noticed. */
    histories?: string;
    /** The first example that failed. Absent: none noticed. */
    examples?: string;
}

const root = join(__dirname, "../../..");
const promotion = join(root, "core/promotion");
const examples = ["promotionRules", "promotionFreeze", "factsPromotion"].map((name) => join(root, `test/unit/${name}.test.ts`));
const histories = [join(root, "test/unit/promotionHistories.test.ts"), "--grep", "keeps the laws"];

/** Every mutant of the rules: each taken away, each comparison in them and in what they ask turned. */
export function mutantsOfRules(): Mutant[] {
    const rules = readdirSync(join(promotion, "rules")).map((name) => join(promotion, "rules", name));
    const asked = ["freeze.ts", "decide.ts", "proposal.ts"].map((name) => join(promotion, name));
    return [...removalsOf(join(promotion, "rules/index.ts")), ...[...rules, ...asked].flatMap(comparisonsOf)];
}

/**
 * Runs the tests on each mutant: the random histories, which must notice by a law, and the examples.
 *
 * @param only part of a file's name, to look at few of them
 */
export async function measureMutations({
    only,
    progress,
    jobs,
}: {
    only?: string;
    jobs: number;
    progress: (line: string) => void;
}): Promise<Verdict[]> {
    const waiting = mutantsOfRules().filter(({ file }) => only === undefined || basename(file).includes(only));
    const all = waiting.length;
    const verdicts = new Map<Mutant, Verdict>();
    const order = [...waiting];
    const work = async (): Promise<void> => {
        for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
            const byExamples = await firstFailure(mutant, examples);
            const byHistories = await firstFailure(mutant, histories);
            const verdict = { mutant, ...(byHistories && { histories: byHistories }), ...(byExamples && { examples: byExamples }) };
            verdicts.set(mutant, verdict);
            progress(`${verdicts.size} of ${all}  ${describeVerdict(verdict)}`);
        }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    return order.map((mutant) => verdicts.get(mutant)!);
}

/** A table of all verdicts, and how many nobody noticed. */
export function describeMutations(verdicts: readonly Verdict[]): string {
    const noticed = (key: "histories" | "examples") => verdicts.filter((verdict) => verdict[key] !== undefined).length;
    const survivors = verdicts.filter((verdict) => verdict.histories === undefined && verdict.examples === undefined);
    return [
        "| where | mutant | histories | examples |",
        "|---|---|---|---|",
        ...verdicts.map(describeVerdict),
        "",
        `${verdicts.length} mutants: random histories noticed ${noticed("histories")}, examples ${noticed("examples")}, nobody ${survivors.length}.`,
    ].join("\n");
}

function describeVerdict({ mutant, histories: byHistories, examples: byExamples }: Verdict): string {
    const { file, line, replacement, before, after } = mutant;
    const change = replacement === "...[]" ? `without ${before}` : `\`${after}\``;
    const cells = [`${relative(promotion, file)}:${line}`, change, byHistories ?? "—", byExamples ?? "—"];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The title of the first test that fails on the mutant, with what it says. Nothing where all pass. */
function firstFailure({ file, start, end, replacement }: Mutant, tests: readonly string[]): Promise<string | undefined> {
    const env = { ...process.env, ONEFLOW_MUTANT: JSON.stringify({ file, start, end, replacement }) };
    const mocha = join(root, "node_modules/mocha/bin/mocha.js");
    const args = [
        mocha,
        "--require",
        join(__dirname, "applied.js"),
        "--bail",
        "--reporter",
        "json",
        "--timeout",
        "120000",
        ...tests,
    ];
    return new Promise((resolve, reject) => {
        execFile(process.execPath, args, { cwd: root, env, maxBuffer: 1 << 28 }, (error, stdout) => {
            if (!error) {
                resolve(undefined);
                return;
            }
            const begin = stdout.indexOf('{\n  "stats"');
            if (begin < 0) {
                reject(new Error(`the tests did not run on ${relative(root, file)}: ${error.message}`));
                return;
            }
            const { failures } = JSON.parse(stdout.slice(begin)) as { failures: Failure[] };
            resolve(failures[0] && toldBy(failures[0]));
        });
    });
}

/** The law that a history broke, else the title of the example. */
function toldBy({ title, err }: Failure): string {
    const law = /Caused by: [^:]*: (.*)/.exec(err.stack ?? "")?.[1];
    return (title.startsWith("keeps the laws") ? (law ?? err.message ?? title) : title).split("\n")[0].slice(0, 120);
}

interface Failure {
    title: string;
    err: { message?: string; stack?: string };
}
