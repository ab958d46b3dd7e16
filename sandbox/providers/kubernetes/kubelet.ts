import type { ContainerStatus, Objects, Pod } from "../cloud/objects";
import type { Values } from "../double";
import { at, records, text } from "../values";

/** An image as a node has it after a pull. */
export interface PulledImage {
    /** `sha256:…` of the manifest. */
    digest: string;
    /** The `config` of the image's OCI configuration. */
    config: { User?: string; Entrypoint?: readonly string[]; Cmd?: readonly string[]; Labels?: Readonly<Record<string, string>> };
}

/** Pulls an image as an IAM member. @throws Error that says why it could not */
export type PullImage = (reference: string, member: string) => Promise<PulledImage>;

/** Label of an image that makes its container misbehave in the sandbox: `crash`, or `never-ready`. */
export const behaviourLabel = "dev.oneflow.sandbox.behaviour";

/** Brings pods to life, or says why they do not come to life. */
export class Kubelet {
    constructor(
        private readonly objects: Objects,
        private readonly pullImage: PullImage,
        /** Whom the node pulls as. */
        private readonly member: string,
        /** How long a container takes to be ready, in milliseconds. */
        private readonly startup: number,
    ) {}

    /** The pod with the status that it comes to. */
    async start(pod: Pod): Promise<Pod> {
        for (const container of records(pod.spec.initContainers)) {
            const status = await this.run(pod, container, true);
            if (!status.ready) {
                return withStatus(pod, [waiting(pod, container, status)]);
            }
        }
        const statuses = await Promise.all(records(pod.spec.containers).map((container) => this.run(pod, container, false)));
        await new Promise((resolve) => setTimeout(resolve, this.startup));
        return withStatus(pod, statuses);
    }

    private async run(pod: Pod, container: Values, init: boolean): Promise<ContainerStatus> {
        const name = String(container.name);
        const image = String(container.image);
        const status = (state: ContainerStatus["state"], imageID = "", ready = false): ContainerStatus => ({
            ...{ name, image, imageID, ready, state },
            restartCount: state.waiting?.reason === "CrashLoopBackOff" ? 1 : 0,
        });
        const missing = this.missingReference(pod, container);
        if (missing) {
            return status({ waiting: { reason: "CreateContainerConfigError", message: missing } });
        }
        const pulled = await this.pullImage(image, this.member).catch((error: unknown) =>
            error instanceof Error ? error : new Error(String(error)),
        );
        if (pulled instanceof Error) {
            return status({
                waiting: {
                    reason: "ImagePullBackOff",
                    message: `Back-off pulling image ${JSON.stringify(image)}: ${pulled.message}`,
                },
            });
        }
        const imageID = `${image.replace(/@sha256:[0-9a-f]{64}$/, "").replace(/:[^/:]+$/, "")}@${pulled.digest}`;
        const fault = userFault(pod, container, pulled.config) ?? commandFault(container, pulled.config);
        if (fault) {
            return status({ waiting: fault }, imageID);
        }
        const behaviour = pulled.config.Labels?.[behaviourLabel];
        if (behaviour === "crash") {
            return status(
                {
                    waiting: {
                        reason: "CrashLoopBackOff",
                        message: `back-off 10s restarting failed container=${name} pod=${pod.metadata.name}`,
                    },
                },
                imageID,
            );
        }
        if (init) {
            return status({ terminated: { reason: "Completed" } }, imageID, true);
        }
        const unready =
            behaviour === "never-ready" && (container.readinessProbe !== undefined || container.startupProbe !== undefined);
        return status({ running: unready ? { message: "Readiness probe failed" } : {} }, imageID, !unready);
    }

    private missingReference({ metadata }: Pod, container: Values): string | undefined {
        for (const { valueFrom } of records(container.env)) {
            for (const [kind, field] of [
                ["Secret", "secretKeyRef"],
                ["ConfigMap", "configMapKeyRef"],
            ]) {
                const name = text(valueFrom, `${field}.name`);
                const key = text(valueFrom, `${field}.key`);
                const found = name === undefined ? undefined : this.objects.get(kind, metadata.namespace, name);
                if (name !== undefined && !found && at(valueFrom, `${field}.optional`) !== true) {
                    return `${kind.toLowerCase()} ${JSON.stringify(name)} not found`;
                }
                if (found && key !== undefined && !(key in { ...(found.data as Values), ...(found.stringData as Values) })) {
                    return `couldn't find key ${key} in ${kind} ${metadata.namespace}/${name}`;
                }
            }
        }
        return undefined;
    }
}

/** Why a pod is not ready, container by container. */
export function unreadiness({ metadata, status }: Pod): string {
    const bad = status.containerStatuses.filter(({ ready }) => !ready);
    const reasons = bad.map(({ state }) => {
        const [kind, { reason, message }] = Object.entries(state)[0];
        return [kind === "running" ? "[ReadinessProbeFailed]" : `[${reason}]`, message].filter(Boolean).join(" ");
    });
    return `Pod ${metadata.name}: containers with unready status: [${bad.map(({ name }) => name).join(" ")}] -- ${reasons.join("; ")} (image ${bad.map(({ image }) => image).join(", ")})`;
}

function withStatus(pod: Pod, containerStatuses: ContainerStatus[]): Pod {
    const ready = containerStatuses.every((status) => status.ready);
    const phase = containerStatuses.every(({ state }) => state.running) ? "Running" : "Pending";
    return { ...pod, status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }], containerStatuses } };
}

function waiting({ metadata }: Pod, { name }: Values, status: ContainerStatus): ContainerStatus {
    const { reason = "", message = `init container ${String(name)} of ${metadata.name} did not complete` } =
        status.state.waiting ?? {};
    return { ...status, state: { waiting: { reason: `Init:${reason}`, message } } };
}

function userFault(pod: Pod, container: Values, { User = "" }: PulledImage["config"]) {
    const setting = (field: string) => at(container, `securityContext.${field}`) ?? at(pod.spec, `securityContext.${field}`);
    if (setting("runAsNonRoot") !== true || setting("runAsUser") !== undefined) {
        return undefined;
    }
    const user = User.split(":")[0];
    const name = String(container.name);
    if (user === "" || user === "0") {
        return {
            reason: "CreateContainerConfigError",
            message: `container has runAsNonRoot and image will run as root (pod: ${pod.metadata.name}, container: ${name})`,
        };
    }
    return /^\d+$/.test(user)
        ? undefined
        : {
              reason: "CreateContainerConfigError",
              message: `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root (pod: ${pod.metadata.name}, container: ${name})`,
          };
}

function commandFault(container: Values, { Entrypoint = [], Cmd = [] }: PulledImage["config"]) {
    const command = [...((container.command ?? Entrypoint) as unknown[]), ...((container.args ?? Cmd) as unknown[])];
    return command.length > 0
        ? undefined
        : { reason: "CreateContainerError", message: "failed to generate container spec: no command specified" };
}
