import type { Objects, Pod } from "../cloud/objects";
import type { Values } from "../double";
import { at, records } from "../values";
import { restrictedViolations } from "./podSecurity";
import { quantity } from "./shape";

/** Why a pod may not be made in a namespace, in the words of the admission plugins. Nothing where it may. */
export function podRefusal(objects: Objects, namespace: string, pod: Pod): string | undefined {
    const spec = pod.spec as Values;
    const account = String(spec.serviceAccountName ?? "default");
    if (account !== "default" && !objects.get("ServiceAccount", namespace, account)) {
        return `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`;
    }
    const labels = objects.get("Namespace", undefined, namespace)?.metadata.labels ?? {};
    const level = labels["pod-security.kubernetes.io/enforce"];
    const violations = level === "restricted" ? restrictedViolations(spec) : [];
    if (violations.length > 0) {
        return `violates PodSecurity "restricted:${labels["pod-security.kubernetes.io/enforce-version"] ?? "latest"}": ${violations.join(", ")}`;
    }
    return quotaRefusal(objects, namespace, spec);
}

/** The pod's containers with what the namespace's limit ranges fill in. */
export function withLimitRanges(objects: Objects, namespace: string, spec: Values): Values {
    const ranges = objects
        .list("LimitRange", namespace)
        .flatMap((range) => records(at(range, "spec.limits")).filter(({ type }) => type === "Container"));
    const fill = (container: Values): Values => {
        const limits = Object.assign({}, ...ranges.map((range) => range.default), at(container, "resources.limits"));
        const requests = Object.assign(
            {},
            ...ranges.map((range) => range.defaultRequest ?? range.default),
            at(container, "resources.requests"),
        );
        return { ...container, resources: { limits, requests: { ...limits, ...requests } } };
    };
    return {
        ...spec,
        containers: records(spec.containers).map(fill),
        ...(spec.initContainers === undefined ? {} : { initContainers: records(spec.initContainers).map(fill) }),
    };
}

function quotaRefusal(objects: Objects, namespace: string, spec: Values): string | undefined {
    const present = objects.list<Pod>("Pod", namespace).map((pod) => podUse(pod.spec as Values));
    const wanted = podUse(spec);
    for (const quota of objects.list("ResourceQuota", namespace)) {
        const hard = (at(quota, "spec.hard") ?? {}) as Values;
        const counted = Object.keys(hard).filter(
            (name) => canonical(name) === "pods" || /^(?:requests|limits)\.(?:cpu|memory)$/.test(canonical(name)),
        );
        const missing = counted.filter((name) => wanted[canonical(name)] === undefined);
        if (missing.length > 0) {
            return `failed quota: ${quota.metadata.name}: must specify ${missing.join(",")}`;
        }
        const used = (name: string) => present.reduce((sum, use) => sum + (use[canonical(name)] ?? 0), 0);
        const over = counted.filter((name) => used(name) + wanted[canonical(name)]! > quantity(hard[name]) + 1e-9);
        if (over.length > 0) {
            const list = (value: (name: string) => string | number) => over.map((name) => `${name}=${value(name)}`).join(",");
            return (
                `exceeded quota: ${quota.metadata.name}, requested: ${list((name) => wanted[canonical(name)]!)}, ` +
                `used: ${list(used)}, limited: ${list((name) => String(hard[name]))}`
            );
        }
    }
    return undefined;
}

/** `cpu` in a quota means what pods request. */
const canonical = (name: string) => (name === "cpu" || name === "memory" ? `requests.${name}` : name);

/** What a pod counts for; a resource that one of its containers leaves out is absent. */
function podUse(spec: Values): Record<string, number | undefined> {
    const sum = (side: string, resource: string, containers: readonly Values[]) =>
        containers.reduce<number | undefined>((total, container) => {
            const value = at(container, `resources.${side}.${resource}`);
            return total === undefined || value === undefined ? undefined : total + quantity(value);
        }, 0);
    const uses = ["requests", "limits"].flatMap((side) =>
        ["cpu", "memory"].map((resource) => [`${side}.${resource}`, sum(side, resource, records(spec.containers))] as const),
    );
    return { pods: 1, ...Object.fromEntries(uses) };
}
