import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { contexts, credentialsCommand } from "../core/facts/kubeconfig";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Cluster, Settings } from "../core/settings/model";
import { stateBucket } from "../core/settings/state";

/** @throws Refusal where no stack is named, or its settings are refused */
export async function main(argv: readonly string[]): Promise<number> {
    const [stack, ...more] = argv;
    if (!stack || more.length > 0) {
        const message = "takes the name of one stack: its exports are printed for a shell";
        throw new Refusal("Nothing was done", [{ subject: "oneflow env", message, remedy: 'eval "$(npx oneflow env stage)"' }]);
    }
    console.log(environmentExports(process.cwd(), stack));
    return 0;
}

/**
 * `oneflow env <stack>`: what a shell needs to run `pulumi` on a stack. The backend is per process and never per stack,
 * so one shell is one stack: `eval "$(npx oneflow env stage)"`.
 *
 * A file `.oneflow/<stack>.env` of the machine, never committed, adds to the exports or replaces them.
 */
export function environmentExports(directory: string, stack: string): string {
    const settings = readSettings({ directory, stack });
    const local = localExports(directory, stack);
    const variables: Record<string, string> = {
        PULUMI_BACKEND_URL: `gs://${stateBucket(stackProject(settings), stack)}`,
        PULUMI_STACK: stack,
        ...(settings.target.kind === "environment" ? { KUBECONFIG: join(directory, ".oneflow", `kubeconfig.${stack}`) } : {}),
        ...local,
    };
    const known = contexts({ ...process.env, ...variables }).names;
    const commands = stackClusters(settings)
        .filter(({ managed, context, suspended }) => managed && !suspended && !known.includes(context))
        .map((cluster) => credentialsCommand(cluster, stackProject(settings)));
    return [...Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}`), ...commands].join("\n");
}

function localExports(directory: string, stack: string): Record<string, string> {
    const file = join(directory, ".oneflow", `${stack}.env`);
    return existsSync(file) ? (parseEnv(readFileSync(file, "utf8")) as Record<string, string>) : {};
}

function stackProject({ target, delivery }: Settings): string {
    return target.kind === "environment" ? target.environment.project : delivery.project;
}

function stackClusters({ target }: Settings): readonly Cluster[] {
    return target.kind === "environment" ? target.environment.clusters : [];
}

function shellQuoted(value: string): string {
    return `'${value.replace(/'/g, `'\\''`)}'`;
}
