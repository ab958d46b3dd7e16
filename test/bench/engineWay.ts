import { resourceChanges } from "./resourceChanges";
import type { TimedRun } from "./timedPulumi";
import type { Step, Taken } from "./way";

/** What a run of the engine took. @throws Error where it did not do what the step is about, and nothing else */
export function takenBy(step: Step, run: TimedRun): Taken {
    const { unchanged: _same, ...changed } = resourceChanges(run.output);
    if (Object.keys(changed).join() !== did[step]) {
        throw new Error(
            `the step ${step} was expected to have resources ${did[step] || "unchanged"} and no others:\n${run.output}`,
        );
    }
    return { wall: run.seconds, cpu: run.cpu };
}

const did: Readonly<Record<Step, string>> = { create: "created", change: "updated", repeat: "" };
