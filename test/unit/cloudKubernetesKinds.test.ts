import assert from "node:assert/strict";
import type { Values } from "../../sandbox/providers/double";
import { at, merge } from "../../sandbox/providers/values";
import { image, PlayedCluster, podSpec } from "./cloudCluster";

const [jobs, statefulSets, cronJobs] = ["batch/v1:Job", "apps/v1:StatefulSet", "batch/v1:CronJob"];
const [gateways, routes] = ["gateway.networking.k8s.io/v1:Gateway", "gateway.networking.k8s.io/v1:HTTPRoute"];

function job(behaviour: Parameters<typeof image>[0], { spec = {}, container = {} }: { spec?: Values; container?: Values } = {}) {
    const template = {
        spec: podSpec(image(behaviour), { container: { name: "migrate", ...container }, pod: { restartPolicy: "Never" } }),
    };
    return { metadata: { name: "move" }, spec: { backoffLimit: 2, template, ...spec } };
}

function statefulSet(behaviour: Parameters<typeof image>[0], spec: Values = {}): Values {
    const labels = { app: "store" };
    const container = { ports: [{ containerPort: 80 }], readinessProbe: { tcpSocket: { port: 80 } } };
    const template = { metadata: { labels }, spec: podSpec(image(behaviour), { container }) };
    return {
        metadata: { name: "store" },
        spec: { serviceName: "store-headless", replicas: 3, selector: { matchLabels: labels }, template, ...spec },
    };
}

function cronJob(spec: Values = {}): Values {
    const template = { spec: podSpec(image("good"), { pod: { restartPolicy: "Never" } }) };
    return { metadata: { name: "nightly" }, spec: { schedule: "30 3 * * 1-5", jobTemplate: { spec: { template } }, ...spec } };
}

const gateway = (spec: Values = {}): Values => ({
    metadata: { name: "shop" },
    spec: {
        gatewayClassName: "gke-l7-global-external-managed",
        listeners: [
            {
                name: "https",
                port: 443,
                protocol: "HTTPS",
                hostname: "shop.example.com",
                tls: { certificateRefs: [{ name: "shop-tls" }] },
            },
        ],
        ...spec,
    },
});

const route = (spec: Values = {}): Values => ({
    metadata: { name: "shop" },
    spec: {
        parentRefs: [{ name: "shop" }],
        hostnames: ["shop.example.com"],
        rules: [{ backendRefs: [{ name: "cart", port: 80 }] }],
        ...spec,
    },
});

describe("The played Kubernetes", () => {
    let cluster: PlayedCluster;
    beforeEach(async () => {
        cluster = await PlayedCluster.start();
    });
    afterEach(() => cluster.remove());

    const conditionsOf = (object: unknown) =>
        ((at(object, "status.conditions") ?? []) as { type: string; reason: string }[]).map(
            ({ type, reason }) => `${type} ${reason}`,
        );
    const phases = () => Object.values(cluster.pods());

    describe("runs a Job", () => {
        it("until its pod has ended well, keeps the pod, and takes it away with the Job", async () => {
            const made = await cluster.up(jobs, job("good"));
            assert.deepEqual(conditionsOf(made), ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
            assert.equal(at(made, "status.succeeded"), 1);
            assert.deepEqual(phases(), ["good Succeeded"]);
            await cluster.down(jobs, "move");
            assert.deepEqual(cluster.pods(), {});
        });

        it("once: neither again for a label, nor for nothing", async () => {
            await cluster.up(jobs, job("good"));
            const before = cluster.pods();
            await cluster.up(jobs, merge(job("good"), { metadata: { labels: { team: "cart" } } }));
            assert.deepEqual(cluster.pods(), before);
            assert.deepEqual((await cluster.diffOf(jobs, "move")).changes, {});
        });

        it("until more pods have failed than may, and says so at once with the pod, its container and its image", async () => {
            const pod = `Pod move-*: containers with unready status: [migrate] -- [Error] container "migrate" completed with exit code 1 (image ${image("crash")})`;
            assert.deepEqual(await cluster.failure(jobs, job("crash")), [
                "resource shop/move was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: Resource 'move' was created but failed to initialize",
                "[BackoffLimitExceeded] Job has reached the specified backoff limit",
                ...[pod, pod, pod],
            ]);
            assert.deepEqual(phases(), ["crash Failed", "crash Failed", "crash Failed"]);
        });

        it("whose pod is started anew until that has failed too often", async () => {
            const spec = job("crash").spec;
            const restarted = merge(job("crash"), {
                spec: { template: merge(spec.template, { spec: { restartPolicy: "OnFailure" } }) },
            });
            const reasons = await cluster.failure(jobs, restarted);
            assert.equal(reasons[1], "[BackoffLimitExceeded] Job has reached the specified backoff limit");
            assert.match(reasons[2], /\[CrashLoopBackOff\] back-off 10s restarting failed container=migrate/);
        });

        it("no further than its image can be pulled, and goes on once it can", async () => {
            const reasons = await cluster.failure(jobs, job("gone"));
            assert.match(reasons[0], /'move' timed out waiting to be Ready$/);
            assert.match(reasons[1], /^Pod move-\*: .*\[ImagePullBackOff\] Back-off pulling image/);
            assert.equal(reasons.length, 2);
            assert.deepEqual(phases(), ["gone Pending"]);
        });

        it("no further than a pod may be made, and quotes why", async () => {
            await cluster.up("core/v1:ResourceQuota", { metadata: { name: "none" }, spec: { hard: { pods: "0" } } });
            assert.deepEqual((await cluster.failure(jobs, job("good"))).slice(1), [
                '[FailedCreate] Error creating: pods "move-" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0',
            ]);
        });

        it("anew where it failed and the program says so", async () => {
            const annotated = merge(job("crash"), { metadata: { annotations: { "pulumi.com/replaceUnready": "true" } } });
            await cluster.failure(jobs, annotated);
            const diff = await cluster.diffOf(jobs, "move");
            assert.deepEqual(diff.changes, {
                'metadata.annotations["pulumi.com/replaceUnready"]': { kind: "update", replace: true },
            });
            assert.equal(diff.deleteBeforeReplace, true);
            await cluster.failure(jobs, annotated);
            assert.equal(phases().length, 3);
        });

        it("whose image fails in a container of another name only", async () => {
            await cluster.up(jobs, job("crash:migrate", { container: { name: "verify" } }));
            await cluster.down(jobs, "move");
            const reasons = await cluster.failure(jobs, job("crash:migrate"));
            assert.equal(reasons[1], "[BackoffLimitExceeded] Job has reached the specified backoff limit");
        });

        it("as often as it is to succeed, and not while it is suspended", async () => {
            await cluster.up(jobs, job("good", { spec: { completions: 2 } }));
            assert.deepEqual(phases(), ["good Succeeded", "good Succeeded"]);
            await cluster.down(jobs, "move");
            assert.deepEqual((await cluster.failure(jobs, job("good", { spec: { suspend: true } }))).slice(1), [
                "[Suspended] the Job is suspended: no pod is made",
            ]);
            assert.deepEqual(cluster.pods(), {});
        });
    });

    describe("rolls out a StatefulSet", () => {
        it("by pods with numbers, one after the other", async () => {
            const made = await cluster.up(statefulSets, statefulSet("good"));
            assert.deepEqual(cluster.pods(), { "store-0": "good Running", "store-1": "good Running", "store-2": "good Running" });
            assert.deepEqual(
                ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas"].map((field) => at(made, `status.${field}`)),
                [3, 3, 3, 3],
            );
            assert.equal(at(made, "status.currentRevision"), at(made, "status.updateRevision"));
        });

        it("no further than the first pod that is not ready", async () => {
            assert.deepEqual((await cluster.failure(statefulSets, statefulSet("never-ready"))).slice(1), [
                "0 out of 3 replicas succeeded readiness checks",
                `Pod store-0: containers with unready status: [server] -- [ReadinessProbeFailed] Readiness probe failed (image ${image("never-ready")})`,
            ]);
            assert.deepEqual(cluster.pods(), { "store-0": "never-ready Running" });
        });

        it("from the last pod on, so that one bad pod leaves the others serving", async () => {
            await cluster.up(statefulSets, statefulSet("good"));
            const reasons = await cluster.failure(statefulSets, statefulSet("crash"));
            assert.equal(reasons[1], "1 out of 3 replicas succeeded readiness checks");
            assert.match(
                reasons[2],
                /^StatefulSet controller failed to advance from revision "store-[b-t]{10}" to revision "store-[b-t]{10}"$/,
            );
            assert.match(reasons[3], /^Pod store-2: .*\[CrashLoopBackOff\]/);
            assert.deepEqual(cluster.pods(), { "store-0": "good Running", "store-1": "good Running", "store-2": "crash Pending" });
        });

        it("back in the order only once somebody has deleted the pod that is not ready", async () => {
            await cluster.up(statefulSets, statefulSet("good"));
            await cluster.failure(statefulSets, statefulSet("crash"));
            await cluster.failure(statefulSets, statefulSet("good"));
            assert.equal(cluster.pods()["store-2"], "crash Pending");
            cluster.objects.delete(cluster.objects.get("Pod", "shop", "store-2")!);
            await cluster.up(statefulSets, statefulSet("good"));
            assert.equal(cluster.pods()["store-2"], "good Running");
        });

        it("back by itself where its pods come in parallel", async () => {
            const parallel = { podManagementPolicy: "Parallel" };
            await cluster.up(statefulSets, statefulSet("good", parallel));
            await cluster.failure(statefulSets, statefulSet("crash", parallel));
            await cluster.up(statefulSets, statefulSet("good", parallel));
            assert.deepEqual(phases(), ["good Running", "good Running", "good Running"]);
        });

        it("to fewer pods, and to pods of the newest template", async () => {
            await cluster.up(statefulSets, statefulSet("good"));
            await cluster.up(statefulSets, statefulSet("better", { replicas: 1 }));
            assert.deepEqual(cluster.pods(), { "store-0": "better Running" });
        });

        it("with a volume for each pod, which stays when the pods go, and goes where the set says so", async () => {
            const volumeClaimTemplates = [
                {
                    metadata: { name: "data" },
                    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
                },
            ];
            const claims = () => cluster.objects.list("PersistentVolumeClaim", "shop").map(({ metadata }) => metadata.name);
            await cluster.up(statefulSets, statefulSet("good", { volumeClaimTemplates, replicas: 2 }));
            assert.deepEqual(claims(), ["data-store-0", "data-store-1"]);
            const [claim] = cluster.objects.list("PersistentVolumeClaim", "shop");
            assert.equal(at(claim, "status.phase"), "Bound");
            assert.deepEqual(at(cluster.objects.get("Pod", "shop", "store-0"), "spec.volumes"), [
                { name: "data", persistentVolumeClaim: { claimName: "data-store-0" } },
            ]);
            await cluster.down(statefulSets, "store");
            assert.deepEqual([cluster.pods(), claims()], [{}, ["data-store-0", "data-store-1"]]);

            const persistentVolumeClaimRetentionPolicy = { whenDeleted: "Delete", whenScaled: "Retain" };
            await cluster.up(
                statefulSets,
                statefulSet("good", { volumeClaimTemplates, replicas: 2, persistentVolumeClaimRetentionPolicy }),
            );
            await cluster.down(statefulSets, "store");
            assert.deepEqual([claims(), cluster.objects.list("PersistentVolume")], [[], []]);
        });

        it("and replaces it for another volume, which the API server would not take", async () => {
            await cluster.up(statefulSets, statefulSet("good"));
            await cluster.up(statefulSets, statefulSet("good", { serviceName: "other" }));
            assert.equal(at(cluster.objects.get("StatefulSet", "shop", "store"), "spec.serviceName"), "other");
        });
    });

    it("keeps a CronJob, which makes no pod while nobody's clock runs", async () => {
        await cluster.up(cronJobs, cronJob({ timeZone: "Europe/Berlin" }));
        assert.equal(at(cluster.objects.get("CronJob", "shop", "nightly"), "spec.schedule"), "30 3 * * 1-5");
        assert.deepEqual(cluster.pods(), {});
    });

    it("makes nothing that is there already, unless the provider is told to take it over", async () => {
        await cluster.up(jobs, job("good"));
        cluster.forget(jobs, "move");
        await assert.rejects(
            cluster.up(jobs, job("good")),
            /^ProviderError: resource shop\/move was not successfully created by the Kubernetes API server: jobs\.batch "move" already exists$/,
        );
        const taking = await PlayedCluster.start({ enableAutopilot: true }, { upsertExistingObjects: "true" });
        try {
            await taking.up(jobs, job("good"));
            taking.forget(jobs, "move");
            await taking.up(jobs, job("good"));
        } finally {
            taking.remove();
        }
    });

    it("programs a Gateway of GKE's classes and its routes", async () => {
        const made = await cluster.up(gateways, gateway());
        assert.deepEqual(conditionsOf(made), ["Accepted Accepted", "Programmed Programmed"]);
        assert.match(String(at(made, "status.addresses.0.value")), /^203\.0\.113\.\d+$/);
        const { status } = await cluster.up(routes, route());
        assert.deepEqual(at(status, "parents.0.parentRef"), { name: "shop" });
        const other = await cluster.up(gateways, merge(gateway({ gatewayClassName: "istio" }), { metadata: { name: "other" } }));
        assert.equal(other.status, undefined);
    });

    it("knows no Gateway where the cluster brings none", async () => {
        const standard = await PlayedCluster.start({});
        try {
            await assert.rejects(
                standard.up(gateways, gateway()),
                /no matches for kind "Gateway" in version "gateway\.networking\.k8s\.io\/v1"/,
            );
        } finally {
            standard.remove();
        }
    });

    for (const [what, type, object, message] of [
        [
            "a Job whose pods are always started anew",
            jobs,
            merge(job("good"), {
                spec: { template: { spec: { containers: [{ name: "migrate", image: image("good") }], restartPolicy: "Always" } } },
            }),
            /restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"/,
        ],
        [
            "a Job that ends before it begins",
            jobs,
            job("good", { spec: { activeDeadlineSeconds: -1 } }),
            /spec\.activeDeadlineSeconds: Invalid value: -1/,
        ],
        [
            "a Job with a field of a Deployment",
            jobs,
            job("good", { spec: { replicas: 1 } }),
            /\.spec\.replicas: field not declared in schema/,
        ],
        [
            "a Job whose name is no label",
            jobs,
            merge(job("good"), { metadata: { name: "m".repeat(64) } }),
            /must be no more than 63 characters/,
        ],
        [
            "a schedule of four fields",
            cronJobs,
            cronJob({ schedule: "30 3 * *" }),
            /spec\.schedule: Invalid value: "30 3 \* \*": expected exactly 5 fields, found 4/,
        ],
        [
            "a time zone that there is not",
            cronJobs,
            cronJob({ timeZone: "Europe/Entenhausen" }),
            /unknown time zone Europe\/Entenhausen/,
        ],
        [
            "a CronJob whose Jobs' names would be too long",
            cronJobs,
            merge(cronJob(), { metadata: { name: "n".repeat(53) } }),
            /must be no more than 52 characters/,
        ],
        [
            "a StatefulSet that finds other pods",
            statefulSets,
            statefulSet("good", { selector: { matchLabels: { app: "other" } } }),
            /`selector` does not match template `labels`/,
        ],
        [
            "a claim without a size",
            statefulSets,
            statefulSet("good", {
                volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }],
            }),
            /spec\.volumeClaimTemplates\[0\]\.spec\.resources\[storage\]: Required value/,
        ],
        [
            "an update strategy of a Deployment",
            statefulSets,
            statefulSet("good", { updateStrategy: { type: "Recreate" } }),
            /Unsupported value: "Recreate": supported values: "RollingUpdate", "OnDelete"/,
        ],
        [
            "a Gateway that ends TLS without a certificate",
            gateways,
            gateway({ listeners: [{ name: "https", port: 443, protocol: "HTTPS" }] }),
            /listeners\[0\]\.tls: Invalid value: certificateRefs/,
        ],
        [
            "a route to a Service without a port",
            routes,
            route({ rules: [{ backendRefs: [{ name: "cart" }] }] }),
            /Must have port for Service reference/,
        ],
        [
            "a route for a host that is none",
            routes,
            route({ hostnames: ["Shop!"] }),
            /spec\.hostnames\[0\]: Invalid value: "Shop!"/,
        ],
    ] as const) {
        it(`refuses ${what}`, async () => {
            await assert.rejects(cluster.up(type, object), message);
        });
    }
});
