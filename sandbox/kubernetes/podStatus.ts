import type { ContainerStatus } from "../providers/cloud/objects";
import { hex } from "../providers/cloud/endpoints";
import type { StartedContainers } from "../providers/kubernetes/containers";
import type { NodePod } from "./kubelet";

/** What a kubelet says of a pod. */
export interface PodStatus {
    phase: "Pending" | "Running" | "Succeeded" | "Failed";
    conditions?: readonly Condition[];
    podIP?: string;
    startTime?: string;
    initContainerStatuses?: readonly NodeContainerStatus[];
    containerStatuses?: readonly NodeContainerStatus[];
    [field: string]: unknown;
}

interface Condition {
    type: string;
    status: "True" | "False";
    reason?: string;
    lastTransitionTime?: string;
}

type NodeContainerStatus = Omit<ContainerStatus, "state"> & { state: Record<string, object>; [field: string]: unknown };

/** The status of a pod whose containers came as far as they came, as of now. */
export function podStatus(pod: NodePod, { init, containers }: StartedContainers): PodStatus {
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const initialised = containers.length > 0;
    const phase = phaseOf({ init, containers });
    const ready = phase === "Running" && containers.every((container) => container.ready);
    const notReady = phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : "ContainersNotReady";
    const ip = podIp(pod.metadata.uid!);
    const before = new Map(
        [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((one) => [one.name, one]),
    );
    const full = (status: ContainerStatus) => containerStatus(status, before.get(status.name), now);
    const waiting = pod.spec.containers.map(({ name, image }) =>
        full({ name, image, imageID: "", ready: false, restartCount: 0, state: { waiting: { reason: "PodInitializing" } } }),
    );
    return {
        phase,
        startTime: pod.status?.startTime ?? now,
        hostIP: "10.0.0.1",
        hostIPs: [{ ip: "10.0.0.1" }],
        podIP: ip,
        podIPs: [{ ip }],
        conditions: [
            condition(pod, "PodReadyToStartContainers", true, undefined, now),
            condition(pod, "Initialized", initialised, "ContainersNotInitialized", now),
            condition(pod, "ContainersReady", ready, notReady, now),
            condition(pod, "Ready", ready, notReady, now),
        ],
        initContainerStatuses: init.map(full),
        containerStatuses: initialised ? containers.map(full) : waiting,
    };
}

function phaseOf({ init, containers }: StartedContainers): PodStatus["phase"] {
    const failed = ({ state }: ContainerStatus) => state.terminated !== undefined && state.terminated.exitCode !== 0;
    const all = [...init, ...containers];
    if (all.some(failed)) return "Failed";
    if (containers.length > 0 && containers.every(({ state }) => state.terminated)) return "Succeeded";
    const started = ({ state }: ContainerStatus) => state.running !== undefined || state.waiting?.reason === "CrashLoopBackOff";
    return containers.length > 0 && containers.every(started) ? "Running" : "Pending";
}

function condition({ status }: NodePod, type: string, holds: boolean, reason: string | undefined, now: string): Condition {
    const before = status?.conditions?.find((one) => one.type === type);
    const value = holds ? "True" : "False";
    // How long a pod has been ready is counted from here.
    const lastTransitionTime = before?.status === value && before.lastTransitionTime ? before.lastTransitionTime : now;
    return { type, status: value, lastTransitionTime, ...(holds || reason === undefined ? {} : { reason }) };
}

function containerStatus(status: ContainerStatus, before: NodeContainerStatus | undefined, now: string): NodeContainerStatus {
    const { waiting, running, terminated } = status.state;
    const containerID = `containerd://${hex(`${status.name}/${now}`, 64)}`;
    const ended = { startedAt: now, finishedAt: now, containerID };
    const crashed = waiting?.reason === "CrashLoopBackOff";
    const restartCount = crashed ? (before?.restartCount ?? 0) + 1 : (before?.restartCount ?? 0);
    return {
        ...status,
        restartCount,
        started: running !== undefined,
        ...(running || terminated ? { containerID } : {}),
        state: running
            ? { running: { startedAt: now } }
            : terminated
              ? { terminated: { ...terminated, ...ended } }
              : { waiting: waiting ?? {} },
        ...(crashed ? { lastState: { terminated: { reason: "Error", exitCode: 1, ...ended } } } : {}),
    };
}

/** An address in the pods' range, the same for one pod always. */
function podIp(uid: string): string {
    const [a, b, c] = Buffer.from(hex(uid, 6), "hex");
    return `10.${a}.${b}.${c}`;
}
