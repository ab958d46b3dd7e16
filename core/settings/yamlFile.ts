import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, LineCounter, parseDocument } from "yaml";
import type { Problem } from "../refusal";

/** A YAML file as written and as it reads. */
export interface YamlFile {
    document: Document;
    value: unknown;
}

/**
 * Reads a YAML file, and reports what is broken in it by line and column.
 *
 * @returns nothing where the file does not exist or is broken; only the latter is reported
 */
export function readYaml(directory: string, file: string, problems: Problem[]): YamlFile | undefined {
    const path = join(directory, file);
    if (!existsSync(path)) {
        return undefined;
    }
    return parseYaml(file, readFileSync(path, "utf8"), problems);
}

/** The same of a text that is to become the file. */
export function parseYaml(file: string, text: string, problems: Problem[]): YamlFile | undefined {
    const lines = new LineCounter();
    // Stack files and catalogs are hand-written: `<<: *anchor` is what people know from other tools.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
    // One mistake breaks what follows it; keys that stand twice break nothing, so all of them are told.
    const [first] = document.errors;
    const errors = document.errors.filter((error) => error === first || error.code === "DUPLICATE_KEY");
    for (const { pos, code, message } of errors) {
        const { line, col } = lines.linePos(pos[0]);
        const source = text.split("\n")[line - 1].trim();
        const cause = code === "DUPLICATE_KEY" ? "the key stands twice in one map; which one is meant?" : message;
        problems.push({
            subject: `${file}, line ${line}, column ${col}`,
            message: `${cause}${source === "" ? "" : `\n${source.slice(0, 120)}`}`,
            ...(code === "DUPLICATE_KEY" ? { remedy: "delete one of the two" } : {}),
        });
    }
    if (errors.length > 0) {
        return undefined;
    }
    try {
        return { document, value: document.toJS() };
    } catch (error) {
        // An alias without its anchor is found only when the value is made.
        problems.push({ subject: file, message: (error as Error).message });
        return undefined;
    }
}
