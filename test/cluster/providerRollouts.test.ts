import assert from "node:assert/strict";
import { faultyImages } from "./cluster";
import { type Pod, serves } from "./observed";
import { podSpec, Stack, types, workload } from "./providerStack";

const [good, better] = ["images.example/cart:1", "images.example/cart:2"];

describe("The Kubernetes double over a real API server awaits", function () {
    this.timeout(180_000);
    let stack: Stack;
    const deployment = (image: string, further = {}) => ({ metadata: { name: "cart" }, spec: workload("cart", image, further) });
    const serving = async () => {
        const { items } = await stack.admin.get<{ items: Pod[] }>(stack.path("v1", "pods?labelSelector=app%3Dcart"));
        return items.filter(serves).map(({ spec }) => spec.containers[0].image);
    };

    before(async () => {
        stack = await Stack.in("rollouts", { labels: { "pod-security.kubernetes.io/enforce": "restricted" } });
    });

    it("a Deployment until all its pods are of the new image and available", async () => {
        const { status, metadata } = await stack.up(types.deployment, deployment(good));
        assert.deepEqual(
            [(status as { availableReplicas: number }).availableReplicas, (metadata as { name: string }).name],
            [2, "cart"],
        );
        await stack.up(types.deployment, deployment(better));
        assert.deepEqual(await serving(), [better, better]);
    });

    it("a Deployment that only scales", async () => {
        await stack.up(types.deployment, deployment(better, { replicas: 3 }));
        assert.equal((await serving()).length, 3);
        await stack.up(types.deployment, deployment(better));
    });

    const rolledForward = (why: string) => [
        "the Kubernetes API server reported that \"rollouts/cart\" failed to fully initialize or become live: 'cart' timed out waiting to be Ready",
        "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live",
        why,
    ];
    for (const [what, image, why] of [
        [
            "crashes",
            faultyImages.crashing,
            '[CrashLoopBackOff] back-off 40s restarting failed container; [Error] container "server" completed with exit code 1',
        ],
        [
            "cannot be pulled",
            faultyImages.unpullable,
            `[ImagePullBackOff] Back-off pulling image "${faultyImages.unpullable}": not found`,
        ],
        ["never gets ready", faultyImages.neverReady, "[ContainersNotReady] containers with unready status: [server]"],
    ]) {
        it(`no longer a Deployment whose image ${what}: it names the pod, the container and the image, and the old pods go on`, async () => {
            assert.deepEqual(
                await stack.failure(
                    types.deployment,
                    deployment(image, { replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
                ),
                rolledForward(`Pod cart-*: containers with unready status: [server] -- ${why} (image ${image})`),
            );
            assert.deepEqual(await serving(), [better, better]);
            await stack.up(types.deployment, deployment(better));
        });
    }

    it("no longer a Deployment whose pods Pod Security does not let in, and quotes it", async () => {
        const lax = { ...podSpec(good), securityContext: {} };
        const template = { metadata: { labels: { app: "lax" } }, spec: lax };
        const reasons = await stack.failure(types.deployment, {
            metadata: { name: "lax" },
            spec: { ...workload("lax", good), template },
        });
        assert.equal(reasons.length, 4);
        assert.match(
            reasons[0],
            /^resource rollouts\/lax was successfully created, but the Kubernetes API server reported that it failed to fully initialize/,
        );
        assert.deepEqual(reasons.slice(1, 3), [
            "[MinimumReplicasUnavailable] Deployment does not have minimum availability.",
            "Minimum number of live Pods was not attained",
        ]);
        assert.match(
            reasons[3],
            /^\[FailedCreate\] pods "lax-[^"]+" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true/,
        );
    });

    it("no longer a Deployment that would go over the quota, and quotes it", async () => {
        const small = await Stack.in("rollouts-small");
        await small.up(types.quota, { metadata: { name: "small" }, spec: { hard: { pods: "1" } } });
        const reasons = await small.failure(types.deployment, deployment(good));
        assert.match(reasons.at(-1)!, /exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1$/);
    });

    it("no longer a Deployment for which no node has room, and says what the scheduler says", async () => {
        const huge = podSpec(good);
        const [container] = huge.containers as object[];
        const containers = [{ ...container, resources: { requests: { cpu: "5000" } } }];
        const template = { metadata: { labels: { app: "huge" } }, spec: { ...huge, containers } };
        const reasons = await stack.failure(types.deployment, {
            metadata: { name: "huge" },
            spec: { ...workload("huge", good), replicas: 1, template },
        });
        assert.match(reasons.at(-1)!, /^Pod huge-\*: \[Unschedulable\] 0\/1 nodes are available: 1 Insufficient cpu\./);
    });

    it("no longer than the program allows, and reports what it knows by then", async () => {
        const probe = podSpec(good);
        const template = {
            metadata: { labels: { app: "slow" } },
            spec: { ...probe, readinessGates: [{ conditionType: "example/never" }] },
        };
        const spec = { ...workload("slow", good), replicas: 1, minReadySeconds: 3600, progressDeadlineSeconds: 7200, template };
        assert.deepEqual(await stack.failure(types.deployment, { metadata: { name: "slow" }, spec }, 1), [
            "resource rollouts/slow was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: 'slow' timed out waiting to be Ready",
            "[MinimumReplicasUnavailable] Deployment does not have minimum availability.",
            "Minimum number of live Pods was not attained",
        ]);
    });

    it("nothing where the program says so", async () => {
        const annotations = { "pulumi.com/skipAwait": "true" };
        const { status } = await stack.up(types.deployment, {
            metadata: { name: "unawaited", annotations },
            spec: workload("unawaited", faultyImages.crashing),
        });
        assert.deepEqual(status, {});
    });

    it("a StatefulSet until each of its pods is ready and of the newest revision", async () => {
        const set = (image: string) => ({
            metadata: { name: "store" },
            spec: { serviceName: "store", ...workload("store", image) },
        });
        await stack.up(types.statefulSet, set(good));
        const { status } = await stack.up(types.statefulSet, set(better));
        const { readyReplicas, currentRevision, updateRevision } = status as Record<string, unknown>;
        assert.equal(readyReplicas, 2);
        assert.equal(currentRevision, updateRevision);

        const reasons = await stack.failure(types.statefulSet, set(faultyImages.unpullable));
        assert.equal(reasons[1], "1 out of 2 replicas succeeded readiness checks");
        assert.match(reasons[2], /^StatefulSet controller failed to advance from revision "store-\w+" to revision "store-\w+"$/);
        assert.match(reasons[3], /^Pod store-1: containers with unready status: \[server\] -- \[ImagePullBackOff\]/);
    });

    it("a DaemonSet until a pod of it is on the node", async () => {
        const { replicas: _none, ...spec } = workload("agent", good);
        const { status } = await stack.up(types.daemonSet, { metadata: { name: "agent" }, spec });
        assert.equal((status as { numberAvailable: number }).numberAvailable, 1);
    });

    it("a Pod until it is ready, and not one that has failed", async () => {
        const { status } = await stack.up(types.pod, { metadata: { name: "single" }, spec: podSpec(good) });
        assert.equal((status as { phase: string }).phase, "Running");
        const reasons = await stack.failure(types.pod, { metadata: { name: "failing" }, spec: podSpec(faultyImages.failing) });
        assert.match(reasons[0], /Resource 'failing' was created but failed to initialize$/);
    });

    it("a quota until its controller has counted", async () => {
        const { status } = await stack.up(types.quota, { metadata: { name: "wide" }, spec: { hard: { pods: "100" } } });
        assert.deepEqual((status as { hard: object }).hard, { pods: "100" });
    });

    it("no claim whose class waits for the first pod, and every other one", async () => {
        const storageClass = (name: string, volumeBindingMode: string) =>
            stack.admin.apply({
                ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name } },
                ...{ provisioner: "example.com/none", volumeBindingMode },
            } as never);
        await Promise.all([storageClass("lazy", "WaitForFirstConsumer"), storageClass("eager", "Immediate")]);
        const claim = (name: string) => ({
            metadata: { name },
            spec: { accessModes: ["ReadWriteOnce"], storageClassName: name, resources: { requests: { storage: "1Gi" } } },
        });
        assert.equal(((await stack.up(types.claim, claim("lazy"))).status as { phase: string }).phase, "Pending");
        assert.deepEqual((await stack.failure(types.claim, claim("eager"), 1)).slice(1), [
            "PersistentVolumeClaim is Pending: no volume is bound to it",
        ]);
    });

    describe("a Job", () => {
        const job = (name: string, image: string, further = {}) => ({
            metadata: { name },
            spec: { backoffLimit: 0, template: { spec: { ...podSpec(image), restartPolicy: "Never" } }, ...further },
        });

        it("until it is complete", async () => {
            const { status } = await stack.up(types.job, job("migrate", good));
            assert.equal((status as { succeeded: number }).succeeded, 1);
        });

        it("until it has failed, and tells what its pod said at last", async () => {
            assert.deepEqual(await stack.failure(types.job, job("failing", faultyImages.failing)), [
                "resource rollouts/failing was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: Resource 'failing' was created but failed to initialize",
                "[BackoffLimitExceeded] Job has reached the specified backoff limit",
                `Pod failing-*: containers with unready status: [server] -- [Error] container "server" completed with exit code 1: relation "orders" does not exist (image ${faultyImages.failing})`,
            ]);
        });

        it("until its own deadline is over, and tells what kept its pod, which is gone by then", async () => {
            const patient = await Stack.in("rollouts-patient", { progressDeadline: 60_000 });
            const late = job("late", faultyImages.unpullable, { activeDeadlineSeconds: 1 });
            const reasons = await patient.failure(types.job, late);
            assert.equal(reasons[1], "[DeadlineExceeded] Job was active longer than specified deadline");
            assert.match(reasons[2], /^Pod late-\*: containers with unready status: \[server\] -- \[ImagePullBackOff\]/);
        });

        it("no longer than the program allows, though nothing is known against it", async () => {
            assert.deepEqual(await stack.failure(types.job, job("suspended", good, { suspend: true }), 1), [
                "resource rollouts/suspended was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: 'suspended' timed out waiting to be Ready",
            ]);
        });

        it("no longer when its image cannot be pulled", async () => {
            const reasons = await stack.failure(types.job, job("unpullable", faultyImages.unpullable));
            assert.match(reasons[1], /^Pod unpullable-\*: .*\[ImagePullBackOff\]/);
        });

        it("no longer when it may make no pod, and quotes why", async () => {
            const template = { spec: { ...podSpec(good), securityContext: {}, restartPolicy: "Never" } };
            const reasons = await stack.failure(types.job, job("lax-job", good, { template }));
            assert.match(reasons[1], /^\[FailedCreate\] Error creating: pods "lax-job-\w+" is forbidden: violates PodSecurity/);
        });
    });

    describe("a Service", () => {
        const service = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
        const selector = { app: "cart" };

        it("until all pods behind it are ready", async () => {
            await stack.up(types.service, service("cart", { selector }));
        });

        it("until it has an address from outside, where it asks for one", async () => {
            const { status } = await stack.up(types.service, service("outside", { selector, type: "LoadBalancer" }));
            const [{ ip }] = (status as { loadBalancer: { ingress: { ip: string }[] } }).loadBalancer.ingress;
            assert.match(ip, /^203\.0\.113\.\d+$/);
        });

        it("not at all where no pod is meant to stand behind it, or no one asks for them by its address", async () => {
            await stack.up(types.service, service("headless", { selector: { app: "nobody" }, clusterIP: "None" }));
            await stack.up(types.service, {
                metadata: { name: "elsewhere" },
                spec: { type: "ExternalName", externalName: "db.example" },
            });
        });

        it("as long as pods behind it are not ready, and says so", async () => {
            const spec = workload("waiting", faultyImages.neverReady, { replicas: 1 });
            const annotations = { "pulumi.com/skipAwait": "true" };
            await stack.up(types.deployment, { metadata: { name: "waiting", annotations }, spec });
            const pods = stack.path("v1", "pods?labelSelector=app%3Dwaiting");
            await stack.admin.until<Pod>(pods, ([pod]) => pod?.status.phase === "Running");
            assert.deepEqual(
                (await stack.failure(types.service, service("waiting", { selector: { app: "waiting" } }), 1)).slice(1),
                [
                    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
                ],
            );
        });
    });
});
