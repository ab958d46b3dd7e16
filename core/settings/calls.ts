import type { Findings } from "./findings";
import type { Service } from "./model";
import { orKnown } from "./suggest";

/** Refuses calls that cannot be allowed: of a service that does not exist, or that nobody can call. */
export function refuseWrongCalls(services: Readonly<Record<string, Service>>, findings: Findings): void {
    for (const [name, { calls = [] }] of Object.entries(services)) {
        for (const [index, called] of calls.entries()) {
            const path = ["services", name, "calls", index];
            if (!Object.hasOwn(services, called)) {
                // A service that is there, and wrong, is told already.
                if (!findings.touches(["services", called])) {
                    findings.add(
                        path,
                        `there is no service ${called}; ${orKnown(called, Object.keys(services), "services")}`,
                        "what is no service of this file is reached with unrestrictedEgress: true",
                    );
                }
            } else if (calls.indexOf(called) < index) {
                findings.add(path, `${called} stands twice in the list`, "delete one of the two");
            } else if (services[called].ports.length === 0 && !findings.touches(["services", called])) {
                const remedy = services[called].manifests ? `bring a Service for ${called}'s pods` : `write ${called}'s port`;
                findings.add(path, `${called} has no port that could be called`, `delete the line, or ${remedy}`);
            }
        }
    }
}
