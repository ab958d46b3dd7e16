import assert from "node:assert/strict";
import type { KubernetesObject } from "../../core/manifests/objects";
import { renderService } from "../../core/manifests/workload";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { catalog, read, redis } from "../unit/settingsFixture";
import { digest } from "./cluster";
import { Place } from "./place";

/** One service of each kind, and of each thing that a service can have beside its pods and needs nothing from outside Kubernetes. */
const everyKind = {
    files: { source: "src/files", port: 80, files: { "/etc/app.conf": "a = 1" }, replicas: 2, expose: "internal" },
    scaled: { source: "src/scaled", port: 80, autoscale: { min: 2, max: 4 }, calls: ["files", "ordered"] },
    ordered: { image: redis, port: 6379, kind: "stateful", replicas: 2, after: ["files"] },
    kept: { image: redis, port: 6379, kind: "stateful", volumes: { data: { mount: "/data", claim: { size: "1Gi" } } } },
    nightly: { source: "src/nightly", kind: "cron", schedule: { cron: "30 3 * * 1-5", timezone: "Europe/Berlin" } },
    moving: { source: "src/moving", kind: "worker", migrate: { command: ["/migrate"] }, verify: { command: ["/verify"] } },
};

type Counted = ClusterObject & { status?: { readyReplicas?: number; succeeded?: number } };

describe("Every kind of service", function () {
    this.timeout(180_000);
    let place: Place;
    let objects: KubernetesObject[];

    before(async () => {
        place = await Place.of("prod");
        const { name: environment, namespace } = place.environment;
        const defaults = { repository: "acme/shop", user: 1000, resources: { cpu: "100m", memory: "64Mi" } };
        const { services } = read(catalog(everyKind, defaults), environment).catalog;
        const image = (imageName: string) => place.image(imageName, digest("7"));
        const context = { environment, cloudProject: "acme-stage", namespace, partOf: "shop", services, image };
        objects = Object.values(services).flatMap(
            (service) => Object.values(renderService(service, context)) as KubernetesObject[],
        );
        await place.apply(objects);
    });

    it("is rendered into objects that the deployer may apply and the API server takes", () => {
        assert.deepEqual([...new Set(objects.map(({ kind }) => kind))].sort(), [
            "ConfigMap",
            "CronJob",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Job",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Service",
            "ServiceAccount",
            "StatefulSet",
        ]);
    });

    it("gets its pods: one after the other where they have names, as many as the lower bound where they are scaled", async () => {
        const ready = (name: string, count: number) => (all: readonly Counted[]) =>
            all.some(({ metadata, status }) => metadata.name === name && status?.readyReplicas === count);
        await place.deployer.until<Counted>(place.path("apps/v1", "statefulsets"), ready("ordered", 2));
        await place.deployer.until<Counted>(place.path("apps/v1", "deployments"), ready("scaled", 2));
        await place.deployer.until<Counted>(place.path("apps/v1", "deployments"), ready("files", 2));
    });

    it("has its jobs run to their end", async () => {
        const ended = ({ status }: Counted) => status?.succeeded === 1;
        const jobs = await place.deployer.until<Counted>(
            place.path("batch/v1", "jobs"),
            (all) => all.length === 2 && all.every(ended),
        );
        assert.deepEqual(jobs.map(({ metadata }) => metadata.name.replace(/-[0-9a-f]+$/, "")).sort(), [
            "moving-migrate",
            "moving-verify",
        ]);
    });
});
