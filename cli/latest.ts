import { parseArgs } from "node:util";
import { followedRef } from "../core/facts/followedRef";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { readSettings } from "../core/settings/load";

/**
 * `oneflow latest <environment>`: the commit that the environment's `latest` means now, as `commit=<sha>` for a script to read; of
 * several source repositories one of each, `commit=acme/cart@<sha>,acme/checkout@<sha>`.
 * Prints nothing on standard output where the environment's file holds it at a commit or at nothing, or nothing was built yet.
 *
 * With `--pushed <owner/name>@<sha>`, nor where `latest` means another commit of that repository: that one's own run deploys it, with
 * the settings that belong to it. A repository that no service is built from is not asked about; a sha alone is the only one's.
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
    const followed = await followedRef(new OciRegistry(), target.environment, catalog, pushed);
    if ("commit" in followed) {
        console.log(`commit=${followed.commit}`);
    } else {
        console.error(followed.words);
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
