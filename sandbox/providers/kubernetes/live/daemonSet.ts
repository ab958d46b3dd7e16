import { creationFailures, eventsOf } from "./events";
import { collectionBeside, count, isObserved, isOwnedBy, selectedBy, type Awaiter } from "./observed";
import { obstaclesOf, reasonsOf } from "./pods";

/** A DaemonSet is live once an available pod of its newest template is on each node that it wants. */
export const daemonSet: Awaiter = {
    beside: (object) => ({
        pods: collectionBeside(object, "v1", "pods", selectedBy(object)),
        events: eventsOf(object),
    }),
    judge: (object, { pods, events }, since) => {
        const desired = count(object, "status.desiredNumberScheduled");
        const counts = ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"];
        const least = Math.min(...counts.map((field) => count(object, `status.${field}`)));
        if (isObserved(object) && least >= desired) {
            return { live: true, reasons: [] };
        }
        const owned = pods.now.filter((pod) => isOwnedBy(pod, object));
        const failures = creationFailures(events, since);
        return {
            live: false,
            reasons: [`${least} out of ${desired} nodes have an available pod`, ...failures, ...reasonsOf(owned)],
            stuck: { ...obstaclesOf(owned), ...(failures.length > 0 ? { creation: "held" } : {}) },
        };
    },
};
