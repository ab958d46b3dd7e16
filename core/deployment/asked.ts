import { createHash } from "node:crypto";
import { type Problem, Refusal } from "../refusal";
import { canonicalJson } from "../release/lock";
import type { FailedRun } from "../release/failedRun";
import type { Catalog, Environment } from "../settings/model";
import { askedRef, shortCommit } from "../promotion/words";

/**
 * Identity of what a deployment asks for: the environment's file with `latest` resolved, and the services. The same asked for again
 * would fail again.
 */
export function askedFor(environment: Environment, catalog: Catalog): string {
    return createHash("sha256").update(canonicalJson({ environment, catalog })).digest("hex");
}

/** @throws Refusal where the same failed before and nothing has come up since */
export function refuseFailedBefore(environment: Environment, asked: string, open: readonly FailedRun[]): void {
    const before = open.find((failure) => failure.asked === asked);
    if (!before) {
        return;
    }
    const { name, commit } = environment;
    const problem: Problem = {
        subject: name,
        message: [
            `This very deployment of ${shortCommit(askedRef(before.request))} failed before, at ${before.at}, and ${name} went back. Its revert is open:`,
            commit === "latest"
                ? "develop was not mended since, or its build has not ended."
                : `Pulumi.${name}.yaml and services.yaml say what they said then.`,
            ...before.failures.map(({ resource, message }) => `${resource}: ${message.split("\n")[0]}`),
        ].join("\n"),
        remedy: `merge the revert or push a mended commit\nor, once the cause is mended outside: npx oneflow deploy ${name} --retry`,
    };
    throw new Refusal(`Deployment of ${name} refused, nothing was changed`, [problem]);
}
