import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { runGit } from "../../git/command";
import type { Repositories } from "./repositories";

const execute = promisify(execFile);

/** Finds the text of the actions that steps use: a stand-in for each that needs the internet, else what the sandbox's GitHub has. */
export class ActionSources {
    private readonly written = new Set<string>();

    constructor(
        private readonly repositories: Repositories,
        /** Folder of the stand-ins, `owner-name` each. */
        private readonly standIns: string,
        /** Folder to check repositories out in, each commit once. */
        private readonly checkouts: string,
    ) {}

    /**
     * @param caller repository whose job uses them
     * @returns `owner/name@ref` → folder
     * @throws Error in GitHub's words for an action that is nowhere
     */
    async of(steps: readonly Step[], caller: string): Promise<Record<string, string>> {
        const found: Record<string, string> = {};
        await this.add(steps, caller, found);
        return found;
    }

    private async add(steps: readonly Step[], caller: string, found: Record<string, string>): Promise<void> {
        for (const { uses } of steps) {
            if (typeof uses !== "string" || uses.startsWith("./") || uses.startsWith("docker://")) continue;
            const [, repository, path = "", ref] = /^([^/@]+\/[^/@]+)(\/[^@]*)?@(.+)$/.exec(uses) ?? [];
            if (repository === undefined) throw new Error(`Expected format {org}/{repo}[/path]@ref. Actual '${uses}'`);
            const name = `${repository}@${ref}`;
            const standIn = join(this.standIns, repository.toLowerCase().replace("/", "-"));
            found[name] ??= existsSync(standIn) ? this.standIn(standIn) : await this.checkout(repository, ref, caller);
            await this.add(stepsOf(join(found[name], path)), caller, found);
        }
    }

    /** act copies an action before it runs it, away from what its program requires: the copy only leads back. */
    private standIn(folder: string): string {
        const text = readFileSync(join(folder, "action.yml"), "utf8");
        const { runs } = parse(text) as { runs: { using: string; main?: string; post?: string } };
        if (runs.using === "composite") return folder;
        const target = join(this.checkouts, "stand-ins", basename(folder));
        // Runners read it while the next job is prepared: once written it stays.
        if (this.written.has(target)) return target;
        this.written.add(target);
        mkdirSync(target, { recursive: true });
        writeFileSync(join(target, "action.yml"), text);
        for (const file of [runs.main, runs.post]) {
            if (file !== undefined) writeFileSync(join(target, file), `require(${JSON.stringify(join(folder, file))});\n`);
        }
        return target;
    }

    /** Folder with the files of a commit. */
    private async checkout(repository: string, name: string, caller: string): Promise<string> {
        const known = this.repositories.find(repository);
        if (!known || !this.repositories.shares(known.fullName, caller)) {
            throw new Error(`Unable to resolve action \`${repository}@${name}\`, repository not found`);
        }
        const found = await this.repositories.resolve(known.fullName, name);
        if (!found) throw new Error(`Unable to resolve action \`${repository}@${name}\`, unable to find version \`${name}\``);
        const folder = join(this.checkouts, known.fullName, found.sha);
        if (existsSync(folder)) return folder;
        mkdirSync(dirname(folder), { recursive: true });
        const partial = mkdtempSync(`${folder}-`);
        const archive = `${partial}.tar`;
        await runGit(this.repositories.git(known.fullName).directory, [
            "archive",
            "--format=tar",
            `--output=${archive}`,
            found.sha,
        ]);
        await execute("tar", ["-xf", archive, "-C", partial]);
        rmSync(archive);
        // Another job may have been quicker.
        if (existsSync(folder)) rmSync(partial, { recursive: true });
        else renameSync(partial, folder);
        return folder;
    }
}

type Step = Readonly<Record<string, unknown>>;

/** Steps that an action is made of; none where a program does its work. */
function stepsOf(folder: string): readonly Step[] {
    const file = ["action.yml", "action.yaml"].map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined) return [];
    const { runs } = parse(readFileSync(file, "utf8")) as { runs?: { steps?: readonly Step[] } };
    return runs?.steps ?? [];
}
