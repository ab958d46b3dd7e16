import { parseArgs } from "node:util";
import { Refusal } from "../core/refusal";
import type { DeploymentOptions } from "./deployment";

/** What `oneflow deploy` is told. */
export interface DeployArguments extends Omit<DeploymentOptions, "propose"> {
    environment: string;
    /** File that takes `proposal=<json>` where a revert is proposed, as GitHub reads a step's outputs. */
    output?: string;
}

/** @throws Refusal where they are wrong */
export function readDeployArguments(argv: readonly string[]): DeployArguments {
    const remedy =
        "npx oneflow deploy <environment> [--pushed <owner/name>@<sha>] [--retry] [--lock-timeout 10m] [--output <file>]";
    const refused = (message: string) => new Refusal("Nothing was deployed", [{ subject: "oneflow deploy", message, remedy }]);
    let parsed;
    try {
        parsed = parseArgs({
            args: [...argv],
            options: {
                pushed: { type: "string" },
                retry: { type: "boolean", default: false },
                "lock-timeout": { type: "string", default: "10m" },
                output: { type: "string" },
            },
            allowPositionals: true,
        });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    const { values, positionals } = parsed;
    if (positionals.length !== 1) throw refused("takes the name of one environment");
    const lockTimeout = milliseconds(values["lock-timeout"]);
    if (lockTimeout === undefined) {
        throw refused(
            `--lock-timeout ${JSON.stringify(values["lock-timeout"])} is no duration; expected for example 30s, 10m or 1h`,
        );
    }
    const { pushed, retry, output } = values;
    return { environment: positionals[0], pushed, retry, lockTimeout, output };
}

function milliseconds(text: string): number | undefined {
    const [, count, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
    return count === undefined ? undefined : Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as "s" | "m" | "h"];
}
