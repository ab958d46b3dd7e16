import assert from "node:assert/strict";
import { changeService } from "../../sandbox/git/monorepo";
import type { EngineRun } from "../../sandbox/world/engine";
import { type EndpointSlice, readyPods, RealShop } from "./realShop";
import { succeeded } from "../engine/shop";

describe("A promotion of services that a real Kubernetes runs", function () {
    this.timeout(600_000);
    let real: RealShop;
    const change = (...services: string[]) =>
        real.shop.edit(`Change ${services.join(" and ")}`, async (checkout) => {
            const all = real.shop.world.catalog().services;
            for (const name of services) await changeService(checkout, all[name], "Answer sooner");
        });
    const images = async (service: string) => (await real.serving()).digests[service];

    before(async () => {
        real = await RealShop.shared();
    });

    it("leaves never fewer pods in a Service than it had, whether three or one, and ends with new ones alone", async () => {
        const wanted = { checkoutservice: 3, frontend: 1 };
        const commit = await change(...Object.keys(wanted));
        let run: Promise<EngineRun> | undefined;
        const looks = Object.keys(wanted).map((service) => watch(real, service, () => (run ??= real.deploy(commit))));
        const seen = await Promise.all(looks);
        succeeded(await run!);
        Object.values(wanted).forEach((pods, index) => {
            const states = seen[index];
            const old = states[0];
            const fresh = states.at(-1)!;
            const counts = states.map(({ length }) => length);
            assert.deepEqual([old.length, fresh.length, Math.min(...counts)], [pods, pods, pods], JSON.stringify(states));
            assert.deepEqual(
                fresh.filter((pod) => old.includes(pod)),
                [],
            );
            const mixed = states.filter(
                (state) => state.some((pod) => old.includes(pod)) && state.some((pod) => fresh.includes(pod)),
            );
            assert.ok(mixed.length > 0, JSON.stringify(states));
        });
    });

    it("leaves the number of pods to whom it belongs: the autoscaler, and somebody who scales by hand", async () => {
        const service = "currencyservice";
        assert.equal((await real.deployment(service)).spec.replicas, 2);
        const path = real.path("apps/v1", `deployments/${service}`);
        const patch = (at: string, body: object) => real.administrator.patch(at, body, "merge-patch+json");
        await patch(`${path}/scale?fieldManager=kubectl`, { spec: { replicas: 4 } });
        await patch(`${path}?fieldManager=cost-report`, { metadata: { annotations: { "acme.example/cost-centre": "4711" } } });
        await real.untilRolledOut(service);
        const before = await images(service);
        succeeded(await real.deploy(await change(service)));
        const { spec, metadata } = await real.deployment(service);
        assert.notEqual(await images(service), before);
        assert.equal(spec.replicas, 4);
        assert.equal(metadata.annotations!["acme.example/cost-centre"], "4711");
        assert.equal((await real.serving()).reached[service].length, 4);
    });

    it("puts back with --refresh what somebody edited by hand, and nothing else", async () => {
        const service = "frontend";
        const path = real.path("apps/v1", `deployments/${service}`);
        const before = await real.deployment(service);
        const edit = { spec: { revisionHistoryLimit: 0, template: { spec: { terminationGracePeriodSeconds: 45 } } } };
        await real.administrator.patch(`${path}?fieldManager=kubectl-edit`, edit, "merge-patch+json");
        await real.untilRolledOut(service);
        const run = succeeded(await real.up("--refresh"));
        assert.match(run.output, /^ {4}~ 1 updated$/m);
        const { spec } = await real.deployment(service);
        assert.deepEqual(spec, before.spec);
    });

    it("takes no field by force that another tool set meanwhile, and names tool and field", async () => {
        const scale = (replicas: number) =>
            real.administrator.patch(
                `${real.path("apps/v1", "deployments/frontend/scale")}?fieldManager=kubectl`,
                { spec: { replicas } },
                "merge-patch+json",
            );
        await scale(2);
        const run = await real.up("--refresh");
        assert.notEqual(run.code, 0);
        assert.match(
            run.output,
            /^ {2}kubernetes:apps\/v1:Deployment \(europe-west1-frontend\):\n.*\n.* Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas$/m,
        );
        assert.equal((await real.deployment("frontend")).spec.replicas, 2);
        await scale(1);
        succeeded(await real.up());
    });
});

/** The pods that a Service sent requests to: each state from before a promotion until it has ended and none of the old ones is left. */
async function watch(real: RealShop, service: string, promote: () => Promise<EngineRun>): Promise<string[][]> {
    const stop = new AbortController();
    const states: string[][] = [];
    let ended = false;
    const isOver = () => ended && !states.at(-1)!.some((pod) => states[0].includes(pod));
    for await (const slices of real.administrator.states<EndpointSlice>(real.slicesOf(service), stop.signal)) {
        states.push(readyPods(slices));
        if (states.length === 1) {
            void promote().then(({ code }) => {
                ended = true;
                if (code !== 0 || isOver()) stop.abort();
            });
        }
        if (isOver()) break;
    }
    return states;
}
