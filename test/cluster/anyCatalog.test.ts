import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal } from "../../core/refusal";
import type { KubernetesObject } from "../../core/manifests/objects";
import { ApiRefused, type ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { redis } from "../unit/settingsFixture";
import { anyCatalog, anySchedule } from "./anyCatalog";
import { digest } from "./cluster";
import { renderEntries } from "./everyKind";
import { Place } from "./place";

describe("Any catalog that the settings accept", function () {
    this.timeout(300_000);
    let place: Place;
    const render = (entries: object) =>
        renderEntries(entries, place.environment, (imageName) => place.image(imageName, digest("7")));

    before(async () => {
        place = await Place.of("dev");
    });

    it("renders objects that the API server takes, and every field of which it knows", async () => {
        const kinds = new Map<string, number>();
        let refused = 0;
        await fc.assert(
            fc.asyncProperty(anyCatalog, async (entries) => {
                const objects = unlessRefused(() => render(entries));
                refused += objects ? 0 : 1;
                for (const object of objects ?? []) {
                    assert.equal(await objection(object), undefined);
                    kinds.set(object.kind, (kinds.get(object.kind) ?? 0) + 1);
                }
            }),
            { numRuns: 150, seed: 20261122 },
        );
        assert.ok(refused < 60, `${refused} of 150 were refused by the settings: too few are left to say anything`);
        for (const kind of ["ConfigMap", "CronJob", "Deployment", "HorizontalPodAutoscaler", "Job", "Service", "StatefulSet"]) {
            assert.ok(kinds.get(kind)! > 10, `${kinds.get(kind) ?? 0} of kind ${kind}`);
        }
    });

    it("has only schedules that the API server reads, and all that it reads", async () => {
        const cron = (schedule: string) => ({ nightly: { image: redis, kind: "cron", schedule } });
        const given = (object: KubernetesObject, schedule: string) =>
            object.kind === "CronJob" ? { ...object, spec: { ...object.spec, schedule } } : object;
        let refused = 0;
        await fc.assert(
            fc.asyncProperty(anySchedule, async (schedule) => {
                const accepted = unlessRefused(() => render(cron(schedule))) !== undefined;
                const [object] = render(cron("@daily")).filter(({ kind }) => kind === "CronJob");
                const taken = (await objection(given(object, schedule))) === undefined;
                assert.equal(accepted, taken, `${schedule}: ${accepted ? "accepted" : "refused"} by the settings alone`);
                refused += taken ? 0 : 1;
            }),
            { numRuns: 200, seed: 20261122 },
        );
        assert.ok(refused > 50 && refused < 150, `${refused} of 200 are wrong ones`);
    });

    it("has names that leave room for what Kubernetes adds: the longest come to life", async () => {
        const longest = (first: string) => first.padEnd(46, "x");
        const ours = (name: string) => /^[abc]x{20,}/.test(name);
        const port = { image: redis, port: 6379 };
        const jobs = { migrate: { command: ["/migrate"] }, verify: { command: ["/verify"] } };
        const objects = render({
            [longest("a")]: { ...port, ...jobs, files: { "/etc/conf": "a = 1" } },
            [longest("b")]: { ...port, kind: "stateful", replicas: 2 },
            [longest("c")]: { image: redis, kind: "cron", schedule: "@yearly" },
        });
        await place.apply(objects);
        const alive = (kind: string, test: (status: Counted["status"]) => boolean) =>
            place.deployer.until<Counted>(place.path(kind === "jobs" ? "batch/v1" : "apps/v1", kind), (all) => {
                const named = all.filter(({ metadata }) => ours(metadata.name));
                return named.length > 0 && named.every(({ status }) => test(status));
            });
        await alive("deployments", (status) => status?.readyReplicas === 1);
        await alive("statefulsets", (status) => status?.readyReplicas === 2);
        await alive("jobs", (status) => status?.succeeded === 1);
        for (const object of objects) {
            await place.deployer.delete(await place.deployer.pathOf(object), { propagationPolicy: "Foreground" });
        }
        // Other files count the pods of this namespace.
        await place.deployer.until(place.path("v1", "pods"), (pods) => pods.every(({ metadata }) => !ours(metadata.name)));
    });

    /** What the API server says against an object; it keeps nothing. */
    async function objection(object: KubernetesObject): Promise<string | undefined> {
        const path = await place.deployer.pathOf(object);
        const query = "fieldManager=oneflow&force=true&dryRun=All&fieldValidation=Strict";
        try {
            await place.deployer.patch(`${path}?${query}`, object, "apply-patch+yaml");
            return undefined;
        } catch (error) {
            if (!(error instanceof ApiRefused)) throw error;
            return `${error.code} ${error.message}`;
        }
    }
});

type Counted = ClusterObject & { status?: { readyReplicas?: number; succeeded?: number } };

function unlessRefused<T>(run: () => T): T | undefined {
    try {
        return run();
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return undefined;
    }
}
