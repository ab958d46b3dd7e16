import { noSchema } from "../../release/databaseSchema";
import { outdatedVersions } from "../databaseSchemas";
import { refOf } from "../proposal";
import { list, overrideCommand, shortCommit } from "../words";
import type { Rule } from "./rule";

/**
 * A database never goes back, so a version that comes back runs on whatever schema is there: somebody who knows must have declared
 * that it can. Held against rollbacks too.
 */
export const schema: Rule = {
    name: "schema",
    overridable: true,
    judge: (judged) =>
        outdatedVersions(judged)
            .filter(({ declared }) => !declared)
            .map(({ service, label, reached }) => {
                const { environment, catalog, checkout = catalog } = judged.request;
                const ref = shortCommit(refOf(judged.request, judged.facts.locks, service));
                const { compatibleWith } = reached;
                const others = compatibleWith.length === 0 ? "with no other" : `with ${list(compatibleWith)} alone`;
                const here = checkout.services[service]?.schema === reached.label;
                const edit = `write ${JSON.stringify(label)} into services.${service}.compatibleWith of services.yaml, if versions of it can run on ${reached.label}`;
                return {
                    subject: service,
                    message: [
                        `${ref} declares ${label === noSchema ? "no schema" : `schema ${label}`}, and the database of ${service} in ${environment.name} is at ${reached.label} since ${shortCommit(reached.by)}.`,
                        `A migration is never undone, and ${reached.label} is declared to be compatible ${others}.`,
                    ].join("\n"),
                    remedy: `${here ? `${edit}\nor: ` : ""}promote a version of schema ${reached.label}\nor: ${overrideCommand(environment.name, "schema")}`,
                };
            }),
};
