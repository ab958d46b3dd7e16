import { frozenAt } from "../freeze";
import { list, overrideCommand } from "../words";
import type { Rule } from "./rule";

/** Nothing changes while the environment is frozen, nor is anything taken away. What ran here before may always come back. */
export const freeze: Rule = {
    name: "freeze",
    overridable: true,
    judge: ({ request: { environment }, facts, direction, transitions }) => {
        const frozen =
            direction === "rollback" || transitions.length === 0 ? undefined : frozenAt(environment.freeze ?? [], facts.now);
        if (!frozen) {
            return [];
        }
        const { name } = environment;
        const windows = frozen.windows.map(({ from, to, timezone }) => `${from} to ${to} ${timezone}`);
        const until = frozen.until ? `until ${frozen.until}` : "without an end: its windows leave no minute of a week free";
        return [
            {
                subject: "freeze",
                message: [
                    `${name} is frozen ${until}.`,
                    `Pulumi.${name}.yaml says so: ${list(windows)}. What ran healthy here before may come back.`,
                ].join("\n"),
                remedy: [...(frozen.until ? ["wait"] : []), overrideCommand(name, "freeze")].join("\nor: "),
            },
        ];
    },
};
