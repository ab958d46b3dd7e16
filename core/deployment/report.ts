import { askedRef, shortCommit } from "../promotion/words";
import type { Plan } from "../promotion/model";
import type { Problem } from "../refusal";
import type { RolloutFailure } from "../release/failedRun";
import { describeHolders, type LockHolder } from "./stateLock";
import { nextCommands } from "./wayBack";

/** What a deployment that failed left behind. */
export type Aftermath =
    | { kind: "notBegun" }
    | { kind: "unrecorded" }
    /** It did not go back, and why. */
    | { kind: "stays"; failures: readonly RolloutFailure[]; why: string }
    /** It went back, and whether somebody opens the pull request of the revert. */
    | { kind: "wentBack"; failures: readonly RolloutFailure[]; to: NonNullable<Plan["current"]>; proposed: boolean }
    /** It tried to. */
    | {
          kind: "mixed";
          failures: readonly RolloutFailure[];
          to: NonNullable<Plan["current"]>;
          proposed: boolean;
          /** Who kept it from that. Absent: its rollout failed too. */
          lockedBy?: readonly LockHolder[];
      };

/** For a person at 3 a.m.: what failed, what runs now, what to type. */
export function reportAftermath(plan: Plan, aftermath: Aftermath): { title: string; problems: readonly Problem[] } {
    const { name } = plan.environment;
    const failed = `Deployment of ${name} failed`;
    const about = (message: string, remedy: string): Problem => ({ subject: name, message, remedy });
    if (aftermath.kind === "notBegun") {
        const message = "What ran still runs. The cause stands above.";
        return {
            title: `${failed}, and nothing was changed in its clusters`,
            problems: [about(message, `npx oneflow deploy ${name}`)],
        };
    }
    if (aftermath.kind === "unrecorded") {
        const message =
            "Everything is deployed and healthy; only the record of it could not be written, so no later environment can take it.";
        return { title: `Deployment of ${name} is not recorded`, problems: [about(message, `npx oneflow deploy ${name}`)] };
    }
    const causes = aftermath.failures.map(({ resource, message }) => ({ subject: resource, message: message || "failed" }));
    if (aftermath.kind === "stays") {
        const message = `${aftermath.why}\nWhat came up runs; what did not is as it was, or not ready.`;
        const remedy = nextCommands(plan, { none: aftermath.why }, false).join("\n");
        return { title: `${failed}, and ${name} stays as it is`, problems: [...causes, about(message, remedy)] };
    }
    const { to, proposed } = aftermath;
    const target = `${shortCommit(askedRef(to.request))}, healthy at ${to.at}`;
    const next = nextCommands(plan, { to }, proposed);
    if (aftermath.kind === "wentBack") {
        const problem = about(`runs ${target}, in all its clusters.`, next.join("\n"));
        return { title: `${failed}, and ${name} went back`, problems: [...causes, problem] };
    }
    const { lockedBy } = aftermath;
    const message = [
        `Going back to ${target} ${lockedBy ? "found the state locked" : "failed too; why stands above"}. ${name} runs a mix of both.`,
        "A pod that serves goes on serving until a new one is ready.",
        ...describeHolders(lockedBy ?? []),
    ].join("\n");
    const again = [
        ...(lockedBy ? [`pulumi cancel -s ${name}   # only once that process is gone`] : []),
        `pulumi up -s ${name}   # once its file asks for ${askedRef(to.request)}`,
    ];
    return { title: `${failed}, and going back failed too`, problems: [...causes, about(message, [...again, ...next].join("\n"))] };
}
