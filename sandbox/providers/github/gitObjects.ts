import { runGit } from "../../git/command";

/** A file to put into a tree, or with no text one to take out. */
export interface TreeChange {
    path: string;
    mode: string;
    content: string | undefined;
}

/** A tree like another but for some files, written into a bare repository. @returns its hash */
export async function writeTree(directory: string, base: string | undefined, changes: readonly TreeChange[]): Promise<string> {
    const entries = new Map(base === undefined ? [] : await listTree(directory, base));
    const folders = new Map<string, TreeChange[]>();
    for (const change of changes) {
        const [name, ...rest] = change.path.split("/");
        if (rest.length > 0) {
            folders.set(name, [...(folders.get(name) ?? []), { ...change, path: rest.join("/") }]);
        } else if (change.content === undefined) {
            entries.delete(name);
        } else {
            const { stdout } = await runGit(directory, ["hash-object", "-w", "--stdin"], { input: change.content });
            entries.set(name, `${change.mode} blob ${stdout.toString().trim()}`);
        }
    }
    for (const [name, inner] of folders) {
        const [, type, hash] = entries.get(name)?.split(" ") ?? [];
        const tree = await writeTree(directory, type === "tree" ? hash : undefined, inner);
        entries.set(name, `040000 tree ${tree}`);
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
