/** What the Pod Security Standard `restricted` looks at, with all of it optional: this checker believes no type of ours. */
export interface AnyPod {
    hostNetwork?: boolean;
    hostPID?: boolean;
    hostIPC?: boolean;
    securityContext?: PodSecurity & { sysctls?: unknown[] };
    volumes?: readonly object[];
    containers: readonly AnyContainer[];
    initContainers?: readonly AnyContainer[];
    ephemeralContainers?: readonly AnyContainer[];
}

interface PodSecurity {
    runAsNonRoot?: boolean;
    runAsUser?: number;
    seccompProfile?: { type: string };
    seLinuxOptions?: object;
    appArmorProfile?: { type: string };
    windowsOptions?: object;
}

interface AnyContainer {
    name: string;
    ports?: readonly { containerPort: number; hostPort?: number }[];
    securityContext?: PodSecurity & {
        privileged?: boolean;
        allowPrivilegeEscalation?: boolean;
        procMount?: string;
        capabilities?: { add?: readonly string[]; drop?: readonly string[] };
    };
}

const volumeTypes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
const seccompTypes = ["RuntimeDefault", "Localhost"];

/** How a pod breaks the Pod Security Standard `restricted`, after its table on kubernetes.io; nothing where it meets it. */
export function restrictedViolations(pod: AnyPod): string[] {
    const host = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => pod[field]);
    const sysctls = pod.securityContext?.sysctls?.length ? ["sysctls"] : [];
    const volumes = (pod.volumes ?? []).flatMap((volume) =>
        Object.keys(volume)
            .filter((key) => key !== "name" && !volumeTypes.includes(key))
            .map((key) => `volume of type ${key}`),
    );
    const containers = [...(pod.initContainers ?? []), ...pod.containers, ...(pod.ephemeralContainers ?? [])];
    return [
        ...host,
        ...sysctls,
        ...volumes,
        ...containers.flatMap((container) => containerViolations(container, pod.securityContext)),
    ];
}

function containerViolations({ name, ports, securityContext: own = {} }: AnyContainer, pod: PodSecurity = {}): string[] {
    const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type;
    const broken: Record<string, boolean> = {
        hostPort: (ports ?? []).some(({ hostPort }) => hostPort),
        privileged: own.privileged === true,
        allowPrivilegeEscalation: own.allowPrivilegeEscalation !== false,
        runAsNonRoot: (own.runAsNonRoot ?? pod.runAsNonRoot) !== true,
        runAsUser: (own.runAsUser ?? pod.runAsUser) === 0,
        seccompProfile: seccomp === undefined || !seccompTypes.includes(seccomp),
        "capabilities.drop": !own.capabilities?.drop?.includes("ALL"),
        "capabilities.add": (own.capabilities?.add ?? []).some((capability) => capability !== "NET_BIND_SERVICE"),
        procMount: (own.procMount ?? "Default") !== "Default",
        seLinuxOptions: (own.seLinuxOptions ?? pod.seLinuxOptions) !== undefined,
        windowsOptions: (own.windowsOptions ?? pod.windowsOptions) !== undefined,
        appArmorProfile: (own.appArmorProfile ?? pod.appArmorProfile)?.type === "Unconfined",
    };
    return Object.keys(broken)
        .filter((rule) => broken[rule])
        .map((rule) => `${rule} of ${name}`);
}
