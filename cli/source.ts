import { parseArgs } from "node:util";
import { type Checkout, commitsIn } from "../core/build/commits";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Environment, Settings } from "../core/settings/model";
import { stacksIn } from "../core/settings/stackFile";

/** A commit of a source repository, as the commands of the build take it. */
export interface Source {
    commits: Checkout;
    /** Where they are checked out. */
    directory: string;
    /** `owner/name` on GitHub. */
    repository: string;
    /** Full SHA. */
    commit: string;
    settings: Settings;
    /** The first environment: its tier takes what is built. */
    first: Environment;
    /** What the command takes besides. */
    more: Readonly<Record<string, string | undefined>>;
}

/** How every command of the build is told which commit it is about. */
export const sourceUsage = "--source <checkout> --repository <owner/name> --commit <sha>";

/**
 * Reads `--source`, `--repository` and `--commit`, and the settings of the working directory.
 *
 * @param extra names of further options
 * @throws Refusal with all that is wrong with them
 */
export async function readSource(command: string, argv: readonly string[], extra: readonly string[] = []): Promise<Source> {
    const title = `oneflow ${command} did nothing`;
    const usage = `oneflow ${command} ${sourceUsage}`;
    const { source, repository, commit, ...more } = parsed(title, usage, argv, ["source", "repository", "commit", ...extra]);
    const absent = Object.entries({ source, repository, commit }).filter(([, given]) => !given);
    if (!source || !repository || !commit) {
        const message = `is missing ${absent.map(([name]) => `--${name}`).join(", ")}`;
        throw new Refusal(title, [{ subject: `oneflow ${command}`, message, remedy: usage }]);
    }
    const commits = commitsIn(source);
    if ((await commits.find(commit)) !== commit) {
        const message = `is not the full SHA of a commit in ${source}`;
        throw new Refusal(title, [{ subject: commit, message, remedy: `git -C ${source} rev-parse HEAD` }]);
    }
    const settings = settingsHere(title);
    refuseLocal(title, settings);
    const first = settings.environments.find(({ promotesFrom }) => promotesFrom === undefined)!;
    return { commits, directory: source, repository, commit, settings, first, more };
}

/** Settings of the working directory. @throws Refusal where it holds none, or they are refused */
export function settingsHere(title: string): Settings {
    const [stack] = stacksIn(process.cwd());
    if (stack === undefined) {
        const message = "holds no stack file Pulumi.<environment>.yaml";
        throw new Refusal(title, [{ subject: process.cwd(), message, remedy: "run the command where services.yaml stands" }]);
    }
    return readSettings({ directory: process.cwd(), stack });
}

/** What a working copy has is no commit's: a commit whose catalog says so would promise an image that nobody can have. */
function refuseLocal(title: string, { catalog }: Settings): void {
    const local = Object.values(catalog.services).filter(({ build }) => build === "local");
    if (local.length === 0) return;
    throw new Refusal(
        title,
        local.map(({ name }) => ({
            subject: `services.yaml: services.${name}.build`,
            message: `${name} says build: local, which is for a working copy: no pipeline builds a commit that holds the line`,
            remedy: "delete the line, commit and push",
        })),
    );
}

function parsed(
    title: string,
    usage: string,
    argv: readonly string[],
    names: readonly string[],
): Record<string, string | undefined> {
    try {
        const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
        return parseArgs({ args: [...argv], options }).values as Record<string, string | undefined>;
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw new Refusal(title, [{ subject: "arguments", message: (error as Error).message, remedy: usage }]);
    }
}
