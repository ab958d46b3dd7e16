import { runGit } from "../../git/command";

/** A file to put into a tree, or with no text one to take out. */
export interface TreeChange {
    path: string;
    mode: string;
    content: string | undefined;
}

/** A tree like another but for some files, written into a bare repository. @returns its hash */
export async function writeTree(directory: string, base: string | undefined, changes: readonly TreeChange[]): Promise<string> {
    const written = changes.flatMap(({ content }) => content ?? []);
    return putFiles(directory, base, changes, await writeBlobs(directory, written));
}

/** Text → git's hash of it. One process writes them all. */
async function writeBlobs(directory: string, texts: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const input = texts
        .map((text, index) => `blob\nmark :${index + 1}\ndata ${Buffer.byteLength(text)}\n${text}\nget-mark :${index + 1}\n`)
        .join("");
    const { stdout } = await runGit(directory, ["fast-import", "--quiet"], { input });
    const hashes = stdout.toString().split("\n");
    return new Map(texts.map((text, index) => [text, hashes[index]]));
}

async function putFiles(
    directory: string,
    base: string | undefined,
    changes: readonly TreeChange[],
    blobs: ReadonlyMap<string, string>,
): Promise<string> {
    const entries = new Map(base === undefined ? [] : await listTree(directory, base));
    const folders = new Map<string, TreeChange[]>();
    for (const change of changes) {
        const [name, ...rest] = change.path.split("/");
        if (rest.length > 0) {
            folders.set(name, [...(folders.get(name) ?? []), { ...change, path: rest.join("/") }]);
        } else if (change.content === undefined) {
            entries.delete(name);
        } else {
            entries.set(name, `${change.mode} blob ${blobs.get(change.content)}`);
        }
    }
    for (const [name, inner] of folders) {
        const [, type, hash] = entries.get(name)?.split(" ") ?? [];
        entries.set(name, `040000 tree ${await putFiles(directory, type === "tree" ? hash : undefined, inner, blobs)}`);
    }
    // Git keeps no empty folder.
    const kept = [...entries].filter(([, entry]) => !entry.endsWith(emptyTree));
    const input = kept.map(([name, entry]) => `${entry}\t${name}\0`).join("");
    return (await runGit(directory, ["mktree", "-z"], { input })).stdout.toString().trim();
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Name → `<mode> <type> <hash>` of what stands right in a tree. */
async function listTree(directory: string, tree: string): Promise<[string, string][]> {
    const { stdout } = await runGit(directory, ["ls-tree", "-z", tree]);
    return stdout
        .toString()
        .split("\0")
        .filter(Boolean)
        .map((line) => [line.slice(line.indexOf("\t") + 1), line.slice(0, line.indexOf("\t"))]);
}
