import type { Environment } from "../settings/model";
import type { Override } from "./model";

/**
 * What an environment's file asks for, in one text that an override names: `v1.4.0`, and with pins
 * `v1.4.0 cart@3c2d91a9f0e84b7d6a5c4e3f2b1a09d8c7e6f5a4`.
 */
export function askedText({ commit = "", pins }: Pick<Environment, "commit" | "pins">): string {
    return [
        commit,
        ...Object.keys(pins)
            .sort()
            .map((service) => `${service}@${pins[service]}`),
    ].join(" ");
}

/** The override of an environment's file, while it is for what the file asks for. */
export function standingOverride(environment: Pick<Environment, "commit" | "pins" | "override">): Override | undefined {
    const { override } = environment;
    return override && override.for === askedText(environment)
        ? { rules: [...new Set(override.rules)], reason: override.reason }
        : undefined;
}

/** What is said of an override that is left from an earlier promotion: it lets nothing pass. */
export function describeStale(environment: Pick<Environment, "name" | "commit" | "pins" | "override">): string | undefined {
    const { name, override } = environment;
    return override && override.for !== askedText(environment)
        ? `The override in Pulumi.${name}.yaml is for ${override.for}, not for ${askedText(environment)}: it lets nothing pass.\n` +
              `  → pulumi config rm override -s ${name}`
        : undefined;
}
