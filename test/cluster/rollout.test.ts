import assert from "node:assert/strict";
import type { KubernetesObject } from "../../core/manifests/objects";
import type { Digest } from "../../core/registry/reference";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { crashingDigest, digest, settings } from "./cluster";
import { isRolledOut, type Pod, podsOf, serves, untilDeployment } from "./observed";
import { Place } from "./place";

describe("A rollout", function () {
    this.timeout(180_000);
    const service = { ...settings.catalog.services.checkoutservice, replicas: 3 };
    const [good, better] = [digest("a"), digest("b")];
    let place: Place;

    /** Applies the service with an image. The deadline as rendered is minutes; seconds show the same. */
    const deploy = async (imageDigest: Digest, progressDeadlineSeconds = 60) => {
        const { deployment, ...others } = place.render(service, imageDigest);
        const hurried = { ...deployment!, spec: { ...deployment!.spec, progressDeadlineSeconds } };
        await place.apply([...(Object.values(others) as KubernetesObject[]), hurried]);
    };
    const image = (imageDigest: Digest) => place.image("checkoutservice", imageDigest);
    const imagesOf = (pods: readonly Pod[]) => pods.map(({ spec }) => spec.containers[0].image);
    const rolledOut = () => untilDeployment(place.deployer, place, "checkoutservice", isRolledOut);

    before(async () => {
        place = await Place.of("stage");
        await deploy(good);
        await rolledOut();
    });

    it("has as many ready pods as asked for at every moment, and never more than one beyond", async () => {
        const counts: number[] = [];
        const sizes: number[] = [];
        const states = place.deployer.states<Pod>(podsOf(place, "checkoutservice"));
        // The first state is the one before.
        counts.push((await states.next()).value!.filter(serves).length);
        await deploy(better);
        for await (const pods of states) {
            counts.push(pods.filter(serves).length);
            sizes.push(pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length);
            if (pods.length === 3 && pods.every(serves) && imagesOf(pods).every((it) => it === image(better))) break;
        }
        assert.deepEqual([Math.min(...counts), Math.max(...sizes)], [3, 4]);
        // Three pods came and three went: had the watch missed them, nothing would have been seen.
        assert.ok(counts.length > 6, `${counts.length} states`);
    });

    it("of an image that crashes fails at its deadline, while the old pods get all requests", async () => {
        await deploy(better);
        await rolledOut();
        await deploy(crashingDigest, 3);
        const failed = await untilDeployment(place.deployer, place, "checkoutservice", ({ metadata, status }) =>
            Boolean(
                status.observedGeneration === metadata.generation &&
                status.conditions?.some(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded"),
            ),
        );
        const progressing = failed.status.conditions!.find(({ type }) => type === "Progressing")!;
        assert.match(progressing.message, /^ReplicaSet "checkoutservice-[a-z0-9]+" has timed out progressing\.$/);
        assert.equal(progressing.status, "False");

        const { items: pods } = await place.deployer.get<{ items: Pod[] }>(podsOf(place, "checkoutservice"));
        assert.deepEqual(imagesOf(pods.filter(serves)), [image(better), image(better), image(better)]);
        const crashed = pods.filter((pod) => !serves(pod));
        assert.deepEqual(imagesOf(crashed), [image(crashingDigest)]);
        assert.equal(crashed[0].status.containerStatuses?.[0].state?.waiting?.reason, "CrashLoopBackOff");
        assert.deepEqual(
            await reached(),
            pods
                .filter(serves)
                .map(({ metadata }) => metadata.name)
                .sort(),
        );
    });

    it("goes back by applying what ran before, and no old pod restarts", async () => {
        await deploy(better);
        await rolledOut();
        const path = podsOf(place, "checkoutservice");
        const serving = async () => (await place.deployer.get<{ items: Pod[] }>(path)).items.filter(serves).map(uid).sort();
        const before = await serving();
        await deploy(crashingDigest);
        const crashed = (pods: readonly Pod[]) => pods.some((pod) => !serves(pod) && pod.status.phase === "Running");
        await place.deployer.until<Pod>(path, crashed);
        await deploy(better);
        await rolledOut();
        assert.deepEqual(await serving(), before);
    });

    /** Names of the pods that the Service sends requests to. */
    async function reached(): Promise<string[]> {
        const path = place.path("discovery.k8s.io/v1", "endpointslices?labelSelector=kubernetes.io/service-name%3Dcheckoutservice");
        const { items } = await place.deployer.get<{ items: EndpointSlice[] }>(path);
        const ready = items.flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions.ready));
        return ready.map(({ targetRef }) => targetRef.name).sort();
    }
});

interface EndpointSlice extends ClusterObject {
    endpoints: { conditions: { ready: boolean }; targetRef: { name: string } }[] | null;
}

function uid({ metadata }: Pod): string {
    return metadata.uid!;
}
