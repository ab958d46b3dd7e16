import assert from "node:assert/strict";
import type { KubernetesObject } from "../../core/manifests/objects";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { digest } from "./cluster";
import { everyKind, renderEntries } from "./everyKind";
import { Place } from "./place";

type Counted = ClusterObject & { status?: { readyReplicas?: number; succeeded?: number } };

describe("Every kind of service", function () {
    this.timeout(180_000);
    let place: Place;
    let objects: KubernetesObject[];

    before(async () => {
        place = await Place.of("prod");
        objects = renderEntries(everyKind, place.environment, (imageName) => place.image(imageName, digest("7")));
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
