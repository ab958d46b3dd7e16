import { parseArgs } from "node:util";
import { Refusal } from "../core/refusal";
import { type ChangeArguments, changeOptions, changeUsage, readChange } from "./changeArguments";

/** What `oneflow promote` is told. */
export interface PromoteArguments extends ChangeArguments {
    ref: string;
}

export const promoteTitle = "Nothing was promoted";

/** @throws Refusal where they are wrong */
export function readPromoteArguments(argv: readonly string[]): PromoteArguments {
    const remedy = `npx oneflow promote <environment> <ref> [--service <name>]… ${changeUsage}`;
    const refused = (message: string) => new Refusal(promoteTitle, [{ subject: "oneflow promote", message, remedy }]);
    let parsed;
    try {
        parsed = parseArgs({ args: [...argv], options: changeOptions, allowPositionals: true });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    const { values, positionals } = parsed;
    const [environment, ref, ...more] = positionals;
    if (environment === undefined || ref === undefined || more.length > 0) {
        throw refused("takes the name of one environment, and what is promoted to it: a full commit SHA, vX.Y.Z or latest");
    }
    return { environment, ref, ...readChange(values, refused) };
}
