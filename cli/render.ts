import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { renderedFiles } from "../core/manifests/renderedFiles";
import { type Problem, Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Settings } from "../core/settings/model";
import { stacksIn } from "../core/settings/stackFile";
import { orKnown } from "../core/settings/suggest";

const help = `usage: oneflow render [--env <environment>] --out <folder>

Writes the Kubernetes manifests of all environments, or of one, to read: <folder>/<environment>/<service>.yaml.
Asks no registry, no cluster and no cloud, so the digests that \`pulumi up\` pins are not in them.

      --env <environment>   that one only; what the folder has of others stays
      --out <folder>        where to write; one that is not empty must have been written by this command`;

const title = "Nothing was rendered";
const example = "npx oneflow render --out rendered";

/** Stands in the folder and lists what was written: nothing else in it is ever touched. */
const marker = ".oneflow-render.json";

/**
 * `oneflow render`: settings → manifests, as files.
 *
 * @throws Refusal with all that is wrong with the arguments, the configuration or the folder
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(help);
        return 0;
    }
    const { env, out } = readArguments(argv);
    const settings = readEnvironments(process.cwd(), env);
    const files = new Map(settings.flatMap((one) => [...renderedFiles(one)]));
    const written = write(out, files, env);
    console.log(`${out}: ${files.size} files written${written.removed > 0 ? `, ${written.removed} removed` : ""}`);
    return 0;
}

function readArguments(argv: readonly string[]): { env?: string; out: string } {
    const refused = (message: string) => new Refusal(title, [{ subject: "oneflow render", message, remedy: example }]);
    const { values, positionals } = parsed(argv);
    if (positionals.length > 0) {
        throw refused(`takes no argument ${positionals.join(" ")}; expected --env <environment> and --out <folder>`);
    }
    if (!values.out) {
        throw refused("names no folder to write to; expected --out <folder>");
    }
    return { out: values.out, ...(values.env !== undefined && { env: values.env }) };
}

function parsed(argv: readonly string[]) {
    try {
        const text = { type: "string" } as const;
        return parseArgs({ args: [...argv], options: { env: text, out: text }, allowPositionals: true });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw new Refusal(title, [
            { subject: "oneflow render", message: (error as Error).message, remedy: "oneflow render --help" },
        ]);
    }
}

/** The settings of each environment, read for its own stack: only so is its commit judged. */
function readEnvironments(directory: string, wanted: string | undefined): Settings[] {
    const [any] = stacksIn(directory);
    if (any === undefined) {
        const message = `${directory} holds no stack file Pulumi.<environment>.yaml`;
        throw new Refusal(title, [{ subject: "oneflow render", message, remedy: "run the command in the operations repository" }]);
    }
    const names = readSettings({ directory, stack: wanted ?? any }).environments.map(({ name }) => name);
    if (wanted !== undefined && !names.includes(wanted)) {
        const message = `is no environment; ${orKnown(wanted, names, "environments")}`;
        throw new Refusal(title, [{ subject: wanted, message, remedy: `${example} --env ${names[0]}` }]);
    }
    const problems: Problem[] = [];
    const read = names
        .filter((name) => wanted === undefined || name === wanted)
        .flatMap((stack) => {
            try {
                return [readSettings({ directory, stack })];
            } catch (error) {
                if (!(error instanceof Refusal)) {
                    throw error;
                }
                // Said once: each environment's report holds what is wrong with all of them.
                problems.push(
                    ...error.problems.filter((one) => !problems.some((other) => JSON.stringify(other) === JSON.stringify(one))),
                );
                return [];
            }
        });
    if (problems.length > 0) {
        throw new Refusal(title, problems);
    }
    return read;
}

/** Puts the files into the folder, each whole or as it was, and takes out what this command wrote and renders no more. */
function write(out: string, files: ReadonlyMap<string, string>, env: string | undefined): { removed: number } {
    const before = writtenBefore(out);
    const others = before.filter((file) => env !== undefined && !file.startsWith(`${env}/`));
    const left = before.filter((file) => !files.has(file) && !others.includes(file) && existsSync(join(out, file)));
    // The marker first: a run that is interrupted leaves nothing behind that the next one does not know.
    const list = (names: readonly string[]) =>
        `${JSON.stringify({ writtenBy: "oneflow render", files: [...new Set(names)].sort() }, undefined, 2)}\n`;
    writeWhole(join(out, marker), list([...before, ...files.keys()]));
    for (const [file, text] of files) {
        writeWhole(join(out, file), text);
    }
    for (const file of left) {
        rmSync(join(out, file));
        if (readdirSync(dirname(join(out, file))).length === 0) {
            rmdirSync(dirname(join(out, file)));
        }
    }
    writeWhole(join(out, marker), list([...others, ...files.keys()]));
    return { removed: left.length };
}

/** What an earlier run wrote into the folder. */
function writtenBefore(out: string): string[] {
    const refused = (message: string) =>
        new Refusal(title, [{ subject: out, message, remedy: "choose another --out, or empty the folder first" }]);
    if (!existsSync(out)) {
        return [];
    }
    if (!statSync(out).isDirectory()) {
        throw refused("is a file; expected a folder");
    }
    const there = readdirSync(out);
    if (there.length === 0) {
        return [];
    }
    if (!there.includes(marker)) {
        throw refused(
            `is not empty (${there.slice(0, 3).join(", ")}${there.length > 3 ? ", …" : ""}), and nothing tells that this command wrote it`,
        );
    }
    const files = filesOf(readFileSync(join(out, marker), "utf8"));
    if (!files) {
        throw refused(`holds a ${marker} that this command did not write`);
    }
    return files;
}

/** The list in a marker; nothing where it is another text. A path that could lead out of the folder is none of ours. */
function filesOf(text: string): string[] | undefined {
    try {
        const { files } = JSON.parse(text) as { files?: unknown };
        const isOurs = (file: unknown) => typeof file === "string" && /^[a-z][-a-z0-9]*\/[a-z][-a-z0-9]*\.yaml$/.test(file);
        return Array.isArray(files) && files.every(isOurs) ? (files as string[]) : undefined;
    } catch {
        // No JSON: the caller refuses the folder.
        return undefined;
    }
}

function writeWhole(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
    writeFileSync(beside, text);
    renameSync(beside, file);
}
