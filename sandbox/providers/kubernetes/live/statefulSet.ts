import { at, text } from "../../values";
import { creationFailures, eventsOf } from "./events";
import { collectionBeside, count, isObserved, isOwnedBy, selectedBy, type Awaiter } from "./observed";
import { obstaclesOf, reasonsOf } from "./pods";

/** A StatefulSet is live once all its pods are ready, and of the revision that it is updated to. */
export const statefulSet: Awaiter = {
    beside: (object) => ({
        pods: collectionBeside(object, "v1", "pods", selectedBy(object)),
        events: eventsOf(object),
    }),
    judge: (object, { pods, events }, since) => {
        const desired = count(object, "spec.replicas");
        const [replicas, ready, current, updated] = ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas"].map(
            (field) => (isObserved(object) ? count(object, `status.${field}`) : 0),
        );
        const [from, to] = [text(object, "status.currentRevision") ?? "", text(object, "status.updateRevision") ?? ""];
        const isByHand = at(object, "spec.updateStrategy.type") === "OnDelete" && (object.metadata.generation ?? 1) > 1;
        const isAtRevision = isObserved(object) && (isByHand || (from !== "" && from === to));
        const hasReplicas = isObserved(object) && replicas === desired && ready === desired && (isByHand || current === desired);
        if (isAtRevision && hasReplicas) {
            return { live: true, reasons: [] };
        }
        const owned = pods.now.filter((pod) => isOwnedBy(pod, object));
        const failures = creationFailures(events, since);
        return {
            live: false,
            reasons: [
                ...(hasReplicas
                    ? []
                    : [`${isAtRevision ? ready : Math.min(ready, updated)} out of ${desired} replicas succeeded readiness checks`]),
                ...(isAtRevision ? [] : [`StatefulSet controller failed to advance from revision "${from}" to revision "${to}"`]),
                ...failures,
                ...reasonsOf(owned),
            ],
            stuck: { ...obstaclesOf(owned), ...(failures.length > 0 ? { creation: "held" } : {}) },
        };
    },
};
