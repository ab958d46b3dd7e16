import { refOf } from "../proposal";
import { list, otherRefs, promoteCommand, shortCommit } from "../words";
import { serviceOf } from "../../release/lock";
import type { Rule } from "./rule";

/** A service is rendered from this checkout's catalog: each image that it needs there, init containers included, must be in its lock. */
export const wholeServices: Rule = {
    name: "wholeServices",
    judge: ({ request, facts, lacking }) =>
        [...new Set(lacking.map(serviceOf))].map((service) => ({
            subject: service,
            message: [
                `needs ${list(lacking.filter((name) => serviceOf(name) === service))} by this checkout's services.yaml,`,
                `but ${shortCommit(refOf(request, facts.locks, service))} was built before that was added, so its lock has no such image.`,
                ...otherRefs(request, facts),
            ].join("\n"),
            remedy: facts.alternatives[0]
                ? promoteCommand(request.environment.name, facts.alternatives[0])
                : `git checkout ${refOf(request, facts.locks, service)} -- services.yaml && pulumi up -s ${request.environment.name}`,
        })),
};
