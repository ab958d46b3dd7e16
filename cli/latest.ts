import { parseArgs } from "node:util";
import { resolveLatest, sourceRepository } from "../core/facts/promotionFacts";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { readSettings } from "../core/settings/load";

/**
 * `oneflow latest <environment>`: the commit that the environment's `latest` means now, as `commit=<sha>` for a workflow's output.
 * Prints nothing on standard output where the environment's file holds it at a commit or at nothing, or nothing was built yet.
 *
 * With `--pushed <sha>`, nor where `latest` means another commit: that one's own run deploys it, with the settings that belong to it.
 *
 * @throws Refusal where no environment is named, or its settings are refused
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { name, pushed } = readArguments(argv);
    const { catalog, target } = readSettings({ directory: process.cwd(), stack: name });
    if (target.kind !== "environment") {
        const message = "is a platform stack, and runs no commit";
        throw new Refusal("Nothing was resolved", [{ subject: name, message, remedy: "npx oneflow latest dev" }]);
    }
    const { environment } = target;
    if (environment.commit !== "latest") {
        const held = environment.commit === undefined ? "commit is unset" : `it is held at ${environment.commit}`;
        console.error(`${name} does not follow latest: ${held} in Pulumi.${name}.yaml. It is left as it is.`);
        return 0;
    }
    const commit = await resolveLatest(new OciRegistry(), environment, sourceRepository(catalog));
    if (commit === undefined) {
        console.error(`${name} follows latest, and no commit of develop was built yet.`);
    } else if (pushed !== undefined && pushed !== commit) {
        console.error(`latest means ${commit} by now, not ${pushed}: the run of that push deploys it.`);
    } else {
        console.log(`commit=${commit}`);
    }
    return 0;
}

function readArguments(argv: readonly string[]): { name: string; pushed?: string } {
    const refused = (message: string) =>
        new Refusal("Nothing was resolved", [{ subject: "oneflow latest", message, remedy: "npx oneflow latest dev" }]);
    try {
        const { values, positionals } = parseArgs({
            args: [...argv],
            options: { pushed: { type: "string" } },
            allowPositionals: true,
        });
        if (positionals.length === 1) return { name: positionals[0], pushed: values.pushed };
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    throw refused("takes the name of one environment");
}
