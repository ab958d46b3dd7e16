import { parseArgs } from "node:util";
import type { Override } from "../core/promotion/model";
import { Refusal } from "../core/refusal";

/** What `oneflow promote` is told. */
export interface PromoteArguments {
    environment: string;
    ref: string;
    /** Services that alone are promoted. Empty: all of the environment. */
    services: readonly string[];
    override?: Override;
    /** For the run record, and the pull request. */
    reason?: string;
    /** Whether it is written to the operations branch and deployed here. */
    yes: boolean;
    /** Images that may leave the environment. */
    removes: readonly string[];
    /** Whether what failed before is tried again. */
    retry: boolean;
}

export const promoteTitle = "Nothing was promoted";

/** @throws Refusal where they are wrong */
export function readPromoteArguments(argv: readonly string[]): PromoteArguments {
    const remedy =
        'npx oneflow promote <environment> <ref> [--service <name>]… [--reason "…"] [--override <rule>,…] [--yes [--removes <image>,…] [--retry]]';
    const refused = (message: string) => new Refusal(promoteTitle, [{ subject: "oneflow promote", message, remedy }]);
    const [flag, text] = [{ type: "boolean", default: false } as const, { type: "string" } as const];
    let parsed;
    try {
        parsed = parseArgs({
            args: [...argv],
            options: {
                service: { type: "string", multiple: true, default: [] },
                ...{ reason: text, override: text, removes: text },
                ...{ yes: flag, retry: flag },
            },
            allowPositionals: true,
        });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw refused((error as Error).message);
    }
    const { values, positionals } = parsed;
    const [environment, ref, ...more] = positionals;
    if (environment === undefined || ref === undefined || more.length > 0) {
        throw refused("takes the name of one environment, and what is promoted to it: a full commit SHA, vX.Y.Z or latest");
    }
    const reason = values.reason?.trim() || undefined;
    const rules = names(values.override);
    if (values.override !== undefined && (rules.length === 0 || reason === undefined)) {
        throw refused("--override takes the names of rules, and --reason why they do not hold this once");
    }
    if (!values.yes && (values.retry || values.removes !== undefined)) {
        throw refused(
            `${values.retry ? "--retry" : "--removes"} is for --yes, which deploys: a pull request is confirmed by its merge`,
        );
    }
    return {
        environment,
        ref,
        services: [...new Set(values.service)],
        ...(rules.length > 0 && { override: { rules, reason: reason! } }),
        ...(reason !== undefined && { reason }),
        yes: values.yes,
        removes: names(values.removes),
        retry: values.retry,
    };
}

function names(text: string | undefined): string[] {
    return [...new Set((text ?? "").split(",").flatMap((name) => name.trim() || []))];
}
