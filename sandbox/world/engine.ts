import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolDirectory } from "../toolchain/toolchain";
import { kubeconfigOf } from "./credentials";
import type { DaemonState } from "./daemonState";
import type { Layout } from "./layout";
import { identityOf } from "./names";

/** What a command did. */
export interface EngineRun {
    code: number;
    /** Standard output and error as they came. */
    output: string;
    seconds: number;
}

/**
 * The exports with which an identity runs `pulumi` on a stack: what `oneflow env` prints in a checkout of the sandbox.
 * The whole list is here: no token of another identity, no GitHub token but the administrator's, no other provider.
 */
export async function stackVariables(layout: Layout, daemon: DaemonState, stack: string): Promise<Record<string, string>> {
    const identity = identityOf(stack);
    const tools = await toolDirectory(["pulumi", "pulumi-language-nodejs"]);
    return {
        // No metadata in files beside: an engine that is killed while it writes those leaves a state that nobody can read.
        PULUMI_BACKEND_URL: `file://${layout.state(stack)}?metadata=skip`,
        PULUMI_CONFIG_PASSPHRASE_FILE: layout.passphrase,
        PULUMI_HOME: layout.pulumiHome,
        PULUMI_DEBUG_PROVIDERS: daemon.providers[identity],
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        DOCKER_CONFIG: layout.identity(identity),
        KUBECONFIG: kubeconfigOf(layout, identity),
        ...(stack === "platform" && { GITHUB_BASE_URL: daemon.github, GITHUB_TOKEN: readFileSync(layout.githubToken, "utf8") }),
        PATH: `${tools}:${process.env.PATH ?? ""}`,
    };
}

/** Writes the exports of a stack where `oneflow env` finds them in a checkout. */
export function writeExports(checkout: string, stack: string, variables: Readonly<Record<string, string>>): void {
    mkdirSync(join(checkout, ".oneflow"), { recursive: true });
    const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"`);
    writeFileSync(join(checkout, ".oneflow", `${stack}.env`), `${lines.join("\n")}\n`);
}

/** Where and with which exports a command runs. */
export interface Setting {
    checkout: string;
    variables: Readonly<Record<string, string>>;
    /** Takes the output as it comes. @default nobody listens */
    onOutput?: (text: string) => void;
}

/** Runs `pulumi` in a checkout with nothing but the given exports and what every process has. */
export function runPulumi(args: readonly string[], setting: Setting): Promise<EngineRun> {
    return runProgram("pulumi", [...args, "--non-interactive", "--color", "never"], setting);
}

/** Runs the checkout's own `oneflow` likewise, as somebody whose name git knows. */
export function runOneflow(args: readonly string[], { variables, ...setting }: Setting): Promise<EngineRun> {
    const person = ["AUTHOR", "COMMITTER"].flatMap((role) => [
        [`GIT_${role}_NAME`, "Ada Manager"],
        [`GIT_${role}_EMAIL`, "ada@acme.example"],
    ]);
    return runProgram(process.execPath, [join(setting.checkout, "bin", "oneflow.js"), ...args], {
        ...setting,
        variables: { ...(Object.fromEntries(person) as Record<string, string>), ONEFLOW_ACTOR: "ada", ...variables },
    });
}

function runProgram(program: string, args: readonly string[], { checkout, variables, onOutput }: Setting): Promise<EngineRun> {
    const started = process.hrtime.bigint();
    const { HOME, LANG, TMPDIR, USER, NODE_EXTRA_CA_CERTS, DOCKER_HOST } = process.env;
    const inherited = Object.fromEntries(
        Object.entries({ HOME, LANG, TMPDIR, USER, NODE_EXTRA_CA_CERTS, DOCKER_HOST }).filter(([, value]) => value),
    );
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
            cwd: checkout,
            env: { ...inherited, ...variables },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let output = "";
        const take = (chunk: Buffer) => {
            output += chunk.toString();
            onOutput?.(chunk.toString());
        };
        child.stdout.on("data", take);
        child.stderr.on("data", take);
        child.on("error", reject);
        child.on("close", (code) => resolve({ code: code ?? 1, output, seconds: Number(process.hrtime.bigint() - started) / 1e9 }));
    });
}
