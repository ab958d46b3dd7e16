import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../core/refusal";

/** One file of a commit that is to be, and where it goes. */
export interface FileCommit {
    file: string;
    text: string;
    message: string;
}

/**
 * The checkout of the operations repository, as far as a promotion writes in it. Commits are made beside the work tree and pushed first:
 * what a remote refuses has changed nothing here.
 */
export class OperationsCheckout {
    constructor(
        private readonly directory: string,
        /** The branch that deployments run from. */
        readonly branch: string,
        /** Of refusals. */
        private readonly title: string,
    ) {}

    /**
     * Fetches the branch, and sees that the file is the one of the branch.
     *
     * @throws Refusal where it has a change that is not committed, or the branch says something else
     */
    async requireClean(file: string): Promise<void> {
        const inside = await this.ask(["rev-parse", "--is-inside-work-tree"]);
        if (inside.code !== 0) {
            throw this.refused(
                this.directory,
                "is no git checkout, and what should run stands in git",
                "git clone the operations repository",
            );
        }
        const status = await this.say(["status", "--porcelain", "--", file]);
        if (status !== "") {
            const message = "has a change that is not committed: it would become part of the promotion, or be lost";
            throw this.refused(file, message, `git diff -- ${file}   # then commit it, or: git checkout -- ${file}`);
        }
        await this.fetch();
    }

    /**
     * Sees that this checkout is on the branch, and has nothing else than it: what is deployed stands there then.
     *
     * @param file may differ, so that a promotion that was broken off goes on: where it is ahead, it must say what is wanted
     * @param wanted what the file is to say
     * @throws Refusal where it is on another branch, or anything else differs
     */
    async requireBranch(file: string, wanted: string): Promise<void> {
        const { branch, remote } = this;
        const here = (await this.ask(["symbolic-ref", "--quiet", "--short", "HEAD"])).stdout.trim();
        if (here !== branch) {
            const message = `is checked out, and deployments run from ${branch}`;
            throw this.refused(here || "no branch", message, `git checkout ${branch}\nor, without --yes: a pull request`);
        }
        const differing = (await this.say(["diff", "--name-only", "-z", "HEAD", remote, "--"])).split("\0").filter(Boolean);
        const onBranch = await this.textOnBranch(file);
        const resumed =
            (onBranch === wanted || (await this.text("HEAD", file)) === wanted) && differing.every((name) => name === file);
        if (differing.length > 0 && !resumed) {
            const behind = await this.isAncestor("HEAD", remote);
            const told = `${differing.slice(0, 5).join(", ")}${differing.length > 5 ? ", …" : ""}`;
            const message = `${behind ? "is behind" : "differs from"} origin's: ${told}`;
            throw this.refused(
                branch,
                message,
                behind ? "git pull --ff-only" : `git push origin ${branch}, or take those commits away`,
            );
        }
    }

    /** What stands in a file of the branch. Nothing where it has none. */
    async textOnBranch(file: string): Promise<string | undefined> {
        return this.text(this.remote, file);
    }

    /**
     * Pushes a branch with one commit on top of the operations branch.
     *
     * @returns whether there was none yet: one that has the same file already is taken as it is
     * @throws Refusal where a branch of that name says something else
     */
    async pushBranch(name: string, commit: FileCommit): Promise<boolean> {
        const there = (await this.say(["ls-remote", "origin", `refs/heads/${name}`])).split("\t")[0];
        if (there !== "") {
            await this.say(["fetch", "--quiet", "origin", `refs/heads/${name}`]);
            if ((await this.text(there, commit.file)) === commit.text) return false;
            const message = `stands on origin already, and its ${commit.file} says something else`;
            throw this.refused(name, message, `git push origin --delete ${name}   # then again`);
        }
        await this.push(`${await this.commitOf(commit)}:refs/heads/${name}`);
        return true;
    }

    /** Commits to the operations branch: pushed first, then here. */
    async commitToBranch(commit: FileCommit): Promise<void> {
        await this.push(`${await this.commitOf(commit)}:refs/heads/${this.branch}`);
        await this.fetch();
        await this.takeBranch();
    }

    /** Brings what the branch has into this checkout, and what this checkout has to the branch. */
    async takeBranch(): Promise<void> {
        if (await this.isAncestor("HEAD", this.remote)) {
            await this.say(["merge", "--quiet", "--ff-only", this.remote]);
        } else {
            await this.push(`HEAD:refs/heads/${this.branch}`);
            await this.fetch();
        }
    }

    private get remote(): string {
        return `refs/remotes/origin/${this.branch}`;
    }

    /** A commit of one file on top of the branch, which no ref knows yet. */
    private async commitOf({ file, text, message }: FileCommit): Promise<string> {
        const folder = mkdtempSync(join(tmpdir(), "oneflow-promote-"));
        const index = { GIT_INDEX_FILE: join(folder, "index") };
        try {
            const blob = (await this.say(["hash-object", "-w", "--stdin"], { input: text })).trim();
            await this.say(["read-tree", this.remote], { variables: index });
            const [mode = "100644"] = (await this.say(["ls-tree", this.remote, "--", file])).split(" ").filter(Boolean);
            await this.say(["update-index", "--add", "--cacheinfo", `${mode},${blob},${file}`], { variables: index });
            const tree = (await this.say(["write-tree"], { variables: index })).trim();
            return (await this.say(["commit-tree", tree, "-p", this.remote, "-F", "-"], { input: message })).trim();
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    }

    private async push(refspec: string): Promise<void> {
        const { code, stderr } = await this.ask(["push", "--quiet", "origin", refspec]);
        if (code !== 0) {
            const message = `origin does not take the push; here nothing was changed\n${stderr.trim()}`;
            const remedy = "git pull --ff-only where it moved on\nor, where the branch is protected, without --yes: a pull request";
            throw this.refused(refspec.split(":refs/heads/")[1], message, remedy);
        }
    }

    private async fetch(): Promise<void> {
        const { code, stderr } = await this.ask(["fetch", "--quiet", "origin", `+refs/heads/${this.branch}:${this.remote}`]);
        if (code !== 0) {
            const message = `cannot be fetched from origin: ${stderr.trim()}`;
            throw this.refused(this.branch, message, "git remote -v   # origin is to be the operations repository");
        }
    }

    private async isAncestor(one: string, other: string): Promise<boolean> {
        return (await this.ask(["merge-base", "--is-ancestor", one, other])).code === 0;
    }

    private async text(commit: string, file: string): Promise<string | undefined> {
        const { code, stdout } = await this.ask(["cat-file", "blob", `${commit}:${file}`]);
        return code === 0 ? stdout : undefined;
    }

    private refused(subject: string, message: string, remedy: string): Refusal {
        return new Refusal(this.title, [{ subject, message, remedy }]);
    }

    /** @throws Error in git's own words */
    private async say(args: readonly string[], options: GitOptions = {}): Promise<string> {
        const { code, stdout, stderr } = await this.ask(args, options);
        if (code !== 0) throw new Error(`git ${args.join(" ")} in ${this.directory} failed: ${stderr.trim()}`);
        return stdout;
    }

    private ask(args: readonly string[], { input = "", variables = {} }: GitOptions = {}) {
        return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
            const env = { ...process.env, LC_ALL: "C", ...variables };
            const child = execFile("git", ["-C", this.directory, ...args], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
                resolve({ code: error ? Number(error.code) || 128 : 0, stdout, stderr: stderr || (error?.message ?? "") }),
            );
            // A command that reads nothing may be gone before it is written; its exit code tells the rest.
            child.stdin!.on("error", () => undefined).end(input);
        });
    }
}

interface GitOptions {
    input?: string;
    variables?: Readonly<Record<string, string>>;
}
