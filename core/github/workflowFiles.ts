import { createHash } from "node:crypto";

/** What a branch holds where workflow files stand, as far as it was asked. */
export interface HeldFiles {
    /** Path → git's hash of the file's content. */
    files: Readonly<Record<string, string>>;
    /** Files that oneflow wrote once, and that the settings make no longer. */
    stale: readonly string[];
}

/** How a branch differs from what the settings make. */
export interface Difference {
    /** Files that it does not have. */
    missing: readonly string[];
    /** Files that say something else: the settings changed since, or somebody edited them. */
    different: readonly string[];
    /** Files to take away. */
    stale: readonly string[];
}

/** Path → text of the file. */
export type Texts = Readonly<Record<string, string>>;

export function difference(wanted: Texts, held: HeldFiles): Difference {
    const paths = Object.keys(wanted);
    return {
        missing: paths.filter((path) => held.files[path] === undefined),
        different: paths.filter((path) => held.files[path] !== undefined && held.files[path] !== blobHash(wanted[path])),
        stale: held.stale,
    };
}

export function isEmpty({ missing, different, stale }: Difference): boolean {
    return missing.length + different.length + stale.length === 0;
}

/** Git's hash of a file with this text. */
export function blobHash(text: string): string {
    const bytes = Buffer.from(text);
    return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** The branch that workflow files for another one are proposed on. */
export function proposalBranch(branch: string): string {
    return `oneflow/workflows-${branch}`;
}

/** What is to be written to one branch of a repository. */
export interface Delivery {
    repository: string;
    branch: string;
    by: "pullRequest" | "direct";
    /** Only what the branch lacks, or has otherwise. */
    files: Texts;
    remove: readonly string[];
}

/** The words of the commit, and of the pull request where there is one. */
export function deliveryWords({ files, remove }: Pick<Delivery, "files" | "remove">): { title: string; body: string } {
    const written = Object.keys(files).map((path) => `- \`${path}\``);
    const removed = remove.map((path) => `- \`${path}\`, which the settings make no longer, goes`);
    return {
        title: written.length > 0 ? "Take the workflows of oneflow" : "Remove workflows of oneflow",
        body: [
            "Made by `pulumi up -s platform` from `services.yaml` and the stack files. `npx oneflow render` makes the same files.",
            "",
            ...written,
            ...removed,
        ].join("\n"),
    };
}
