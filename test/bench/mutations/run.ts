import fs from "node:fs";
import { join, relative } from "node:path";
import Mocha from "mocha";
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
/** Files of tests, and of which of them by title. */
interface Tests {
    files: readonly string[];
    grep?: string;
}

const unit = (name: string) => join(root, `test/unit/${name}.test.ts`);
const examples: Tests = {
    files: ["promotionRules", "promotionFreeze", "factsPromotion", "databaseSchemas", "rollback"].map(unit),
};
const histories: Tests = {
    files: ["promotionHistories", "databaseSchemas"].map(unit),
    grep: "keeps the laws|runs no version on a newer schema",
};

/** Every mutant of the rules: each taken away, each comparison in them and in what they ask turned. */
export function mutantsOfRules(): Mutant[] {
    const rules = fs.readdirSync(join(promotion, "rules")).map((name) => join(promotion, "rules", name));
    const asked = ["freeze.ts", "decide.ts", "proposal.ts"].map((name) => join(promotion, name));
    return [...removalsOf(join(promotion, "rules/index.ts")), ...[...rules, ...asked].flatMap(comparisonsOf)];
}

/**
 * Runs the tests on each mutant: the random histories, which must notice by a law, and the examples.
 *
 * @param only part of a file's name, to look at few of them
 */
export async function measureMutations(only: string | undefined, progress: (line: string) => void): Promise<Verdict[]> {
    const mutants = mutantsOfRules().filter(({ file }) => only === undefined || file.includes(only));
    const verdicts: Verdict[] = [];
    // The histories end at the first that breaks a law; a shorter one need not be looked for.
    process.env.ONEFLOW_MUTANT = "1";
    for (const mutant of mutants) {
        const byExamples = await firstFailure(mutant, examples);
        const byHistories = await firstFailure(mutant, histories);
        verdicts.push({ mutant, ...(byHistories && { histories: byHistories }), ...(byExamples && { examples: byExamples }) });
        progress(`${verdicts.length} of ${mutants.length}  ${describeVerdict(verdicts.at(-1)!)}`);
    }
    delete process.env.ONEFLOW_MUTANT;
    return verdicts;
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

/** What the first test that fails on the mutant says: the law that a history broke, or the example's title. Nothing where all pass. */
async function firstFailure(mutant: Mutant, tests: Tests): Promise<string | undefined> {
    const restore = readAs(mutant);
    try {
        forget();
        const mocha = new Mocha({ bail: true, timeout: 120_000, reporter: Silent, ...(tests.grep && { grep: tests.grep }) });
        tests.files.forEach((file) => mocha.addFile(file));
        return await new Promise((resolve) => {
            let told: string | undefined;
            mocha
                .run(() => {
                    mocha.dispose();
                    resolve(told);
                })
                .on("fail", ({ title }, error: Error & { cause?: Error }) => {
                    told ??= (error.cause?.message ?? (tests.grep ? error.message : title)).split("\n")[0].slice(0, 120);
                });
        });
    } finally {
        restore();
        forget();
    }
}

/** Reads a file of the source as the mutant; on disk nothing is touched. */
function readAs({ file, start, end, replacement }: Mutant): () => void {
    const { readFileSync } = fs;
    const mutated = (name: unknown, ...options: unknown[]) => {
        const content = Reflect.apply(readFileSync, fs, [name, ...options]) as string | Buffer;
        if (name !== file) {
            return content;
        }
        const text = String(content);
        return text.slice(0, start) + replacement + text.slice(end);
    };
    fs.readFileSync = mutated as typeof readFileSync;
    return () => void (fs.readFileSync = readFileSync);
}

/** Lets what was loaded of the source and of its tests be loaded anew. */
function forget(): void {
    for (const file of Object.keys(require.cache).filter((name) => /^(core|test.unit)/.test(relative(root, name)))) {
        Reflect.deleteProperty(require.cache, file);
    }
}

/** Says nothing by itself: the mutants' verdicts are the report. */
class Silent extends Mocha.reporters.Base {}
