import { parseArgs } from "node:util";
import { Refusal } from "../core/refusal";
import type { Config } from "../core/rollback/request";
import { type ChangeArguments, changeOptions, changeUsage, readChange } from "./changeArguments";

/** What `oneflow rollback` is told. */
export interface RollbackArguments extends ChangeArguments {
    /** A full commit SHA, `v1.4.0`, or a run's tag. @default - what ran before */
    to?: string;
    /** Which settings come along. */
    config: Config;
    /** Whether it only says which runs there are. */
    list: boolean;
}

export const rollbackTitle = "Nothing was rolled back";

/** @throws Refusal where they are wrong */
export function readRollbackArguments(argv: readonly string[]): RollbackArguments {
    const remedy = `npx oneflow rollback <environment> [--list] [--to <ref or run>] [--service <name>]… [--config now|then] ${changeUsage}`;
    const refused = (message: string) => new Refusal(rollbackTitle, [{ subject: "oneflow rollback", message, remedy }]);
    let parsed;
    try {
        parsed = parseArgs({
            args: [...argv],
            options: {
                ...changeOptions,
                to: { type: "string" },
                config: { type: "string", default: "now" },
                list: { type: "boolean", default: false },
            },
            allowPositionals: true,
        });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    const { values, positionals } = parsed;
    const [environment, ...more] = positionals;
    if (environment === undefined || more.length > 0) {
        throw refused("takes the name of one environment; what to go back to stands behind --to");
    }
    const { to, config, list, ...change } = values;
    if (config !== "now" && config !== "then") {
        throw refused(
            `--config ${JSON.stringify(config)} is neither now, the settings of this checkout, nor then, those of the run`,
        );
    }
    return { environment, ...(to !== undefined && { to }), ...{ config, list }, ...readChange(change, refused) };
}
