import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { ApiRefused, ClusterClient, type ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { recorded, running } from "../../sandbox/story/readback";
import { tokenOf } from "../../sandbox/world/credentials";
import type { EngineRun } from "../../sandbox/world/engine";
import { writeKeys } from "../engine/catalogEdits";
import { emptyShop, Shop, succeeded } from "../engine/shop";
import { outputsOf } from "../engine/witness";
import { type Deployment, isRolledOut, type Pod } from "./observed";
import type { Quota } from "./place";

/** What a Service sends requests to. */
export interface EndpointSlice extends ClusterObject {
    endpoints: { conditions: { ready: boolean }; targetRef: { name: string } }[] | null;
}

/** How the services of {@link RealShop} differ from Online Boutique: each has what some test is about. */
const described = {
    checkoutservice: { replicas: 3 },
    currencyservice: { autoscale: { min: 2, max: 6 } },
    cartservice: { migrate: { command: ["/app", "migrate"] }, verify: { command: ["/app", "verify"], timeout: "8s" } },
};

/** Online Boutique in dev on a control plane of Kubernetes, and the eyes to see what happens there. */
export class RealShop {
    private constructor(
        readonly shop: Shop,
        /** The API of dev's cluster, as somebody sees it who may do everything. */
        readonly administrator: ClusterClient,
        private readonly namespace: string,
    ) {}

    /** The one that all files share: whoever breaks something mends it. */
    static shared(): Promise<RealShop> {
        return (shared ??= RealShop.make());
    }

    private static async make(): Promise<RealShop> {
        const shop = await emptyShop({ kubernetes: "real" });
        const { world, delivery } = shop;
        // One cluster is enough for what is shown here, and each takes half a gigabyte.
        for (const place of [2, 1]) {
            succeeded(await world.pulumi("platform", ["config", "rm", "--path", `platform.environments[${place}]`]));
        }
        await delivery.operations.commit("Provision dev alone");
        succeeded(await delivery.up("platform"));
        world.fetchCredentials();
        for (const [service, keys] of Object.entries(described)) writeKeys(delivery.developer.directory, service, keys);
        await delivery.developer.commit("Describe how three services run");
        const { commit, failures } = await delivery.push();
        assert.deepEqual(failures, []);
        const { project, region, clusters, namespace } = world.environment("dev");
        const { controlPlane } = world.cloud.clusters().find(({ key }) => key === `${project}/${region}/${clusters[0].name}`)!;
        const token = tokenOf(world.layout, "administrator");
        const real = new RealShop(
            new Shop(world, commit),
            new ClusterClient(controlPlane!.address, controlPlane!.certificateAuthority, token),
            namespace,
        );
        succeeded(await real.deploy(commit));
        return real;
    }

    /** Path of a collection in dev's namespace, or of an object: `apps/v1`, `deployments`. */
    path(apiVersion: string, collection: string): string {
        return `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/namespaces/${this.namespace}/${collection}`;
    }

    /** The path of a service's pods. */
    podsOf(service: string): string {
        return this.path("v1", `pods?labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${service}`)}`);
    }

    /** The path of the slices in which a Service finds its pods. */
    slicesOf(service: string): string {
        const label = encodeURIComponent(`kubernetes.io/service-name=${service}`);
        return this.path("discovery.k8s.io/v1", `endpointslices?labelSelector=${label}`);
    }

    deployment(service: string): Promise<Deployment> {
        return this.administrator.get(this.path("apps/v1", `deployments/${service}`));
    }

    /** What must be as before where a promotion has failed: whom requests reach, by pod and digest, and what counts as healthy. */
    async serving() {
        const { world } = this.shop;
        const [slices, pods] = await Promise.all([
            this.administrator.get<{ items: EndpointSlice[] }>(this.path("discovery.k8s.io/v1", "endpointslices")),
            this.administrator.get<{ items: Pod[] }>(this.path("v1", "pods")),
        ]);
        const pulled = new Map(pods.items.map(({ metadata, status }) => [metadata.name, status.containerStatuses?.[0].imageID]));
        const reached = slices.items.map(
            (slice) => [slice.metadata.labels!["kubernetes.io/service-name"], readyPods([slice])] as const,
        );
        return {
            reached: Object.fromEntries(
                reached.map(([service, names]) => [service, names.map((name) => `${name} ${pulled.get(name)}`).sort()]),
            ),
            digests: await running(world, "dev"),
            record: await recorded(world, "dev"),
            outputs: outputsOf(world, "dev"),
        };
    }

    /** Waits until a service's Deployment has rolled out as it is now, by `kubectl rollout status`'s measure. */
    async untilRolledOut(service: string): Promise<void> {
        const path = this.path("apps/v1", `deployments?fieldSelector=metadata.name%3D${service}`);
        await this.administrator.until<Deployment>(path, ([found]) => found !== undefined && isRolledOut(found));
    }

    /** Sets how many pods dev's namespace takes, as an administrator does, and waits until that holds. @returns what it took before */
    async limitPods(pods: string): Promise<string> {
        const quotas = this.path("v1", "resourcequotas");
        const { spec } = await this.administrator.get<Quota & { spec: { hard: Record<string, string> } }>(`${quotas}/oneflow`);
        await this.administrator.patch(`${quotas}/oneflow`, { spec: { hard: { pods } } }, "merge-patch+json");
        await this.administrator.until<Quota>(quotas, (all) => all.some(({ status }) => status?.hard?.pods === pods));
        return spec.hard.pods;
    }

    /**
     * Has objects of a service refused by a policy of the cluster's administrator, and waits until it holds.
     *
     * @param group of the objects: `""`, `apps`
     * @param probe path of one of them
     * @returns what takes the policy away again
     */
    async forbid(group: string, resource: string, service: string, probe: string, message: string): Promise<() => Promise<void>> {
        const api = "/apis/admissionregistration.k8s.io/v1";
        const [policies, bindings] = ["policies", "policybindings"].map((kind) => `${api}/validatingadmission${kind}`);
        const rule = { apiGroups: [group], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: [resource] };
        const of = (kind: string, spec: object) => ({
            ...{ apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name: "signed-images" }, spec },
        });
        await this.administrator.create(
            policies,
            of("ValidatingAdmissionPolicy", {
                matchConstraints: {
                    resourceRules: [rule],
                    objectSelector: { matchLabels: { "app.kubernetes.io/name": service } },
                },
                validations: [{ expression: "false", message }],
            }),
        );
        await this.administrator.create(
            bindings,
            of("ValidatingAdmissionPolicyBinding", { policyName: "signed-images", validationActions: ["Deny"] }),
        );
        const change = { metadata: { annotations: { probed: "true" } } };
        const holds = () =>
            this.administrator.patch(`${probe}?dryRun=All`, change, "merge-patch+json").then(
                () => false,
                (error: unknown) => error instanceof ApiRefused && error.message.includes(message),
            );
        // The API server takes a policy over when it next looks, and tells nobody that it did.
        while (!(await holds())) await pause(100);
        return async () => {
            for (const path of [bindings, policies]) await this.administrator.delete(`${path}/signed-images`);
            while (await holds()) await pause(100);
        };
    }

    /** `pulumi up` in dev as a person runs it, with what it prints. */
    up(...args: string[]): Promise<EngineRun> {
        return this.shop.world.pulumi("dev", ["up", "--yes", "--skip-preview", ...args]);
    }

    /** Promotes dev to a commit from a checkout of main that has taken over what develop says of the services. */
    async deploy(commit: string): Promise<EngineRun> {
        const { operations } = this.shop.delivery;
        await operations.fetch();
        if (!(await operations.isAncestor("origin/develop", "HEAD"))) await operations.merge("origin/develop", "Take over develop");
        await this.shop.delivery.configure("dev", ["commit", commit]);
        return this.up();
    }
}

/** Names of the pods that get requests. */
export function readyPods(slices: readonly EndpointSlice[]): string[] {
    return slices
        .flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions.ready))
        .map(({ targetRef }) => targetRef.name);
}

let shared: Promise<RealShop> | undefined;
