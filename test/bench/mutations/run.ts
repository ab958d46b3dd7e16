import { type ChildProcess, fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { whyEquivalent } from "./equivalents";
import { comparisonsOf, type Mutant, removalsOf } from "./mutants";
import type { Noticed } from "./worker";

/** A mutant, and which tests noticed it. */
export interface Verdict extends Noticed {
    mutant: Mutant;
}

const root = join(__dirname, "../../..");
const promotion = join(root, "core/promotion");

/** Every mutant of the rules: each taken away, each comparison in them and in what they ask turned. */
export function mutantsOfRules(): Mutant[] {
    const rules = readdirSync(join(promotion, "rules")).map((name) => join(promotion, "rules", name));
    const asked = ["freeze.ts", "decide.ts", "proposal.ts"].map((name) => join(promotion, name));
    return [...removalsOf(join(promotion, "rules/index.ts")), ...[...rules, ...asked].flatMap(comparisonsOf)];
}

/** How many are looked at at once, each in a process. */
const processes = 2;
/** After so long without a sign of life a mutant is one that does not end, which nobody would overlook. */
const patience = 60_000;

/**
 * Runs the tests on each mutant: the random histories, which must notice by a law, and the examples.
 *
 * @param only part of a file's name, to look at few of them
 */
export async function measureMutations(only: string | undefined, progress: (line: string) => void): Promise<Verdict[]> {
    const mutants = mutantsOfRules().filter(({ file }) => only === undefined || file.includes(only));
    const verdicts: Verdict[] = [];
    const left = [...mutants];
    const work = async () => {
        let worker: Worker | undefined;
        for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
            worker ??= new Worker();
            const noticed = await worker.judge(mutant);
            if (noticed === undefined) worker = undefined;
            verdicts.push({ mutant, ...(noticed ?? { histories: "does not end", examples: "does not end" }) });
            progress(`${verdicts.length} of ${mutants.length}  ${describeVerdict(verdicts.at(-1)!)}`);
        }
        worker?.end();
    };
    await Promise.all(Array.from({ length: processes }, work));
    return mutants.map((mutant) => verdicts.find((verdict) => verdict.mutant === mutant)!);
}

/** A process that runs tests on mutants: one that never ends is ended from outside. */
class Worker {
    private readonly child: ChildProcess = fork(join(__dirname, "worker.ts"), {
        cwd: root,
        execArgv: ["--require", "ts-node/register/transpile-only"],
    });

    /** @returns nothing where the mutant did not end; then the process is gone */
    judge(mutant: Mutant): Promise<Noticed | undefined> {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.child.removeAllListeners();
                this.child.kill("SIGKILL");
                resolve(undefined);
            }, patience);
            const listen = (message: Noticed | "alive") => {
                timer.refresh();
                if (message !== "alive") {
                    clearTimeout(timer);
                    this.child.removeAllListeners();
                    resolve(message);
                }
            };
            this.child.on("message", listen);
            this.child.once("exit", (code, signal) => {
                clearTimeout(timer);
                reject(new Error(`the tests of ${describeMutant(mutant).join(" ")} ended with ${signal ?? code}`));
            });
            this.child.send(mutant);
        });
    }

    end(): void {
        this.child.disconnect();
    }
}

/**
 * What is left to do: mutants that no random history notices, and that are not known to change nothing.
 *
 * An example that notices them is not enough: it shows that somebody thought of the case, histories show what follows from it.
 */
export function missedOf(verdicts: readonly Verdict[]): Verdict[] {
    return verdicts.filter(({ mutant, histories }) => histories === undefined && whyEquivalent(mutant) === undefined);
}

/** A table of all verdicts, and one of them by file. */
export function describeMutations(verdicts: readonly Verdict[]): string {
    const files = [...new Set(verdicts.map(({ mutant }) => mutant.file))];
    const row = (name: string, some: readonly Verdict[]) => {
        const known = some.filter(({ mutant, histories }) => histories === undefined && whyEquivalent(mutant) !== undefined);
        const noticed = (key: keyof Noticed) => some.filter((verdict) => verdict[key] !== undefined).length;
        const counts = [some.length, noticed("histories"), noticed("examples"), known.length, missedOf(some).length];
        return `| ${[name, ...counts].join(" | ")} |`;
    };
    const rowOf = (file: string) =>
        row(
            relative(promotion, file),
            verdicts.filter(({ mutant }) => mutant.file === file),
        );
    return [
        "| where | mutant | histories | examples |",
        "|---|---|---|---|",
        ...verdicts.map(describeVerdict),
        "",
        "| file | mutants | noticed by random histories | by examples | changes nothing | missed by histories |",
        "|---|---|---|---|---|---|",
        ...files.map(rowOf),
        row("all", verdicts),
    ].join("\n");
}

function describeVerdict({ mutant, histories, examples }: Verdict): string {
    const because = whyEquivalent(mutant);
    const unnoticed = because === undefined ? "missed" : `changes nothing: ${because}`;
    const cells = [...describeMutant(mutant), histories ?? unnoticed, examples ?? "—"];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Where it stands, and how it reads. */
function describeMutant({ file, line, replacement, before, after }: Mutant): [string, string] {
    return [`${relative(promotion, file)}:${line}`, replacement === "...[]" ? `without ${before}` : `\`${after}\``];
}
