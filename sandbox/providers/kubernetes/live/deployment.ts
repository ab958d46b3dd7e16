import {
    collectionBeside,
    conditionOf,
    count,
    isObserved,
    isOwnedBy,
    selectedBy,
    told,
    type Awaiter,
    type LiveObject,
    type Watched,
} from "./observed";
import { obstaclesOf, reasonsOf } from "./pods";

/** A Deployment is live once its newest ReplicaSet alone runs, with as many available pods as wanted. */
export const deployment: Awaiter = {
    beside: (object) => ({
        pods: collectionBeside(object, "v1", "pods", selectedBy(object)),
        replicaSets: collectionBeside(object, "apps/v1", "replicasets", selectedBy(object)),
    }),
    judge: (object, { pods, replicaSets }) => {
        if (!isObserved(object)) {
            return { live: false, reasons: [`the Deployment controller has not seen generation ${object.metadata.generation}`] };
        }
        const desired = count(object, "spec.replicas");
        const [available, progressing, failure] = ["Available", "Progressing", "ReplicaFailure"].map((type) =>
            conditionOf(object, type),
        );
        const isComplete =
            count(object, "status.updatedReplicas") === desired &&
            count(object, "status.replicas") === desired &&
            count(object, "status.availableReplicas") >= desired;
        if (isComplete && available?.holds && (progressing === undefined || progressing.reason === "NewReplicaSetAvailable")) {
            return { live: true, reasons: [] };
        }
        const newest = newestReplicaSet(object, replicaSets);
        const updated = pods.now.filter((pod) => isOwnedBy(pod, newest));
        const reasons = [
            ...(available && !available.holds ? [told(available)] : []),
            ...(progressing && !progressing.holds ? [told(progressing)] : []),
            summary(object, available?.holds ?? false),
            ...(failure?.holds ? [told(failure)] : []),
            ...reasonsOf(updated),
        ];
        return {
            live: false,
            reasons,
            stuck: {
                ...obstaclesOf(updated),
                ...(failure?.holds ? { creation: "held" } : {}),
                // Not at once: for a moment, the status still says it of the generation before.
                ...(progressing?.reason === "ProgressDeadlineExceeded" ? { progress: "held" } : {}),
            },
        };
    },
};

/** The ReplicaSet that the controller rolls out to. */
function newestReplicaSet(object: LiveObject, replicaSets: Watched): LiveObject | undefined {
    const revision = revisionOf(object);
    return replicaSets.now.find((set) => isOwnedBy(set, object) && revisionOf(set) === revision);
}

function revisionOf(object: LiveObject): string | undefined {
    return object.metadata.annotations?.["deployment.kubernetes.io/revision"];
}

function summary(object: LiveObject, isAvailable: boolean): string {
    if (!isAvailable) {
        return "Minimum number of live Pods was not attained";
    }
    return revisionOf(object) === "1"
        ? "Minimum number of Pods to consider the application live was not attained"
        : "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live";
}
