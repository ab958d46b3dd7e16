import { parseArgs } from "node:util";
import type { Override } from "../core/promotion/model";
import { Refusal } from "../core/refusal";
import type { Config } from "../core/rollback/request";

/** What `oneflow rollback` is told. */
export interface RollbackArguments {
    environment: string;
    /** A full commit SHA, `v1.4.0`, or a run's tag. @default - what ran before */
    to?: string;
    /** Services that alone go back. Empty: all of the environment. */
    services: readonly string[];
    /** Which settings come along. */
    config: Config;
    override?: Override;
    /** For the run record, and the pull request. */
    reason?: string;
    /** Whether it only says which runs there are. */
    list: boolean;
    /** Whether it is written to the operations branch and deployed here. */
    yes: boolean;
    /** Images that may leave the environment. */
    removes: readonly string[];
    /** Whether what failed before is tried again. */
    retry: boolean;
}

export const rollbackTitle = "Nothing was rolled back";

/** @throws Refusal where they are wrong */
export function readRollbackArguments(argv: readonly string[]): RollbackArguments {
    const remedy =
        'npx oneflow rollback <environment> [--list] [--to <ref or run>] [--service <name>]… [--config now|then] [--reason "…"] [--override <rule>,…] [--yes [--removes <image>,…] [--retry]]';
    const refused = (message: string) => new Refusal(rollbackTitle, [{ subject: "oneflow rollback", message, remedy }]);
    const [flag, text] = [{ type: "boolean", default: false } as const, { type: "string" } as const];
    let parsed;
    try {
        parsed = parseArgs({
            args: [...argv],
            options: {
                ...{ to: text, reason: text, override: text, removes: text, config: { ...text, default: "now" } },
                service: { type: "string", multiple: true, default: [] },
                ...{ list: flag, yes: flag, retry: flag },
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
    const { to, config, list, yes, retry } = values;
    if (config !== "now" && config !== "then") {
        throw refused(
            `--config ${JSON.stringify(config)} is neither now, the settings of this checkout, nor then, those of the run`,
        );
    }
    const reason = values.reason?.trim() || undefined;
    const rules = names(values.override);
    if (values.override !== undefined && (rules.length === 0 || reason === undefined)) {
        throw refused("--override takes the names of rules, and --reason why they do not hold this once");
    }
    if (!yes && (retry || values.removes !== undefined)) {
        throw refused(`${retry ? "--retry" : "--removes"} is for --yes, which deploys: a pull request is confirmed by its merge`);
    }
    return {
        environment,
        ...(to !== undefined && { to }),
        services: [...new Set(values.service)],
        config,
        ...(rules.length > 0 && { override: { rules, reason: reason! } }),
        ...(reason !== undefined && { reason }),
        ...{ list, yes, retry },
        removes: names(values.removes),
    };
}

function names(text: string | undefined): string[] {
    return [...new Set((text ?? "").split(",").flatMap((name) => name.trim() || []))];
}
