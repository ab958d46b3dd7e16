import assert from "node:assert/strict";
import { imageNames } from "../../core/release/lock";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { digest, settings } from "./cluster";
import { type Deployment, isRolledOut, type Pod, serves } from "./observed";
import { Place, type Quota } from "./place";

interface EndpointSlice extends ClusterObject {
    endpoints: { conditions: { ready: boolean }; targetRef: { name: string } }[] | null;
}

describe("The services of services.yaml in a real cluster", function () {
    this.timeout(180_000);
    let place: Place;
    const names = imageNames(settings.catalog);
    // Each image has its own digest, so that a mix-up shows.
    const digestOf = (imageName: string) => digest("123456789abdef"[names.indexOf(imageName)]);

    before(async () => {
        place = await Place.of("dev");
        await place.apply(place.renderAll(digestOf));
    });

    it("are twelve Deployments, admitted as the deployer applies them, and all become available", async () => {
        const deployments = await place.deployer.until<Deployment>(
            place.path("apps/v1", "deployments"),
            (all) => all.length === 12 && all.every(isRolledOut),
        );
        assert.deepEqual(deployments.map(({ metadata }) => metadata.name).sort(), Object.keys(settings.catalog.services).sort());
    });

    it("run the images of the lock, by digest", async () => {
        const pods = await place.deployer.until<Pod>(place.path("v1", "pods"), (all) => all.length === 12 && all.every(serves));
        const expected = names.map((imageName) => place.image(imageName, digestOf(imageName))).sort();
        const asked = pods.flatMap(({ spec }) => [...spec.containers, ...(spec.initContainers ?? [])]);
        assert.deepEqual(asked.map(({ image }) => image).sort(), expected);
        const running = pods.flatMap(({ status }) => [
            ...(status.containerStatuses ?? []),
            ...(status.initContainerStatuses ?? []),
        ]);
        assert.deepEqual(running.map(({ image }) => image).sort(), expected);
    });

    it("are each reached through their own Services", async () => {
        const services = await place.deployer.get<{ items: ClusterObject[] }>(place.path("v1", "services"));
        const reached = (slices: readonly EndpointSlice[]) =>
            slices.flatMap(({ metadata, endpoints }) =>
                (endpoints ?? [])
                    .filter(({ conditions }) => conditions.ready)
                    .map(({ targetRef }) => [
                        metadata.labels!["kubernetes.io/service-name"],
                        targetRef.name.replace(/-[a-z0-9]+-[a-z0-9]+$/, ""),
                    ]),
            );
        const slices = await place.deployer.until<EndpointSlice>(
            place.path("discovery.k8s.io/v1", "endpointslices"),
            (all) => reached(all).length === services.items.length,
        );
        const expected = services.items.map(({ metadata: { name } }) => [name, name === "frontend-external" ? "frontend" : name]);
        assert.deepEqual(reached(slices).sort(), expected.sort());
        assert.equal(expected.length, 12);
    });

    it("count against the quota of their namespace", async () => {
        const [quota] = await place.admin.until<Quota>(
            place.path("v1", "resourcequotas"),
            ([{ status }]) => status?.used?.pods === "12" && status.used["services.loadbalancers"] === "1",
        );
        // 2000, in the server's own spelling.
        assert.deepEqual(quota.status?.hard, { pods: "2k", "services.loadbalancers": "20" });
    });

    it("are left alone when the same is applied again", async () => {
        const state = async () => {
            const [deployments, pods] = [place.path("apps/v1", "deployments"), place.path("v1", "pods")];
            const { items } = await place.deployer.get<{ items: Deployment[] }>(deployments);
            const running = await place.deployer.get<{ items: Pod[] }>(pods);
            return [
                ...items.map(({ metadata }) => `${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`),
                ...running.items.map(({ metadata }) => metadata.uid),
            ];
        };
        const before = await state();
        await place.apply(place.renderAll(digestOf));
        assert.deepEqual(await state(), before);
    });
});
