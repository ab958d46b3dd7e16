import type { ContainerStatus, Objects, Pod } from "../cloud/objects";
import { startContainers, type PulledImage, type Supplies } from "./containers";

export { behaviourLabel, type PulledImage } from "./containers";

/** Pulls an image as an IAM member. @throws Error that says why it could not */
export type PullImage = (reference: string, member: string) => Promise<PulledImage>;

/** Brings pods to life, or says why they do not come to life. */
export class Kubelet {
    constructor(
        private readonly objects: Objects,
        private readonly pullImage: PullImage,
        /** Whom the node pulls as. */
        private readonly member: string,
        /** How long a container takes to be ready, in milliseconds. */
        private readonly startup: number,
        private readonly mountFault?: Supplies["mountFault"],
    ) {}

    /** The pod with the status that it comes to. */
    async start(pod: Pod): Promise<Pod> {
        const { init, containers } = await startContainers(pod, {
            pull: (reference) => this.pullImage(reference, this.member),
            data: async (kind, namespace, name) => this.objects.get(kind, namespace, name),
            mountFault: this.mountFault,
        });
        if (containers.length === 0) {
            return withStatus(pod, [waiting(pod, init.at(-1)!)]);
        }
        await new Promise((resolve) => setTimeout(resolve, this.startup));
        return withStatus(pod, [...containers]);
    }
}

/** Why a pod is not ready, container by container. */
export function unreadiness({ metadata, status }: Pod): string {
    const bad = status.containerStatuses.filter(({ ready }) => !ready);
    const reasons = bad.map(({ name, state }) => {
        const [kind, { reason, message, exitCode }] = Object.entries(state)[0];
        const ended = exitCode === undefined ? undefined : `container ${JSON.stringify(name)} completed with exit code ${exitCode}`;
        return [kind === "running" ? "[ReadinessProbeFailed]" : `[${reason}]`, ended ?? message].filter(Boolean).join(" ");
    });
    return `Pod ${metadata.name}: containers with unready status: [${bad.map(({ name }) => name).join(" ")}] -- ${reasons.join("; ")} (image ${bad.map(({ image }) => image).join(", ")})`;
}

function withStatus(pod: Pod, containerStatuses: ContainerStatus[]): Pod {
    const ready = containerStatuses.every((status) => status.ready);
    const phase = phaseOf(containerStatuses);
    return { ...pod, status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }], containerStatuses } };
}

function phaseOf(statuses: readonly ContainerStatus[]): string {
    const ended = statuses.filter(({ state }) => state.terminated);
    if (ended.some(({ state }) => state.terminated.exitCode !== 0)) {
        return "Failed";
    }
    if (ended.length === statuses.length) {
        return "Succeeded";
    }
    return statuses.every(({ state }) => state.running ?? state.terminated) ? "Running" : "Pending";
}

function waiting({ metadata }: Pod, status: ContainerStatus): ContainerStatus {
    if (status.state.terminated) {
        return status;
    }
    const { reason = "", message = `init container ${status.name} of ${metadata.name} did not complete` } =
        status.state.waiting ?? {};
    return { ...status, state: { waiting: { reason: `Init:${reason}`, message } } };
}
