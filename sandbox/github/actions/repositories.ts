import { join } from "node:path";
import { Repository as Git } from "../../git/repository";
import { runGit } from "../../git/command";
import type { Cloud, Repository } from "../../providers/cloud";

/** GitHub's repositories: what is known of them, and their git. */
export class Repositories {
    constructor(
        readonly cloud: Cloud,
        /** Folder of the bare repositories, `owner/name.git`. */
        readonly directory: string,
    ) {}

    /** @throws Error where GitHub has no such repository */
    require(fullName: string): Repository {
        const repository = this.find(fullName);
        if (!repository) throw new Error(`the sandbox's GitHub has no repository ${fullName}`);
        return repository;
    }

    /** GitHub tells no names apart by case. */
    find(fullName: string): Repository | undefined {
        const same = (one: Repository) => one.fullName.toLowerCase() === fullName.toLowerCase();
        return this.cloud.repository(fullName) ?? this.cloud.repositories().find(same);
    }

    git(fullName: string): Git {
        return new Git(join(this.directory, `${this.require(fullName).fullName}.git`));
    }

    /** A ref and the commit that a short name means: a branch, a tag, a full ref or a commit. */
    async resolve(fullName: string, name: string): Promise<{ ref: string; sha: string } | undefined> {
        const git = this.git(fullName);
        for (const ref of name.startsWith("refs/") ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`]) {
            const sha = await git.find(ref);
            if (sha) return { ref, sha };
        }
        const sha = /^[0-9a-f]{40}$/.test(name) ? await git.find(name) : undefined;
        return sha === undefined ? undefined : { ref: sha, sha };
    }

    /** Text of a file of a commit. */
    async text(fullName: string, commit: string, path: string): Promise<string | undefined> {
        const arguments_ = ["cat-file", "blob", `${commit}:${path}`];
        const { code, stdout } = await runGit(this.git(fullName).directory, arguments_, { mayFail: true });
        return code === 0 ? stdout.toString() : undefined;
    }

    /** Paths that differ between two commits; with three dots, since where they parted. */
    async changed(fullName: string, from: string, to: string, { sinceParting = false } = {}): Promise<string[]> {
        const range = sinceParting ? [`${from}...${to}`] : [from, to];
        const { stdout } = await runGit(this.git(fullName).directory, [
            "diff",
            "--name-only",
            "--no-renames",
            "-z",
            ...range,
            "--",
        ]);
        return stdout.toString().split("\0").filter(Boolean);
    }

    /**
     * Whether workflows and actions of one repository may be used in another: of a public one everybody's, of a private one as its
     * access level says.
     */
    shares(fullName: string, withRepository: string): boolean {
        const [one, other] = [this.require(fullName), this.require(withRepository)];
        if (one.fullName === other.fullName || !one.private) return true;
        if (!other.private) return false;
        const level = this.accessLevel(one.fullName);
        return level === "enterprise" || (level !== "none" && one.ownerId === other.ownerId);
    }

    private accessLevel(fullName: string): string {
        const record = this.cloud.store.get<{ accessLevel?: string }>(`github/${fullName}/actions/access`);
        return record?.accessLevel ?? "none";
    }
}
