import fs from "node:fs";
import { join, relative } from "node:path";
import Mocha from "mocha";
import type { Mutant } from "./mutants";

/** Which tests noticed a mutant, by their words. */
export interface Noticed {
    /** What a random history broke. Absent: none noticed. */
    histories?: string;
    /** The first example that failed. Absent: none noticed. */
    examples?: string;
}

/** Files of tests, and which of them by title. */
interface Tests {
    files: readonly string[];
    grep: string;
    /** Whether those of other titles are meant. */
    invert: boolean;
}

const root = join(__dirname, "../../..");
const unit = (name: string) => join(root, `test/unit/${name}.test.ts`);
const examples: Tests = {
    files: [
        "promotionRules",
        "promotionFreeze",
        "promotionSignature",
        "factsPromotion",
        "releasedPromotion",
        "databaseSchemas",
        "rollback",
    ].map(unit),
    grep: "any history|keeps the laws of signatures",
    invert: true,
};
const histories: Tests = {
    // What decides at a moment first: it is the sooner said.
    files: ["promotionMoments", "promotionSignature", "promotionHistories", "promotionUnionHistories", "databaseSchemas"].map(unit),
    grep: "keeps? the laws|runs no version on a newer schema",
    invert: false,
};

// One mutant after the other, as they are sent. The histories end at the first that breaks a law; a shorter one need not be looked for.
process.env.ONEFLOW_MUTANT = "1";
process.env.ONEFLOW_HISTORIES ??= "250";
// Whoever waits tells by this a mutant that never ends from one that takes its time.
setInterval(() => process.send!("alive"), 2_000).unref();
process.on("message", (mutant: Mutant) => {
    void judge(mutant).then((noticed) => process.send!(noticed));
});

async function judge(mutant: Mutant): Promise<Noticed> {
    const byExamples = await firstFailure(mutant, examples);
    const byHistories = await firstFailure(mutant, histories);
    return { ...(byHistories && { histories: byHistories }), ...(byExamples && { examples: byExamples }) };
}

/** What the first test that fails on the mutant says: the law that a history broke, or the example's title. Nothing where all pass. */
async function firstFailure(mutant: Mutant, tests: Tests): Promise<string | undefined> {
    const restore = readAs(mutant);
    try {
        forget();
        const mocha = new Mocha({ bail: true, timeout: 400_000, reporter: Silent, grep: tests.grep });
        if (tests.invert) {
            mocha.invert();
        }
        tests.files.forEach((file) => mocha.addFile(file));
        return await new Promise((resolve) => {
            let told: string | undefined;
            mocha
                .run(() => {
                    mocha.dispose();
                    resolve(told);
                })
                .on("fail", ({ title }, error: Error & { cause?: Error }) => {
                    told ??= (error.cause?.message ?? (tests.invert ? title : error.message)).split("\n")[0].slice(0, 120);
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
