import type { Problem } from "../../refusal";
import type { Path } from "../../settings/findings";
import { templateOf } from "../import/kustomization";
import { at, isTree, type SourceObject, textAt, type Tree, treeAt } from "../import/objects";
import { problemIn } from "./problem";

/**
 * Refuses pods that the Pod Security Standard `restricted` does not let into an environment's namespace. Kubernetes itself would take
 * the Deployment and refuse its pods one by one, until the rollout's time is over.
 */
export function refuseUnrestricted(sources: readonly SourceObject[]): Problem[] {
    return sources.flatMap((source) => {
        const template = templateOf(source.value);
        return template
            ? podFaults(treeAt(source.value, ...template, "spec")).map(({ path, message, remedy }) =>
                  problemIn(source, [...template, "spec", ...path], `${message}: the namespace takes restricted pods only`, remedy),
              )
            : [];
    });
}

interface Fault {
    path: Path;
    message: string;
    remedy: string;
}

function podFaults(pod: Tree): Fault[] {
    const shared = ["hostNetwork", "hostPID", "hostIPC"].filter((key) => pod[key] === true);
    return [
        ...shared.map((key) => ({ path: [key], message: "shares the node's own", remedy: "delete the line" })),
        ...entries(pod, "volumes").flatMap(([index, volume]) => volumeFaults(volume, ["volumes", index])),
        ...contextFaults(treeAt(pod, "securityContext"), ["securityContext"]),
        ...["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
            entries(pod, list).flatMap(([index, container]) => containerFaults(container, pod, [list, index])),
        ),
    ];
}

function containerFaults(container: Tree, pod: Tree, path: Path): Fault[] {
    const own = treeAt(container, "securityContext");
    const place = [...path, "securityContext"];
    const either = (...keys: string[]) => at(own, ...keys) ?? at(pod, "securityContext", ...keys);
    const capabilities = (key: string) => (at(own, "capabilities", key) as unknown[] | undefined) ?? [];
    const fault = (wrong: boolean, key: string, message: string, remedy: string) =>
        wrong ? [{ path: [...place, key], message, remedy }] : [];
    return [
        ...fault(own.privileged === true, "privileged", "may do all that root may on the node", "delete the line"),
        ...fault(
            own.allowPrivilegeEscalation !== false,
            "allowPrivilegeEscalation",
            "not false, so a process may gain rights",
            "write allowPrivilegeEscalation: false",
        ),
        ...fault(
            !capabilities("drop").includes("ALL") || capabilities("add").some((one) => one !== "NET_BIND_SERVICE"),
            "capabilities",
            "leaves root's capabilities to the process",
            "write capabilities: { drop: [ALL] }, and add none but NET_BIND_SERVICE",
        ),
        ...fault(
            either("runAsNonRoot") !== true,
            "runAsNonRoot",
            "not true, here or in the pod's securityContext",
            "write runAsNonRoot: true in the pod's securityContext",
        ),
        ...fault(
            textAt(either("seccompProfile"), "type") === undefined,
            "seccompProfile",
            "missing, here and in the pod's securityContext",
            "write seccompProfile: { type: RuntimeDefault } in the pod's securityContext",
        ),
        ...contextFaults(own, place),
        ...fault(!["Default", undefined].includes(textAt(own, "procMount")), "procMount", "unmasks /proc", "delete the line"),
        ...entries(container, "ports").flatMap(([index, port]) =>
            port.hostPort === undefined || port.hostPort === 0
                ? []
                : [{ path: [...path, "ports", index, "hostPort"], message: "is a port of the node", remedy: "delete the line" }],
        ),
    ];
}

/** What neither a pod's security context may say nor a container's. */
function contextFaults(context: Tree, path: Path): Fault[] {
    const confined = ["RuntimeDefault", "Localhost", undefined];
    const unconfined = ["seccompProfile", "appArmorProfile"].filter((key) => !confined.includes(textAt(context, key, "type")));
    return [
        ...unconfined.map((key) => ({
            path: [...path, key, "type"],
            message: `${String(at(context, key, "type"))} confines nothing`,
            remedy: "write RuntimeDefault",
        })),
        ...(context.runAsUser === 0
            ? [{ path: [...path, "runAsUser"], message: "is root", remedy: "write another user's number" }]
            : []),
    ];
}

function volumeFaults(volume: Tree, path: Path): Fault[] {
    const type = Object.keys(volume).find((key) => key !== "name");
    return type === undefined || volumeTypes.includes(type)
        ? []
        : [
              {
                  path: [...path, type],
                  message: "is no kind of volume that pods may have",
                  remedy: `use one of ${volumeTypes.join(", ")}`,
              },
          ];
}

const volumeTypes = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

function entries(tree: Tree, list: string): [number, Tree][] {
    const found = tree[list];
    return Array.isArray(found) ? [...found.entries()].map(([index, entry]) => [index, isTree(entry) ? entry : {}]) : [];
}
