import type { Store } from "./store";

/** A Kubernetes object as the API server keeps it. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: ObjectMetadata;
    [field: string]: unknown;
}

export interface ObjectMetadata {
    name: string;
    /** Absent in kinds that belong to no namespace. */
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    uid: string;
    resourceVersion: string;
    generation?: number;
    creationTimestamp: string;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller: boolean }[];
    [field: string]: unknown;
}

export interface Pod extends KubernetesObject {
    spec: { containers: { name: string; image: string }[] } & Record<string, unknown>;
    status: {
        phase: string;
        reason?: string;
        conditions: { type: string; status: string }[];
        containerStatuses: ContainerStatus[];
    };
}

export interface ContainerStatus {
    name: string;
    image: string;
    /** What was pulled, by digest. Empty until it was. */
    imageID: string;
    ready: boolean;
    restartCount: number;
    state: Record<string, { reason?: string; message?: string; exitCode?: number }>;
}

/** The objects of one cluster, by kind, namespace and name. */
export class Objects {
    private readonly base: string;

    constructor(
        private readonly store: Store,
        clusterKey: string,
    ) {
        this.base = `kubernetes/${clusterKey.replaceAll("/", "_")}`;
    }

    get<T extends KubernetesObject = KubernetesObject>(kind: string, namespace: string | undefined, name: string): T | undefined {
        return this.store.get<T>(this.name(kind, namespace, name));
    }

    put(object: KubernetesObject): void {
        this.store.put(this.name(object.kind, object.metadata.namespace, object.metadata.name), object);
    }

    delete({ kind, metadata }: KubernetesObject): void {
        this.store.delete(this.name(kind, metadata.namespace, metadata.name));
    }

    /** All objects of a kind, sorted by namespace and name. @default of all namespaces, and whatever their names begin with */
    list<T extends KubernetesObject = KubernetesObject>(kind: string, namespace?: string, prefix = ""): T[] {
        const names = this.store.names([this.base, kind, ...(namespace === undefined ? [] : [namespace])].join("/"));
        return names
            .filter((name) => name.slice(name.lastIndexOf("/") + 1).startsWith(prefix))
            .flatMap((name) => this.store.get<T>(name) ?? []);
    }

    /** All objects that lie in a namespace, sorted by kind and name. */
    in(namespace: string): KubernetesObject[] {
        const names = this.store.names(this.base).filter((name) => {
            const [, lies, ...more] = name.slice(this.base.length + 1).split("/");
            return lies === namespace && more.length === 1;
        });
        return names.flatMap((name) => this.store.get<KubernetesObject>(name) ?? []);
    }

    /** Takes away all objects that lie in a namespace. */
    empty(namespace: string): void {
        for (const object of this.in(namespace)) this.delete(object);
    }

    /** The pods that serve: ready, and on their way to nowhere. */
    readyPods(namespace: string): Pod[] {
        return this.list<Pod>("Pod", namespace).filter(isReady);
    }

    /** What runs, told by ready pods alone: value of a label → image ids of the containers, by container name. */
    running(namespace: string, label = "app.kubernetes.io/name"): Record<string, Record<string, string[]>> {
        return imagesOf(this.readyPods(namespace), label);
    }

    private name(kind: string, namespace: string | undefined, name: string): string {
        return [this.base, kind, namespace ?? "_", name].join("/");
    }
}

/** What pods run: value of a label, or the pod's own name → image ids of the containers, by container name. */
export function imagesOf(
    pods: readonly Pick<Pod, "metadata" | "status">[],
    label = "app.kubernetes.io/name",
): Record<string, Record<string, string[]>> {
    const result: Record<string, Record<string, string[]>> = {};
    for (const { metadata, status } of pods) {
        const workload = (result[metadata.labels?.[label] ?? metadata.name] ??= {});
        for (const { name, imageID } of status.containerStatuses) {
            workload[name] = [...new Set([...(workload[name] ?? []), imageID])].sort();
        }
    }
    return result;
}

export function isReady({ status }: Pod): boolean {
    return status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
