import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Refusal } from "../core/refusal";

/** Stands in the folder and lists what was written: nothing else in it is ever touched. */
const marker = ".oneflow-render.json";

/** How a folder is written. */
export interface FolderOptions {
    /** What is said was not done where the folder is refused. */
    title: string;
    /** Whether a file of an earlier run is none of this one's business. */
    leaves(file: string): boolean;
}

/**
 * Puts files into a folder, each whole or as it was, and takes out what an earlier run wrote and this one renders no more.
 *
 * @param files path in the folder → text
 * @throws Refusal where the folder is not this command's
 */
export function writeFolder(
    out: string,
    files: ReadonlyMap<string, string>,
    { title, leaves }: FolderOptions,
): { removed: number } {
    const before = writtenBefore(out, title);
    const others = before.filter(leaves);
    const left = before.filter((file) => !files.has(file) && !leaves(file) && existsSync(join(out, file)));
    // The marker first: a run that is interrupted leaves nothing behind that the next one does not know.
    const list = (names: readonly string[]) =>
        `${JSON.stringify({ writtenBy: "oneflow render", files: [...new Set(names)].sort() }, undefined, 2)}\n`;
    writeWhole(join(out, marker), list([...before, ...files.keys()]));
    for (const [file, text] of files) {
        writeWhole(join(out, file), text);
    }
    for (const file of left) {
        rmSync(join(out, file));
        removeEmpty(out, dirname(file));
    }
    writeWhole(join(out, marker), list([...others, ...files.keys()]));
    return { removed: left.length };
}

/** Takes out a folder that holds nothing any more, and those above it that held nothing else. */
function removeEmpty(out: string, folder: string): void {
    if (folder !== "." && readdirSync(join(out, folder)).length === 0) {
        rmdirSync(join(out, folder));
        removeEmpty(out, dirname(folder));
    }
}

/** What an earlier run wrote into the folder. */
function writtenBefore(out: string, title: string): string[] {
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
        const isOurs = (file: unknown) => typeof file === "string" && ours.some((form) => form.test(file)) && !leadsOut(file);
        return Array.isArray(files) && files.every(isOurs) ? (files as string[]) : undefined;
    } catch {
        // No JSON: the caller refuses the folder.
        return undefined;
    }
}

const ours = [
    /^[a-z][-a-z0-9]*\/[a-z][-a-z0-9]*\.yaml$/,
    /^workflows\/[\w.-]+\/[\w.-]+\/\.github\/(workflows\/[\w.-]+|actions\/[\w.-]+\/action)\.yml$/,
];

const leadsOut = (file: string) => file.split("/").some((part) => part === "." || part === "..");

function writeWhole(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
    writeFileSync(beside, text);
    renameSync(beside, file);
}
