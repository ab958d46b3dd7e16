import { parseArgs } from "node:util";
import { renderedFiles } from "../core/manifests/renderedFiles";
import { type Problem, Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Settings } from "../core/settings/model";
import { stacksIn } from "../core/settings/stackFile";
import { orKnown } from "../core/settings/suggest";
import { workflowFiles } from "../core/workflows/documents/files";
import { writeFolder } from "./renderedFolder";

const help = `usage: oneflow render [--env <environment>] --out <folder>

Writes the Kubernetes manifests of all environments, or of one, to read: <folder>/<environment>/<service>.yaml.
Asks no registry, no cluster and no cloud, so the digests that \`pulumi up\` pins are not in them.
Beside them the files that belong into each repository on GitHub: <folder>/workflows/<owner>/<repository>/.github/…

      --env <environment>   the manifests of that one only; what else the folder has stays
      --out <folder>        where to write; one that is not empty must have been written by this command`;

const title = "Nothing was rendered";
const example = "npx oneflow render --out rendered";

/**
 * `oneflow render`: settings → manifests, as files.
 *
 * @throws Refusal with all that is wrong with the arguments, the configuration or the folder
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(help);
        return 0;
    }
    const { env, out } = readArguments(argv);
    const settings = readEnvironments(process.cwd(), env);
    const files = new Map(settings.flatMap((one) => [...renderedFiles(one), ...(env === undefined ? workflowsOf(one) : [])]));
    const { removed } = writeFolder(out, files, {
        title,
        leaves: (file) => env !== undefined && !(file.startsWith(`${env}/`) && file.split("/").length === 2),
    });
    console.log(`${out}: ${files.size} files written${removed > 0 ? `, ${removed} removed` : ""}`);
    return 0;
}

function workflowsOf(settings: Settings): [file: string, text: string][] {
    return Object.entries(workflowFiles(settings)).flatMap(([repository, files]) =>
        Object.entries(files).map(([path, text]): [string, string] => [`workflows/${repository}/${path}`, text]),
    );
}

function readArguments(argv: readonly string[]): { env?: string; out: string } {
    const refused = (message: string) => new Refusal(title, [{ subject: "oneflow render", message, remedy: example }]);
    const { values, positionals } = parsed(argv);
    if (positionals.length > 0) {
        throw refused(`takes no argument ${positionals.join(" ")}; expected --env <environment> and --out <folder>`);
    }
    if (!values.out) {
        throw refused("names no folder to write to; expected --out <folder>");
    }
    return { out: values.out, ...(values.env !== undefined && { env: values.env }) };
}

function parsed(argv: readonly string[]) {
    try {
        const text = { type: "string" } as const;
        return parseArgs({ args: [...argv], options: { env: text, out: text }, allowPositionals: true });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw new Refusal(title, [
            { subject: "oneflow render", message: (error as Error).message, remedy: "npx oneflow render --help" },
        ]);
    }
}

/** The settings of each environment, read for its own stack: only so is its commit judged. */
function readEnvironments(directory: string, wanted: string | undefined): Settings[] {
    const [any] = stacksIn(directory);
    if (any === undefined) {
        const message = `${directory} holds no stack file Pulumi.<environment>.yaml`;
        throw new Refusal(title, [{ subject: "oneflow render", message, remedy: "run the command in the operations repository" }]);
    }
    const names = readSettings({ directory, stack: wanted ?? any }).environments.map(({ name }) => name);
    if (wanted !== undefined && !names.includes(wanted)) {
        const message = `is no environment; ${orKnown(wanted, names, "environments")}`;
        throw new Refusal(title, [{ subject: wanted, message, remedy: `${example} --env ${names[0]}` }]);
    }
    const problems: Problem[] = [];
    const read = names
        .filter((name) => wanted === undefined || name === wanted)
        .flatMap((stack) => {
            try {
                return [readSettings({ directory, stack })];
            } catch (error) {
                if (!(error instanceof Refusal)) {
                    throw error;
                }
                // Said once: each environment's report holds what is wrong with all of them.
                problems.push(
                    ...error.problems.filter((one) => !problems.some((other) => JSON.stringify(other) === JSON.stringify(one))),
                );
                return [];
            }
        });
    if (problems.length > 0) {
        throw new Refusal(title, problems);
    }
    return read;
}
