import type { Values } from "../double";
import { at, isRecord, records } from "../values";

/** What breaks the Pod Security Standard `restricted` in a pod's spec, in the words of the admission plugin. */
export function restrictedViolations(spec: Values): string[] {
    const pod = isRecord(spec.securityContext) ? spec.securityContext : {};
    const containers = [...records(spec.initContainers), ...records(spec.containers)];
    const where = (bad: readonly Values[]) =>
        `${bad.length > 1 ? "containers" : "container"} ${bad.map(({ name }) => JSON.stringify(name)).join(", ")}`;
    const check = (title: string, broken: (container: Values) => boolean, must: string) => {
        const bad = containers.filter(broken);
        return bad.length > 0 ? [`${title} (${where(bad)} must ${must})`] : [];
    };
    const security = (container: Values, path: string) => at(container, `securityContext.${path}`);
    const hostNamespaces = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true);
    const volumes = records(spec.volumes).filter((volume) => volume.hostPath !== undefined);
    return [
        ...(hostNamespaces.length > 0 ? [`host namespaces (${hostNamespaces.map((field) => `${field}=true`).join(", ")})`] : []),
        ...(volumes.length > 0
            ? [
                  `restricted volume types (volumes ${volumes.map(({ name }) => JSON.stringify(name)).join(", ")} use restricted volume type "hostPath")`,
              ]
            : []),
        ...check(
            "privileged",
            (container) => security(container, "privileged") === true,
            "not set securityContext.privileged=true",
        ),
        ...check(
            "allowPrivilegeEscalation != false",
            (container) => security(container, "allowPrivilegeEscalation") !== false,
            "set securityContext.allowPrivilegeEscalation=false",
        ),
        ...check(
            "unrestricted capabilities",
            (container) => {
                const drop = (security(container, "capabilities.drop") ?? []) as unknown[];
                const add = (security(container, "capabilities.add") ?? []) as unknown[];
                return !drop.includes("ALL") || add.some((capability) => capability !== "NET_BIND_SERVICE");
            },
            'set securityContext.capabilities.drop=["ALL"]',
        ),
        ...check(
            "runAsNonRoot != true",
            (container) => (security(container, "runAsNonRoot") ?? pod.runAsNonRoot) !== true,
            "set securityContext.runAsNonRoot=true",
        ).map((message) =>
            message.replace(
                /^runAsNonRoot != true \(/,
                pod.runAsNonRoot === undefined ? "runAsNonRoot != true (pod or " : "runAsNonRoot != true (",
            ),
        ),
        ...(pod.runAsUser === 0 ? ["runAsUser=0 (pod must not set runAsUser=0)"] : []),
        ...check("runAsUser=0", (container) => security(container, "runAsUser") === 0, "not set runAsUser=0"),
        ...check(
            "seccompProfile",
            (container) =>
                !["RuntimeDefault", "Localhost"].includes(
                    String(security(container, "seccompProfile.type") ?? at(pod, "seccompProfile.type")),
                ),
            'set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
        ).map((message) => message.replace(/^seccompProfile \(/, "seccompProfile (pod or ")),
        ...check(
            "hostPort",
            (container) => records(container.ports).some(({ hostPort }) => hostPort !== undefined && hostPort !== 0),
            "not use hostPort",
        ),
    ];
}
