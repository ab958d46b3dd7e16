import type { Override } from "../core/promotion/model";
import type { Refusal } from "../core/refusal";

/** What a command is told that changes an environment's file. */
export interface ChangeArguments {
    environment: string;
    /** Services that alone change. Empty: all of the environment. */
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

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

/** The options of each such command. */
export const changeOptions = {
    service: { type: "string", multiple: true, default: [] as string[] },
    ...{ reason: text, override: text, removes: text },
    ...{ yes: flag, retry: flag },
} as const;

/** As they are in the usage. */
export const changeUsage = '[--reason "…"] [--override <rule>,…] [--yes [--removes <image>,…] [--retry]]';

/** Values of {@link changeOptions}. */
interface ChangeValues {
    service: readonly string[];
    reason?: string;
    override?: string;
    removes?: string;
    yes: boolean;
    retry: boolean;
}

/** @throws Refusal where they do not go together */
export function readChange(
    { service, yes, retry, ...values }: ChangeValues,
    refused: (message: string) => Refusal,
): Omit<ChangeArguments, "environment"> {
    const reason = values.reason?.trim() || undefined;
    const rules = names(values.override);
    if (values.override !== undefined && (rules.length === 0 || reason === undefined)) {
        throw refused("--override takes the names of rules, and --reason why they do not hold this once");
    }
    if (!yes && (retry || values.removes !== undefined)) {
        throw refused(`${retry ? "--retry" : "--removes"} is for --yes, which deploys: a pull request is confirmed by its merge`);
    }
    return {
        services: [...new Set(service)],
        ...(rules.length > 0 && { override: { rules, reason: reason! } }),
        ...(reason !== undefined && { reason }),
        ...{ yes, retry },
        removes: names(values.removes),
    };
}

function names(list: string | undefined): string[] {
    return [...new Set((list ?? "").split(",").flatMap((name) => name.trim() || []))];
}
