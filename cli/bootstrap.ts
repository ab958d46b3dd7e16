import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { type Ended, runBootstrap, shellLine } from "../core/bootstrap/run";
import { bootstrapStacks, type BootstrapStack, type BootstrapStep, bootstrapSteps } from "../core/bootstrap/steps";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import { stackFile, stacksIn } from "../core/settings/stackFile";
import { orKnown } from "../core/settings/suggest";
import { agreed } from "./agreed";

const help = `usage: oneflow bootstrap [--yes] [--stack <stack>]

Makes what must be there before the first \`pulumi up\`, and cannot be Pulumi's: four APIs in each Google Cloud project, and for
each stack a bucket for its state, a key that encrypts its secrets, and the stack itself.
Prints the commands first. What is there already is left as it is, so it may be run again at any time.

      --yes             run them without asking
      --stack <stack>   only what this stack needs`;

const title = "Nothing was done";

/**
 * `oneflow bootstrap`: the few steps of docs/bootstrap.md, from the settings.
 *
 * @throws Refusal where the configuration is refused or the first step fails; Error where a later one does
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(help);
        return 0;
    }
    const { yes, stack } = readArguments(argv);
    const steps = bootstrapSteps(readStacks(process.cwd(), stack), new Date());
    console.log(describe(steps));
    if (!yes && !(await agreed("Run them?"))) {
        console.log("Nothing was run. To run them: npx oneflow bootstrap --yes");
        return 0;
    }
    const { made, there } = await runBootstrap(steps, execute, (line) => console.log(line));
    console.log(`${made} made, ${there} there already.\n\n${next}`);
    return 0;
}

const next = `Next:
  git add Pulumi.*.yaml && git commit -m "Initialise the stacks" && git push   # their new lines are no secret
  eval "$(npx oneflow env platform)" && pulumi up -s platform`;

function describe(steps: readonly BootstrapStep[]): string {
    const commands = steps.flatMap(({ make, variables }) => (make ? [`  ${shellLine(make, variables)}`] : []));
    const projects = steps.filter(({ make }) => !make).map(({ title: name }) => name.replace(/^project /, ""));
    return [
        `The projects ${projects.join(", ")} must exist and have billing, and you own them or have the roles of docs/bootstrap.md.`,
        "Of these commands, those whose work is done already are left out:",
        "",
        ...commands,
        "",
    ].join("\n");
}

function readArguments(argv: readonly string[]): { yes: boolean; stack?: string } {
    try {
        const options = { yes: { type: "boolean", default: false }, stack: { type: "string" } } as const;
        return parseArgs({ args: [...argv], options }).values;
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        const message = (error as Error).message;
        throw new Refusal(title, [{ subject: "oneflow bootstrap", message, remedy: "npx oneflow bootstrap --help" }]);
    }
}

function readStacks(directory: string, wanted: string | undefined): BootstrapStack[] {
    const files = stacksIn(directory);
    if (files.length === 0) {
        const message = `${directory} holds no stack file Pulumi.<environment>.yaml`;
        throw new Refusal(title, [{ subject: "oneflow bootstrap", message, remedy: "run it in the operations repository" }]);
    }
    const settings = readSettings({ directory, stack: files[0] });
    const environments = settings.environments.map(({ name }) => name);
    const platforms = files.filter((name) => !environments.includes(name));
    // Whatever is no environment must be a platform: its own settings say so, or refuse it.
    platforms.forEach((stack) => readSettings({ directory, stack }));
    const initialised = new Set(files.filter((stack) => hasItsLines(join(directory, stackFile(stack)))));
    const stacks = bootstrapStacks(settings, platforms, initialised);
    if (wanted === undefined) return stacks;
    const found = stacks.filter(({ name }) => name === wanted);
    if (found.length === 0) {
        const names = stacks.map(({ name }) => name);
        throw new Refusal(title, [{ subject: `--stack ${wanted}`, message: `is no stack; ${orKnown(wanted, names, "stacks")}` }]);
    }
    return found;
}

/** Whether `pulumi stack init` wrote into the file how the stack's secrets are opened. */
function hasItsLines(file: string): boolean {
    const { secretsprovider, encryptedkey } = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return Boolean(secretsprovider && encryptedkey);
}

/** The programs are the user's own, found on their PATH; gcloud must not stop to ask. */
function execute([program, ...args]: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const env = { ...process.env, CLOUDSDK_CORE_DISABLE_PROMPTS: "1", PULUMI_SKIP_UPDATE_CHECK: "true", ...variables };
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
        const said = { stdout: "", stderr: "" };
        child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
        child.on("error", (error) => {
            const where =
                program === "pulumi" ? "https://www.pulumi.com/docs/install" : "https://cloud.google.com/sdk/docs/install";
            reject(new Error(`${program} cannot be run: ${error.message}\n→ install it: ${where}\n→ then: npx oneflow bootstrap`));
        });
        child.on("close", (code) => resolve({ code: code ?? 128, ...said }));
    });
}
