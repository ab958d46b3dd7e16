import { isDeepStrictEqual } from "node:util";
import type { Cloud, Cluster } from "../cloud";
import { connectionRefusal } from "../cloud/clusterIam";
import { hex, publicAddress } from "../cloud/endpoints";
import type { KubernetesObject, Objects } from "../cloud/objects";
import { ProviderError, type Values } from "../double";
import { at, isRecord, merge, records } from "../values";
import { Access } from "./access";
import { unreachable } from "./kubeconfig";
import { collectOwned } from "./garbage";
import { nameOf, qualified, type Kind } from "./kinds";
import { podsOf } from "./pods";
import { routeStatus } from "./routeStatus";
import { schemaOf } from "./schema";
import { syncSecrets } from "./secretSync";
import { misfits } from "./shape";
import { objectFaults } from "./validate";
import { releaseVolumes } from "./volumeClaims";

/** The API server of one cluster, as one member sees it. */
export class ApiServer {
    readonly objects: Objects;
    private readonly access: Access;

    /** @throws ProviderError where the member does not get through to the cluster */
    constructor(
        private readonly cloud: Cloud,
        readonly cluster: Cluster,
        member: string,
    ) {
        this.objects = cloud.objects(cluster.key);
        this.access = new Access(cloud, cluster, this.objects, member);
        const refusal = connectionRefusal(cloud, cluster, member);
        if (refusal !== undefined) {
            throw unreachable(refusal);
        }
    }

    get(kind: Kind, namespace: string | undefined, name: string): KubernetesObject | undefined {
        this.access.require("get", kind, namespace, name);
        return this.objects.get(kind.kind, namespace, name);
    }

    /**
     * Server-side apply: makes the object or changes it. Equal input changes nothing.
     *
     * @throws ProviderError in the API server's words
     */
    apply(kind: Kind, object: Values): KubernetesObject {
        const stored = this.store(kind, object);
        if (stored.metadata.namespace !== undefined) {
            syncSecrets({ cloud: this.cloud, cluster: this.cluster, objects: this.objects }, stored.metadata.namespace);
        }
        return stored;
    }

    private store(kind: Kind, object: Values): KubernetesObject {
        const next = this.judge(kind, object);
        const { namespace, name } = next.metadata;
        const current = this.objects.get(kind.kind, namespace, name);
        if (current && isDeepStrictEqual(withoutVersion(current), withoutVersion({ ...next, status: current.status }))) {
            return current;
        }
        const stored = {
            ...next,
            metadata: { ...next.metadata, resourceVersion: String(Number(current?.metadata.resourceVersion ?? 0) + 1) },
            ...((current?.status ?? initialStatus(next)) ? { status: current?.status ?? initialStatus(next) } : {}),
        };
        this.objects.put(stored);
        return stored;
    }

    /** What would be stored, or why it would not: the dry run of a preview. @throws ProviderError */
    judge(kind: Kind, object: Values): KubernetesObject {
        this.requireKind(kind);
        const name = nameOf(object);
        const namespace = kind.namespaced ? String(at(object, "metadata.namespace")) : undefined;
        const current = this.objects.get(kind.kind, namespace, name);
        this.access.require("patch", kind, namespace, name);
        if (!current) {
            this.access.require("create", kind, namespace, name);
        }
        const unfit = misfits(object, schemaOf(kind.kind));
        if (unfit.length > 0) {
            throw new ProviderError(
                `failed to create typed patch object (${[namespace, name].filter(Boolean).join("/")}; ${kind.apiVersion}, Kind=${kind.kind}): ${unfit.join("; ")}`,
            );
        }
        if (namespace !== undefined && !this.objects.get("Namespace", undefined, namespace)) {
            throw new ProviderError(`namespaces ${JSON.stringify(namespace)} not found`);
        }
        const next = complete(kind, object, current);
        const faults = [
            ...objectFaults(kind, next),
            ...(kind.immutable ?? [])
                .filter(
                    (path) => current && at(object, path) !== undefined && !isDeepStrictEqual(at(current, path), at(next, path)),
                )
                .map((path) => `${path}: Invalid value: ${JSON.stringify(at(next, path))}: field is immutable`),
        ];
        if (faults.length > 0) {
            throw new ProviderError(
                `${kind.kind}${qualified(kind).slice(kind.resource.length)} ${JSON.stringify(name)} is invalid: ${faults.length > 1 ? `[${faults.join(", ")}]` : faults[0]}`,
            );
        }
        this.refuseOverQuota(kind, next, current);
        this.access.requireNoEscalation(next);
        return next;
    }

    /** Takes an object away with all that it owns; one that is gone already is no error. */
    delete(kind: Kind, namespace: string | undefined, name: string): void {
        this.access.require("delete", kind, namespace, name);
        const object = this.objects.get(kind.kind, namespace, name);
        if (!object) {
            return;
        }
        if (kind.kind === "StatefulSet") {
            podsOf(this.objects, object).forEach(({ metadata }) =>
                releaseVolumes(this.objects, object, metadata.name, "whenDeleted"),
            );
        }
        collectOwned(this.objects, object);
        if (kind.kind === "Namespace") {
            this.objects.empty(name);
        }
        this.objects.delete(object);
    }

    /** What an add-on of GKE brings is there only with it. */
    private requireKind({ apiVersion, kind, addOns }: Kind): void {
        const cluster = this.cluster.resource === undefined ? {} : this.cloud.resource(this.cluster.resource);
        if (addOns && !addOns.some((addOn) => at(cluster, addOn) === true)) {
            throw new ProviderError(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
        }
    }

    /** Quotas on numbers of objects: `count/deployments.apps`, `services`, `services.loadbalancers`. */
    private refuseOverQuota(kind: Kind, next: KubernetesObject, current: KubernetesObject | undefined): void {
        if (current || next.metadata.namespace === undefined) {
            return;
        }
        const isLoadBalancer = (object: KubernetesObject) => at(object, "spec.type") === "LoadBalancer";
        const there = this.objects.list(kind.kind, next.metadata.namespace);
        for (const quota of this.objects.list("ResourceQuota", next.metadata.namespace)) {
            for (const [name, hard] of Object.entries((at(quota, "spec.hard") ?? {}) as Values)) {
                const counts =
                    name === kind.resource ||
                    name === `count/${qualified(kind)}` ||
                    (name === "services.loadbalancers" && isLoadBalancer(next));
                const used = name === "services.loadbalancers" ? there.filter(isLoadBalancer).length : there.length;
                if (counts && used + 1 > Number(hard)) {
                    throw new ProviderError(
                        `${qualified(kind)} ${JSON.stringify(next.metadata.name)} is forbidden: exceeded quota: ${quota.metadata.name}, requested: ${name}=1, used: ${name}=${used}, limited: ${name}=${String(hard)}`,
                    );
                }
            }
        }
    }
}

/** The object with what the API server adds to it. */
function complete({ apiVersion, kind, namespaced }: Kind, object: Values, current: KubernetesObject | undefined): KubernetesObject {
    const given = object.metadata as Values;
    const name = nameOf(object);
    const changed = current !== undefined && !isDeepStrictEqual(current.spec, defaulted(kind, object, current).spec);
    const generation = (current?.metadata.generation ?? 0) + (current === undefined || changed ? 1 : 0);
    return {
        ...defaulted(kind, object, current),
        ...{ apiVersion, kind },
        metadata: {
            ...given,
            ...(kind === "Namespace" ? { labels: { "kubernetes.io/metadata.name": name, ...(given.labels as object) } } : {}),
            ...{ name, ...(namespaced ? { namespace: String(given.namespace) } : {}) },
            uid:
                current?.metadata.uid ??
                hex(`${kind}/${given.namespace}/${name}/${Date.now()}`, 32).replace(
                    /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
                    "$1-$2-$3-$4-$5",
                ),
            resourceVersion: current?.metadata.resourceVersion ?? "1",
            creationTimestamp: current?.metadata.creationTimestamp ?? new Date().toISOString().replace(/\.\d+Z$/, "Z"),
            ...(object.spec === undefined ? {} : { generation }),
        },
    };
}

function defaulted(kind: string, object: Values, current: KubernetesObject | undefined): Record<string, unknown> {
    if (kind === "Deployment") {
        const strategy = {
            type: "RollingUpdate",
            ...(at(object, "spec.strategy.type") === "Recreate"
                ? {}
                : { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } }),
        };
        return merge({ spec: { replicas: 1, strategy, progressDeadlineSeconds: 600, revisionHistoryLimit: 10 } }, object);
    }
    if (kind === "Service") {
        const spec = isRecord(object.spec) ? object.spec : {};
        const seed = JSON.stringify(object.metadata);
        const address = `10.96.${Number.parseInt(hex(seed, 4), 16) % 256}.${(Number.parseInt(hex(seed, 8).slice(4), 16) % 254) + 1}`;
        return {
            ...object,
            spec: {
                ...{ type: "ClusterIP", sessionAffinity: "None", clusterIP: at(current, "spec.clusterIP") ?? address },
                ...spec,
                ports: records(spec.ports).map((port) => ({ protocol: "TCP", targetPort: port.port, ...port })),
            },
        };
    }
    if (kind === "Secret") {
        const { stringData, ...rest } = object;
        const encoded = Object.entries((stringData ?? {}) as Values).map(([key, value]) => [
            key,
            Buffer.from(String(value)).toString("base64"),
        ]);
        return { type: "Opaque", ...rest, data: { ...(object.data as object), ...Object.fromEntries(encoded) } };
    }
    return { ...object };
}

function initialStatus(object: KubernetesObject): unknown {
    const { kind, metadata, spec } = object;
    if (kind === "Namespace") {
        return { phase: "Active" };
    }
    if (kind === "Service") {
        const balanced = at(spec, "type") === "LoadBalancer";
        return {
            loadBalancer: balanced
                ? { ingress: [{ ip: publicAddress(`${metadata.namespace}/${metadata.name}/${metadata.uid}`) }] }
                : {},
        };
    }
    if (kind === "Gateway" || kind === "HTTPRoute") {
        return routeStatus(object);
    }
    return undefined;
}

function withoutVersion({ metadata, ...rest }: KubernetesObject): Values {
    const { resourceVersion: _version, ...named } = metadata;
    return { ...rest, metadata: named, ...(rest.status === undefined ? { status: undefined } : {}) };
}
