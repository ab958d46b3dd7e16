import { parseArgs } from "node:util";
import { describeDiff, markdownDiff } from "../core/diff/describeDiff";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { judgeFile, wantedFile } from "./wantedPromotion";

const title = "Nothing was compared";
const usage = "npx oneflow diff <environment> [<ref>] [--service <name>]… [--full] [--json | --markdown]";

/**
 * `oneflow diff <environment> <ref>`: what a promotion would do, and all that is said against it. It only reads.
 *
 * @returns 0 where the promotion would be done, 2 where it would be refused
 * @throws Refusal where the file cannot ask for it
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { environment, ref, services, full, json, markdown } = readArguments(argv);
    const directory = process.cwd();
    const file = wantedFile(directory, { environment, ref, services }, title);
    const { diff } = await judgeFile(file, { registry: new OciRegistry(), directory });
    console.log(json ? JSON.stringify(diff, undefined, 2) : markdown ? markdownDiff(diff) : describeDiff(diff, { full }));
    return diff.allowed ? 0 : Refusal.exitCode;
}

function readArguments(argv: readonly string[]) {
    const refused = (message: string) => new Refusal(title, [{ subject: "oneflow diff", message, remedy: usage }]);
    const flag = { type: "boolean", default: false } as const;
    let parsed;
    try {
        parsed = parseArgs({
            args: [...argv],
            options: { service: { type: "string", multiple: true, default: [] }, full: flag, json: flag, markdown: flag },
            allowPositionals: true,
        });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    const { positionals, values } = parsed;
    const [environment, ref, ...more] = positionals;
    if (environment === undefined || more.length > 0) {
        throw refused("takes the name of one environment, and what would be promoted to it");
    }
    if (values.service.length > 0 && ref === undefined) {
        throw refused("--service takes the commit that the service would run");
    }
    if (values.json && values.markdown) {
        throw refused("--json and --markdown are two forms of one answer");
    }
    const { service: services, full, json, markdown } = values;
    return { environment, ref, services, full, json, markdown };
}
