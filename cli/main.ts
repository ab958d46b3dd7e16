import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../core/refusal";

/** A subcommand of `oneflow`. */
export interface Command {
    /** What stands behind the name in the usage line: `<stack>`. */
    usage: string;
    /** What it does, in half a line. */
    summary: string;
    /** Loaded only when it is asked for, so that one command does not pay for another's imports. */
    load(): Promise<{ main(argv: readonly string[]): Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
    bootstrap: {
        usage: "[--yes] [--stack <stack>]",
        summary: "what must be in Google Cloud before the first `pulumi up`, by gcloud",
        load: () => import("./bootstrap"),
    },
    carry: {
        usage: "--source <checkout> …",
        summary: "a pushed commit's tag for what was built before, and mirrors of what others build",
        load: () => import("./carry"),
    },
    deploy: {
        usage: "<environment> [--retry]",
        summary: "what an environment's file says; goes back where its rollout fails",
        load: () => import("./deploy"),
    },
    diff: {
        usage: "<environment> [<ref>] [--service <name>]…",
        summary: "what a promotion would do, and all that is said against it",
        load: () => import("./diff"),
    },
    env: {
        usage: "<stack>",
        summary: "the exports that `pulumi` needs for a stack, for a shell to evaluate",
        load: () => import("./env"),
    },
    import: {
        usage: "<folder> -o <file>",
        summary: "a services.yaml from Kubernetes manifests",
        load: () => import("./import"),
    },
    latest: {
        usage: "<environment> [--pushed <sha>]",
        summary: "the commit that latest means in an environment that follows it",
        load: () => import("./latest"),
    },
    lock: {
        usage: "--source <checkout> … --branch <name>",
        summary: "the lock of a pushed commit whose images are all there",
        load: () => import("./lock"),
    },
    new: {
        usage: "<name> [option …]",
        summary: "a service more in services.yaml, and what comes of it",
        load: () => import("./new"),
    },
    plan: {
        usage: "--source <checkout> …",
        summary: "which services of a pushed commit need a build, as JSON",
        load: () => import("./plan"),
    },
    promote: {
        usage: "<environment> <ref> [--service <name>]… [--yes]",
        summary: "a commit or a release into an environment: as a pull request, or with --yes at once",
        load: () => import("./promote"),
    },
    propose: {
        usage: "<environment> <ref>",
        summary: "a promotion as a pull request, as JSON; changes the environment's file",
        load: () => import("./propose"),
    },
    release: {
        usage: "vX.Y.Z [option …]",
        summary: "a commit's tag as a release, once it may be one; --publish makes the release of it",
        load: () => import("./release"),
    },
    render: {
        usage: "[--env <environment>] --out <folder>",
        summary: "the Kubernetes manifests and the workflows, to read",
        load: () => import("./render"),
    },
    rollback: {
        usage: "<environment> [--to <ref>] [--yes]",
        summary: "back to what ran healthy: a pull request, or with --yes a deployment",
        load: () => import("./rollback"),
    },
    tag: {
        usage: "--source <checkout> … --service <name> --digest <digest>",
        summary: "the tags of an image that was just built",
        load: () => import("./tag"),
    },
};

/**
 * The `oneflow` command: finds the subcommand and runs it.
 *
 * @param argv what stands behind `oneflow`
 * @param more name → summary of commands that the caller runs itself, for the list
 * @returns the exit code
 * @throws Refusal where there is no such command
 */
export async function main(argv: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<number> {
    const [name = "--help", ...rest] = argv;
    if (name === "--help" || name === "-h" || name === "help") {
        console.log(help(more));
        return 0;
    }
    if (name === "--version") {
        console.log(version());
        return 0;
    }
    if (!Object.hasOwn(commands, name)) throw unknownCommand(name, [...Object.keys(commands), ...Object.keys(more)]);
    return (await commands[name].load()).main(rest);
}

function help(more: Readonly<Record<string, string>>): string {
    const rows = [
        ...Object.entries(commands).map(([name, { usage, summary }]) => [`${name} ${usage}`.trim(), summary]),
        ...Object.entries(more),
    ];
    const width = Math.max(...rows.map(([left]) => left.length));
    return [
        "usage: oneflow <command> [argument …] [--verbose]",
        "",
        ...rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`),
        "",
        "Exit codes: 0 done · 1 something broke (--verbose shows where) · 2 refused, nothing was changed",
    ].join("\n");
}

function unknownCommand(name: string, known: readonly string[]): Refusal {
    return new Refusal("Nothing was done", [
        { subject: name, message: `is not a command of oneflow; there are: ${known.join(", ")}`, remedy: "npx oneflow --help" },
    ]);
}

function version(): string {
    const manifest = JSON.parse(readFileSync(join(__dirname, "..", "package.json"), "utf8")) as { version: string };
    return manifest.version;
}
