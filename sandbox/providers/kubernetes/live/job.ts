import { creationFailures, eventsOf } from "./events";
import { collectionBeside, conditionOf, isOwnedBy, told, type Awaiter, type LiveObject, type Obstacle } from "./observed";
import { podTrouble } from "./podTrouble";
import { obstaclesOf, reasonsOf } from "./pods";

/** A Job is live once it is complete. */
export const job: Awaiter = {
    beside: (object) => ({
        pods: collectionBeside(
            object,
            "v1",
            "pods",
            `labelSelector=${encodeURIComponent(`batch.kubernetes.io/job-name=${object.metadata.name}`)}`,
        ),
        events: eventsOf(object),
    }),
    judge: (object, { pods, events }, since) => {
        if (conditionOf(object, "Complete")?.holds) {
            return { live: true, reasons: [] };
        }
        const failed = conditionOf(object, "Failed");
        // A Job whose deadline is over takes its pods away; they still say why it took so long.
        const owned = [...pods.now, ...pods.gone].filter((pod) => isOwnedBy(pod, object));
        const failures = creationFailures(events, since);
        return {
            live: false,
            reasons: [...(failed?.holds ? [told(failed)] : []), ...failures, ...reasonsOf(owned)],
            failed: failed?.holds ?? false,
            stuck: {
                ...kept(pods.now.filter((pod) => isOwnedBy(pod, object))),
                ...(failures.length > 0 ? { creation: "held" } : {}),
            },
        };
    },
};

/** Pods that do not get to their work. Those that fail at it are counted by the Job itself. */
function kept(pods: readonly LiveObject[]): Record<string, Obstacle> {
    const starting = pods.filter((pod) => !podTrouble(pod)?.reason.includes("[CrashLoopBackOff]"));
    return Object.fromEntries(Object.entries(obstaclesOf(starting)).filter(([, obstacle]) => obstacle === "held"));
}
