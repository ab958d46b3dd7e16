import type { ContainerStatus, Pod } from "../cloud/objects";
import type { Values } from "../double";
import { at, records, text } from "../values";

/** An image as a node has it after a pull. */
export interface PulledImage {
    /** `sha256:…` of the manifest. */
    digest: string;
    /** The `config` of the image's OCI configuration. */
    config: { User?: string; Entrypoint?: readonly string[]; Cmd?: readonly string[]; Labels?: Readonly<Record<string, string>> };
}

/**
 * Label of an image that makes its containers misbehave in the sandbox: `crash`, or `never-ready`. Of a service with jobs
 * `crash:migrate` means its container of that name alone: all of them come from one image.
 */
export const behaviourLabel = "dev.oneflow.sandbox.behaviour";

/** Kinds that a pod takes variables and files from. */
export type DataKind = "Secret" | "ConfigMap";

/** What a node needs to start containers. */
export interface Supplies {
    /** Pulls an image as the node does. @throws Error that says why it could not */
    pull(reference: string): Promise<PulledImage>;
    /** The object of that name. Nothing where there is none. */
    data(kind: DataKind, namespace: string | undefined, name: string): Promise<Values | undefined>;
    /** Why GKE's driver mounts nothing of a SecretProviderClass for a Kubernetes account. @default - nothing asks it */
    mountFault?(
        namespace: string | undefined,
        account: string,
        className: string,
    ): Promise<string | undefined> | string | undefined;
}

/** How far the containers of a pod came. */
export interface StartedContainers {
    /** Up to the one that did not complete. */
    init: readonly ContainerStatus[];
    /** Empty where an init container did not complete. */
    containers: readonly ContainerStatus[];
}

/** What of a pod decides how its containers come up. */
export type StartablePod = Pick<Pod, "metadata" | "spec">;

/** Starts a pod's containers as a kubelet does, but that nothing runs in them: their images say how they behave. */
export async function startContainers(pod: StartablePod, supplies: Supplies): Promise<StartedContainers> {
    const unmounted = await missingVolume(pod, supplies);
    if (unmounted) {
        const state = { waiting: { reason: "ContainerCreating", message: unmounted } };
        return { init: [], containers: records(pod.spec.containers).map((container) => statusOf(container, state)) };
    }
    const init: ContainerStatus[] = [];
    for (const container of records(pod.spec.initContainers)) {
        const sidecar = container.restartPolicy === "Always";
        const status = await startContainer(pod, container, supplies, sidecar ? "Always" : "Init");
        init.push(status);
        if (!status.ready && !sidecar) {
            return { init, containers: [] };
        }
    }
    const policy = pod.spec.restartPolicy === "Never" || pod.spec.restartPolicy === "OnFailure" ? pod.spec.restartPolicy : "Always";
    const containers = records(pod.spec.containers).map((container) => startContainer(pod, container, supplies, policy));
    return { init, containers: await Promise.all(containers) };
}

/** When a container is started once more: an `Init` one until it has completed, whatever the pod's policy. */
type RestartPolicy = "Always" | "OnFailure" | "Never" | "Init";

async function startContainer(
    pod: StartablePod,
    container: Values,
    supplies: Supplies,
    policy: RestartPolicy,
): Promise<ContainerStatus> {
    const image = String(container.image);
    const status = (state: ContainerStatus["state"], imageID = "", ready = false) => statusOf(container, state, imageID, ready);
    const missing = await missingVariable(pod, container, supplies);
    if (missing) {
        return status({ waiting: { reason: "CreateContainerConfigError", message: missing } });
    }
    const pulled = await supplies
        .pull(image)
        .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    if (pulled instanceof Error) {
        const message = `Back-off pulling image ${JSON.stringify(image)}: ${pulled.message}`;
        return status({ waiting: { reason: "ImagePullBackOff", message } });
    }
    const imageID = `${image.replace(/@sha256:[0-9a-f]{64}$/, "").replace(/:[^/:]+$/, "")}@${pulled.digest}`;
    const fault = userFault(pod, container, pulled.config) ?? commandFault(container, pulled.config);
    if (fault) {
        return status({ waiting: fault }, imageID);
    }
    const behaviour = behaviourOf(pulled.config, String(container.name));
    const endsForGood = pod.spec.restartPolicy === "Never" && policy !== "Always";
    if (behaviour === "crash" && endsForGood) {
        return status({ terminated: { reason: "Error", exitCode: 1 } }, imageID);
    }
    if (behaviour === "crash") {
        const message = `back-off 10s restarting failed container=${String(container.name)} pod=${pod.metadata.name}`;
        return status({ waiting: { reason: "CrashLoopBackOff", message } }, imageID);
    }
    if (policy !== "Always") {
        return status({ terminated: { reason: "Completed", exitCode: 0 } }, imageID, policy === "Init");
    }
    const probed = container.readinessProbe !== undefined || container.startupProbe !== undefined;
    const unready = behaviour === "never-ready" && probed;
    return status({ running: unready ? { message: "Readiness probe failed" } : {} }, imageID, !unready);
}

function behaviourOf({ Labels }: PulledImage["config"], container: string): string | undefined {
    const [behaviour, only = container] = Labels?.[behaviourLabel]?.split(":") ?? [];
    return only === container ? behaviour : undefined;
}

function statusOf(container: Values, state: ContainerStatus["state"], imageID = "", ready = false): ContainerStatus {
    const restartCount = state.waiting?.reason === "CrashLoopBackOff" ? 1 : 0;
    return { name: String(container.name), image: String(container.image), imageID, ready, restartCount, state };
}

/** The first variable that has no value: its object is not there, or has no such key. */
async function missingVariable({ metadata }: StartablePod, container: Values, supplies: Supplies): Promise<string | undefined> {
    for (const { valueFrom } of records(container.env)) {
        for (const [kind, field] of [
            ["Secret", "secretKeyRef"],
            ["ConfigMap", "configMapKeyRef"],
        ] as const) {
            const name = text(valueFrom, `${field}.name`);
            if (name === undefined || at(valueFrom, `${field}.optional`) === true) {
                continue;
            }
            const found = await supplies.data(kind, metadata.namespace, name);
            if (!found) {
                return `${kind.toLowerCase()} ${JSON.stringify(name)} not found`;
            }
            const key = text(valueFrom, `${field}.key`);
            if (key !== undefined && !(key in { ...(found.data as Values), ...(found.stringData as Values) })) {
                return `couldn't find key ${key} in ${kind} ${metadata.namespace}/${name}`;
            }
        }
    }
    return undefined;
}

/** The first volume that cannot be mounted: the Secret or ConfigMap that it shows is not there. */
async function missingVolume({ metadata, spec }: StartablePod, supplies: Supplies): Promise<string | undefined> {
    for (const volume of records(spec.volumes)) {
        const isSecretManager = text(volume, "csi.driver") === "secrets-store-gke.csi.k8s.io";
        const className = text(volume, "csi.volumeAttributes.secretProviderClass");
        const fault = isSecretManager
            ? await supplies.mountFault?.(metadata.namespace, text(spec, "serviceAccountName") ?? "default", className ?? "")
            : undefined;
        if (fault !== undefined) {
            return `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : rpc error: code = Unknown desc = ${fault}`;
        }
        for (const [kind, path, optional] of [
            ["Secret", "secret.secretName", "secret.optional"],
            ["ConfigMap", "configMap.name", "configMap.optional"],
        ] as const) {
            const name = text(volume, path);
            if (name === undefined || at(volume, optional) === true) {
                continue;
            }
            if (!(await supplies.data(kind, metadata.namespace, name))) {
                const what = `${kind.toLowerCase()} ${JSON.stringify(name)} not found`;
                return `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${what}`;
            }
        }
    }
    return undefined;
}

function userFault(pod: StartablePod, container: Values, { User = "" }: PulledImage["config"]) {
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
