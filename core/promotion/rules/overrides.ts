import type { Problem } from "../../refusal";
import { list } from "../words";
import type { Rule } from "./rule";

/** An override names rules that somebody can answer for, and a reason: whoever looks at the run record later reads it. */
export function overrides(rules: readonly Rule[]): Rule {
    return {
        name: "overrides",
        judge: ({ request: { environment, override } }) => {
            if (!override) {
                return [];
            }
            const may = rules.flatMap(({ name, overridable }) => (overridable ? [name] : []));
            const wrong = override.rules.filter((name) => !may.includes(name));
            const again = (names: string) => `ONEFLOW_OVERRIDE=${names} ONEFLOW_REASON="…" pulumi up -s ${environment.name}`;
            const problems: Problem[] = wrong.map((name) => ({
                subject: "override",
                message: rules.some((rule) => rule.name === name)
                    ? `${name} cannot be overridden: it refuses what could not run, or what nobody knows. These can: ${list(may)}.`
                    : `${JSON.stringify(name)} is no rule. These can be overridden: ${list(may)}.`,
                remedy: `unset ONEFLOW_OVERRIDE, or take ${name} out of override in Pulumi.${environment.name}.yaml`,
            }));
            const missing =
                override.reason.trim() === ""
                    ? [
                          {
                              subject: "override",
                              message: "An override takes a reason, which the run record keeps.",
                              remedy: again(override.rules.join(",")),
                          },
                      ]
                    : [];
            return [...problems, ...missing];
        },
    };
}
