import assert from "node:assert/strict";
import { renderService } from "../../core/manifests/workload";
import type { Service } from "../../core/settings/model";
import { checkoutservice, frontend, loadgenerator, redisCart, services, stage } from "./manifestsServices";

const render = (service: Service, environment = "stage") => renderService(service, { ...stage, environment });

describe("An autoscaled service", () => {
    const autoscale = { min: 2, max: 10, cpu: 70 };

    it("leaves the number of pods to the autoscaler alone", () => {
        const { deployment, autoscaler, disruptionBudget } = render({ ...frontend, autoscale });
        assert.equal("replicas" in deployment!.spec, false);
        assert.deepEqual(autoscaler?.spec, {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "frontend" },
            minReplicas: 2,
            maxReplicas: 10,
            metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
        });
        assert.equal(disruptionBudget?.metadata.name, "frontend");
    });

    it("may have a fixed number of pods in one environment, or bounds in one alone", () => {
        const mostly = { ...frontend, autoscale, environments: { dev: { replicas: 1 } } };
        assert.equal(render(mostly, "dev").deployment!.spec.replicas, 1);
        assert.equal(render(mostly, "dev").autoscaler, undefined);
        assert.equal(render(mostly, "prod").autoscaler?.spec.maxReplicas, 10);
        const inProd = { ...frontend, environments: { prod: { autoscale } } };
        assert.equal(render(inProd, "dev").deployment!.spec.replicas, 1);
        assert.equal(render(inProd, "prod").deployment!.spec.replicas, undefined);
    });
});

describe("A cron", () => {
    const cron: Service = { ...loadgenerator, kind: "cron", schedule: { cron: "30 3 * * 1-5", timezone: "Europe/Berlin" } };

    it("runs by its schedule and never twice at once, and what failed stays to be looked at", () => {
        const { cronJob, ...others } = render(cron);
        assert.deepEqual(Object.keys(others), ["serviceAccount", "networkPolicy"]);
        const { jobTemplate, ...spec } = cronJob!.spec;
        assert.deepEqual(spec, {
            schedule: "30 3 * * 1-5",
            timeZone: "Europe/Berlin",
            concurrencyPolicy: "Forbid",
            startingDeadlineSeconds: 600,
            successfulJobsHistoryLimit: 3,
            failedJobsHistoryLimit: 3,
        });
        assert.equal(jobTemplate.spec.template.spec.restartPolicy, "Never");
        assert.equal(jobTemplate.spec.template.spec.topologySpreadConstraints, undefined);
    });

    it("goes by UTC where no time zone is given", () => {
        assert.equal(render({ ...cron, schedule: { cron: "@daily" } }).cronJob?.spec.timeZone, "Etc/UTC");
    });

    it("says the commit of its image on itself, not on its pods", () => {
        const { cronJob } = renderService(cron, { ...stage, commit: () => "f".repeat(40) });
        assert.deepEqual(cronJob?.metadata.annotations, { "oneflow.dev/commit": "f".repeat(40) });
        assert.deepEqual(cronJob?.spec.jobTemplate.spec.template.metadata.annotations, loadgenerator.annotations);
    });
});

describe("A stateful service", () => {
    const stateful: Service = {
        ...redisCart,
        kind: "stateful",
        replicas: 3,
        volumes: [
            { name: "redis-data", mountPath: "/data", memory: false, claim: { size: "10Gi", storageClass: "premium-rwo" } },
            { name: "tmp", mountPath: "/tmp", memory: false },
        ],
    };

    it("has pods that keep their volumes, whatever becomes of it, and a Service that names each of them", () => {
        const { statefulSet, service, headlessService, deployment } = render(stateful);
        assert.equal(deployment, undefined);
        const { template, selector, ...spec } = statefulSet!.spec;
        assert.deepEqual(spec, {
            serviceName: "redis-cart-headless",
            replicas: 3,
            updateStrategy: { type: "RollingUpdate" },
            podManagementPolicy: "OrderedReady",
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            minReadySeconds: 0,
            revisionHistoryLimit: 3,
            volumeClaimTemplates: [
                {
                    metadata: { name: "redis-data" },
                    spec: {
                        accessModes: ["ReadWriteOnce"],
                        storageClassName: "premium-rwo",
                        resources: { requests: { storage: "10Gi" } },
                    },
                },
            ],
        });
        assert.deepEqual(selector.matchLabels, { app: "redis-cart" });
        assert.deepEqual(template.spec.volumes, [{ name: "tmp", emptyDir: {} }]);
        assert.deepEqual(template.spec.containers[0].volumeMounts, [
            { name: "redis-data", mountPath: "/data" },
            { name: "tmp", mountPath: "/tmp" },
        ]);
        assert.equal(service?.spec.clusterIP, undefined);
        assert.deepEqual(headlessService?.spec, {
            type: "ClusterIP",
            clusterIP: "None",
            publishNotReadyAddresses: true,
            selector: { app: "redis-cart" },
            ports: [{ name: "tcp-redis", port: 6379, targetPort: 6379, protocol: "TCP" }],
        });
    });

    it("may be scaled by an autoscaler", () => {
        const { autoscaler, statefulSet } = render({ ...stateful, autoscale: { min: 1, max: 3, cpu: 80 } });
        assert.equal(autoscaler?.spec.scaleTargetRef.kind, "StatefulSet");
        assert.equal("replicas" in statefulSet!.spec, false);
    });

    it("lets its pods call each other", () => {
        const { networkPolicy } = renderService(stateful, { ...stage, services: { ...services, "redis-cart": stateful } });
        const self = [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "redis-cart" } } }];
        const ports = [{ port: 6379, protocol: "TCP" }];
        assert.deepEqual(networkPolicy.spec.ingress, [{ from: self, ports }]);
        assert.deepEqual(networkPolicy.spec.egress?.slice(1), [{ to: self, ports }]);
    });

    it("may have the longest name that a service can have", () => {
        const { statefulSet, headlessService } = render({ ...stateful, name: "a".repeat(46) });
        // A pod is labelled <name>-<10 characters> for its revision, and its host name is <name>-<ordinal>.
        assert.ok(statefulSet!.metadata.name.length + 11 <= 63);
        assert.ok(headlessService!.metadata.name.length <= 63);
        assert.ok(
            render({ ...checkoutservice, kind: "cron", schedule: { cron: "@daily" }, name: "a".repeat(46) }).cronJob!.metadata.name
                .length <= 52,
        );
    });
});
