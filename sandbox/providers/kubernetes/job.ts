import type { KubernetesObject, Objects, Pod } from "../cloud/objects";
import { at, records } from "../values";
import { podRefusal } from "./admission";
import { unreadiness, type Kubelet } from "./kubelet";
import { freeName, podFrom, podsOf, startPods, templateOf } from "./pods";

/** How far a Job came. */
export interface JobState {
    /** Why it is not complete, in the words of Kubernetes. Empty when it is. */
    reasons: readonly string[];
    /** It will not become complete any more. */
    failed: boolean;
}

/** The Job controller: runs pods, one after the other, until as many as wanted have ended well, or too many badly. */
export class JobRun {
    private refusal?: string;

    constructor(
        private readonly objects: Objects,
        private readonly kubelet: Kubelet,
        private readonly job: KubernetesObject,
    ) {}

    /** Goes as far as it can. A Job that has ended does nothing more. */
    async proceed(): Promise<JobState> {
        const suspended = at(this.job, "spec.suspend") === true;
        while (!suspended && !this.hasEnded()) {
            const waiting = this.pods().filter(isUnended);
            const pods = waiting.length > 0 ? waiting : this.make();
            await startPods(this.objects, this.kubelet, pods);
            this.keepStatus();
            if (pods.length === 0 || this.pods().some(isUnended)) {
                break;
            }
        }
        return this.conclude(suspended);
    }

    private make(): Pod[] {
        const { apiVersion, kind, metadata } = this.job;
        const labels = {
            ...{ "batch.kubernetes.io/controller-uid": metadata.uid, "batch.kubernetes.io/job-name": metadata.name },
            ...{ "controller-uid": metadata.uid, "job-name": metadata.name },
        };
        const pod = podFrom(this.objects, metadata.namespace!, templateOf(this.job), {
            name: freeName(metadata.name, this.pods()),
            owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid },
            further: { metadata: { labels } },
        });
        this.refusal = podRefusal(this.objects, metadata.namespace!, pod);
        if (this.refusal !== undefined) {
            return [];
        }
        this.objects.put(pod);
        return [pod];
    }

    private keepStatus(): void {
        const pods = this.pods();
        const count = (phase: string) => pods.filter(({ status }) => status.phase === phase).length;
        const restarted = pods.filter(isCrashing).length;
        const complete = count("Succeeded") >= Number(at(this.job, "spec.completions") ?? 1);
        // Within a pod that is started once more every start counts, and there is no end to them here.
        const failed = restarted > 0 || count("Failed") > Number(at(this.job, "spec.backoffLimit") ?? 6);
        const lastTransitionTime = new Date().toISOString();
        const condition = (type: string, reason: string, message: string) => ({
            type,
            status: "True",
            reason,
            message,
            lastTransitionTime,
        });
        const limit = ["BackoffLimitExceeded", "Job has reached the specified backoff limit"] as const;
        const reached = ["CompletionsReached", "Reached expected number of succeeded pods"] as const;
        this.objects.put({
            ...this.current(),
            status: {
                ...{ succeeded: count("Succeeded"), failed: count("Failed") + restarted },
                active: complete || failed ? 0 : pods.filter(isUnended).length,
                ...(complete && { conditions: [condition("SuccessCriteriaMet", ...reached), condition("Complete", ...reached)] }),
                ...(failed && !complete && { conditions: [condition("FailureTarget", ...limit), condition("Failed", ...limit)] }),
            },
        });
    }

    private conclude(suspended: boolean): JobState {
        if (this.condition("Complete")) {
            return { reasons: [], failed: false };
        }
        const failed = this.condition("Failed");
        const prefix = `pods "${this.job.metadata.name}-" is forbidden`;
        return {
            failed: failed !== undefined,
            reasons: [
                ...(suspended ? ["[Suspended] the Job is suspended: no pod is made"] : []),
                ...(failed ? [`[${String(failed.reason)}] ${String(failed.message)}`] : []),
                ...(this.refusal === undefined ? [] : [`[FailedCreate] Error creating: ${prefix}: ${this.refusal}`]),
                ...this.pods()
                    .filter(({ status }) => status.phase !== "Succeeded")
                    .map(unreadiness),
            ],
        };
    }

    private hasEnded(): boolean {
        return (this.condition("Complete") ?? this.condition("Failed")) !== undefined;
    }

    private condition(type: string): Record<string, unknown> | undefined {
        return records(at(this.current(), "status.conditions")).find((one) => one.type === type && one.status === "True");
    }

    private current(): KubernetesObject {
        return this.objects.get("Job", this.job.metadata.namespace, this.job.metadata.name) ?? this.job;
    }

    private pods(): Pod[] {
        return podsOf(this.objects, this.job);
    }
}

/** Whether a Job that stands has done what it is for. */
export function isComplete(job: KubernetesObject): boolean {
    return records(at(job, "status.conditions")).some(({ type, status }) => type === "Complete" && status === "True");
}

function isUnended({ status }: Pod): boolean {
    return status.phase !== "Succeeded" && status.phase !== "Failed";
}

function isCrashing({ status }: Pod): boolean {
    return status.containerStatuses.some(({ state }) => state.waiting?.reason === "CrashLoopBackOff");
}
