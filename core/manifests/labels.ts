import type { LabelSelector } from "./objects";
import type { RenderContext } from "./workload";

/**
 * The label that finds a service's pods: in the Deployment, its Services, its disruption budget.
 *
 * A Deployment's selector can never change, so nothing stands in it that could: no project, no environment, no version.
 * The namespace tells environments apart. `app` is what manifests from before oneflow select on, Online Boutique's among them:
 * their Deployments can be taken over in place, and what else selects on `app` goes on working.
 */
export function podSelector(name: string): Record<string, string> {
    return { app: name };
}

export function labelSelector(name: string): LabelSelector {
    return { matchLabels: podSelector(name) };
}

/**
 * The label that finds all that runs for a service, in NetworkPolicies. It is not {@link podSelector}, by which Services send
 * requests: a pod that only prepares or checks the service may call what the service calls, and must not get its requests.
 */
export function networkSelector(name: string): LabelSelector {
    return { matchLabels: { [nameLabel]: name } };
}

/** The label that says which service something belongs to. */
export const nameLabel = "app.kubernetes.io/name";

/** Labels of a service's pods. Whoever changes one restarts every pod of every user. */
export function podLabels(name: string, { partOf, environment }: RenderContext): Record<string, string> {
    return {
        ...podSelector(name),
        [nameLabel]: name,
        "app.kubernetes.io/instance": environment,
        "app.kubernetes.io/part-of": partOf,
    };
}

/** Labels of the pods of a service's job. They are no target of the service's requests. */
export function jobLabels(name: string, role: string, context: RenderContext): Record<string, string> {
    const { app: _target, ...others } = podLabels(name, context);
    return { ...others, "app.kubernetes.io/component": role };
}

/** Labels of a service's objects. */
export function objectLabels(name: string, context: RenderContext): Record<string, string> {
    // Who manages an object is no property of its pods: they need not restart when that changes.
    return { ...podLabels(name, context), "app.kubernetes.io/managed-by": "oneflow" };
}

/** Labels that pods get whose manifests the service brings: not those that its own or others' Services may select on. */
export function broughtPodLabels(name: string, context: RenderContext): Record<string, string> {
    const { app: _target, ...others } = podLabels(name, context);
    return others;
}

/** Labels that objects get which the service brings. */
export function broughtLabels(name: string, context: RenderContext): Record<string, string> {
    const { app: _target, ...others } = objectLabels(name, context);
    return others;
}

/** Labels of an object that is the whole namespace's. */
export function sharedLabels({ partOf, environment }: Pick<RenderContext, "partOf" | "environment">): Record<string, string> {
    return {
        "app.kubernetes.io/instance": environment,
        "app.kubernetes.io/part-of": partOf,
        "app.kubernetes.io/managed-by": "oneflow",
    };
}
