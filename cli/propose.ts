import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Environment } from "../core/settings/model";
import { stackFile } from "../core/settings/stackFile";

/** A promotion as a pull request: printed as one line of JSON. */
export interface Proposed {
    branch: string;
    title: string;
    body: string;
    /** The one file that changes, and its whole new text. */
    file: string;
    text: string;
}

/**
 * `oneflow propose <environment> <ref>`: writes the ref into the environment's file, for a preview to read, and prints the pull
 * request that does the same. It asks no registry: the preview judges the promotion.
 *
 * @throws Refusal where the configuration does not take the ref; then the file is as it was
 */
export async function main(argv: readonly string[]): Promise<number> {
    const [name, ref, ...more] = argv;
    if (!name || !ref || more.length > 0) {
        const message = "takes the name of one environment, and what to promote to it";
        const remedy = "npx oneflow propose stage <full sha>";
        throw new Refusal("Nothing was proposed", [{ subject: "oneflow propose", message, remedy }]);
    }
    console.log(JSON.stringify(propose(process.cwd(), name, ref)));
    return 0;
}

function propose(directory: string, name: string, ref: string): Proposed {
    const { project, environment } = readEnvironment(directory, name);
    if (environment.commit === ref) {
        throw new Refusal("Nothing was proposed", [{ subject: name, message: `is at ${ref} already: ${stackFile(name)} says so` }]);
    }
    const file = join(directory, stackFile(name));
    const before = readFileSync(file, "utf8");
    const text = withCommit(before, `${project}:commit`, ref);
    writeFileSync(file, text);
    try {
        readEnvironment(directory, name);
    } catch (error) {
        writeFileSync(file, before);
        throw error;
    }
    const short = /^[0-9a-f]{40}$/.test(ref) ? ref.slice(0, 12) : ref;
    return {
        branch: `promote/${name}/${short}`,
        title: `Promote ${short} to ${name}`,
        body: `${name} goes from ${environment.commit ?? "nothing"} to ${ref}. Merging this deploys it.`,
        file: stackFile(name),
        text,
    };
}

function readEnvironment(directory: string, name: string): { project: string; environment: Environment } {
    const { project, target } = readSettings({ directory, stack: name });
    if (target.kind !== "environment") {
        const message = "is a platform stack: nothing is promoted to it";
        throw new Refusal("Nothing was proposed", [{ subject: name, message }]);
    }
    return { project, environment: target.environment };
}

/** The file with another commit, and every comment where it was. */
function withCommit(text: string, key: string, ref: string): string {
    const document = parseDocument(text);
    document.setIn(["config", key], ref);
    return document.toString({ lineWidth: 0, indent: indentOf(text) });
}

/** How far the file indents: one that is written anew with another indentation is a diff that nobody can read. */
function indentOf(text: string): number {
    return /^( +)\S/m.exec(text)?.[1].length ?? 2;
}
