import { isDeepStrictEqual } from "node:util";
import { at, text } from "../../values";
import { daemonSet } from "./daemonSet";
import { deployment } from "./deployment";
import { job } from "./job";
import { conditionOf, type Awaiter } from "./observed";
import { obstaclesOf, reasonsOf } from "./pods";
import { service } from "./service";
import { statefulSet } from "./statefulSet";

/** A Pod is live once it is ready or has done its work. */
const pod: Awaiter = {
    judge: (object) => {
        const phase = text(object, "status.phase");
        const live = conditionOf(object, "Ready")?.holds === true || phase === "Succeeded";
        return {
            live,
            reasons: live ? [] : reasonsOf([object]),
            failed: phase === "Failed",
            stuck: live ? {} : obstaclesOf([object]),
        };
    },
};

/** A claim is live once it has its volume, if its storage class does not wait for the first pod that uses it. */
const persistentVolumeClaim: Awaiter = {
    beside: () => ({ classes: "/apis/storage.k8s.io/v1/storageclasses?" }),
    judge: (object, { classes }) => {
        const phase = text(object, "status.phase");
        const name = text(object, "spec.storageClassName");
        const mode = at(
            classes.now.find(({ metadata }) => metadata.name === name),
            "volumeBindingMode",
        );
        const live = phase === "Bound" || (mode === "WaitForFirstConsumer" && phase === "Pending");
        return {
            live,
            reasons: live ? [] : [`PersistentVolumeClaim is ${phase ?? "not seen by its controller"}: no volume is bound to it`],
        };
    },
};

/** A quota is live once its controller has counted: before, it refuses every pod. */
const resourceQuota: Awaiter = {
    judge: (object) => {
        const live = isDeepStrictEqual(at(object, "spec.hard") ?? {}, at(object, "status.hard") ?? {});
        return { live, reasons: live ? [] : ["the quota controller has not taken the quota over"] };
    },
};

/** How to tell whether an object has come to life: `apiVersion/kind` → awaiter. Other kinds are live as soon as they are there. */
export const awaiters: Readonly<Record<string, Awaiter>> = {
    "apps/v1/Deployment": deployment,
    "apps/v1/StatefulSet": statefulSet,
    "apps/v1/DaemonSet": daemonSet,
    "batch/v1/Job": job,
    "v1/Pod": pod,
    "v1/Service": service,
    "v1/PersistentVolumeClaim": persistentVolumeClaim,
    "v1/ResourceQuota": resourceQuota,
};
