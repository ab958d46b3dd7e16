import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { renderedFiles } from "../../core/manifests/renderedFiles";
import { deployedKinds } from "../../core/manifests/deployedKinds";
import { commitAnnotation } from "../../core/manifests/workload";
import { readSettings } from "../../core/settings/load";
import type { KubernetesObject, Pod } from "../../sandbox/providers/cloud/objects";
import { breakService } from "../../sandbox/git/monorepo";
import { recorded } from "../../sandbox/story/readback";
import { projection } from "../../sandbox/providers/values";
import { deploy, push, writeEntries, writeKeys } from "./catalogEdits";
import { failedSteps, steps } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";

/** One service of each kind, and of each thing that one can have and that comes with it. */
const entries = {
    // First in the file and last in the order.
    store: {
        ...{ source: "src/store", kind: "stateful", port: 6379, health: "tcp", replicas: 2, after: ["scaled"] },
        volumes: { data: { mount: "/data", claim: { size: "1Gi" } } },
    },
    filed: {
        source: "src/filed",
        port: 80,
        health: "/healthz",
        files: { "/etc/app.conf": "a = 1" },
        replicas: 2,
        expose: "internal",
    },
    scaled: { source: "src/scaled", port: 80, health: "grpc", autoscale: { min: 2, max: 4 }, calls: ["filed"], after: ["filed"] },
    routed: {
        source: "src/routed",
        port: 80,
        health: "/healthz",
        expose: { type: "gateway", host: "shop.example.com", tls: "shop-tls" },
    },
    nightly: { source: "src/nightly", kind: "cron", schedule: { cron: "30 3 * * 1-5", timezone: "Europe/Berlin" } },
    moving: { source: "src/moving", kind: "worker", migrate: { command: ["/app", "up"] }, verify: { command: ["/app", "check"] } },
};

/** Each test goes on from where the one before left dev. */
describe("A catalog with every kind of service, on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;
    let creation: string[];
    const namespace = () => shop.world.environment("dev").namespace;
    const objects = () => {
        const { project, region, clusters } = shop.world.environment("dev");
        return shop.world.cloud.objects(`${project}/${region}/${clusters[0].name}`);
    };
    const standing = () => deployedKinds.flatMap(({ kind }) => objects().list(kind, namespace()));

    before(async () => {
        shop = await deliveredShop();
    });

    it("runs, and the engine has nothing left to do", async () => {
        const commit = await push(shop, "Add a service of each kind", (checkout) => writeEntries(checkout, entries));
        creation = steps(succeeded(await deploy(shop, commit)));
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
        const pods = objects().list<Pod>("Pod", namespace());
        const phases = Object.keys(entries).map((name) => [
            name,
            // Pods come in the order of their names, which are random.
            pods
                .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === name)
                .map(({ status }) => status.phase)
                .sort(),
        ]);
        assert.deepEqual(Object.fromEntries(phases), {
            store: ["Running", "Running"],
            filed: ["Running", "Running"],
            // Nobody measures CPU here, so the autoscaler does nothing.
            scaled: ["Running"],
            routed: ["Running"],
            nightly: [],
            moving: ["Running", "Succeeded", "Succeeded"],
        });
    });

    it("comes up in the order that `after` says, whatever the order in the file", () => {
        const workloads = creation.filter(
            (step) => / europe-west1-(?:filed|scaled|store)$/.test(step) && /Deployment|StatefulSet/.test(step),
        );
        assert.deepEqual(workloads, [
            "create kubernetes:apps/v1:Deployment europe-west1-filed",
            "create kubernetes:apps/v1:Deployment europe-west1-scaled",
            "create kubernetes:apps/v1:StatefulSet europe-west1-store",
        ]);
    });

    it("stands in the cluster as `oneflow render` writes it, but for what only the registry knows", () => {
        const settings = readSettings({ directory: shop.world.layout.operations, stack: "dev" });
        const rendered = [...renderedFiles(settings).values()].flatMap((text) =>
            parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject),
        );
        const there = new Map(standing().map((object) => [placeOf(object), object]));
        assert.deepEqual(rendered.map(placeOf).sort(), [...there.keys()].sort());
        for (const object of rendered) {
            const plain = withoutImages(object);
            assert.deepEqual(projection(plain, withoutImages(there.get(placeOf(object))!)), plain);
        }
    });

    it("takes a service's objects away with its entry, but for what it stored, and touches no other service", async () => {
        const gone = ["store", "scaled", "nightly", "moving", "routed"];
        const before = standing();
        const commit = await push(shop, "Take most of them out", (checkout) =>
            writeEntries(checkout, Object.fromEntries(gone.map((name) => [name, undefined]))),
        );
        succeeded(await deploy(shop, commit));
        const isGone = ({ metadata }: KubernetesObject) => gone.includes(metadata.labels?.["app.kubernetes.io/name"] ?? "");
        const left = new Map(standing().map((object) => [placeOf(object), object.metadata]));
        assert.deepEqual(
            [...left.keys()].sort(),
            before
                .filter((object) => !isGone(object))
                .map(placeOf)
                .sort(),
        );
        for (const { metadata, ...object } of before.filter(({ kind }) => kind === "Deployment").filter((one) => !isGone(one))) {
            assert.equal(left.get(placeOf({ metadata, ...object } as KubernetesObject))?.generation, metadata.generation);
        }
        assert.deepEqual(objects().list("Pod", namespace()).filter(isGone), []);
        assert.deepEqual(
            objects()
                .list("PersistentVolumeClaim", namespace())
                .map(({ metadata }) => metadata.name),
            ["data-store-0", "data-store-1"],
        );
    });
    it("goes back from other files with which a rollout failed: what they replaced still stands and is not made twice", async () => {
        const { operations } = shop.world.layout;
        const healthy = (await recorded(shop.world, "dev"))!.request.commit;
        const broken = await shop.edit("Read the file twice", (directory) =>
            breakService(directory, shop.world.catalog().services.filed, "crash"),
        );
        writeKeys(operations, "filed", { files: { "/etc/app.conf": "a = 2" } });
        const failed = await deploy(shop, broken);
        assert.deepEqual(failedSteps(failed), ["update kubernetes:apps/v1:Deployment europe-west1-filed"]);
        assert.equal(objects().list("ConfigMap", namespace(), "filed-files-").length, 2);

        writeKeys(operations, "filed", { files: entries.filed.files });
        const back = steps(succeeded(await deploy(shop, healthy))).map((step) => step.replace(/-[0-9a-f]{10}$/, ""));
        assert.deepEqual(back, [
            "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
            "update kubernetes:apps/v1:Deployment europe-west1-filed",
            "delete kubernetes:core/v1:ConfigMap europe-west1-filed-files",
        ]);
        assert.equal(objects().list("ConfigMap", namespace(), "filed-files-").length, 1);
    });
});

/** A Job's name ends with a hash of what it runs, digest included. */
function placeOf({ kind, metadata }: KubernetesObject): string {
    return `${kind} ${kind === "Job" ? metadata.name.replace(/-[0-9a-f]{8}$/, "") : metadata.name}`;
}

/** Without digests, and without the commit that the image was built from: where nothing changed that is an older one. */
function withoutImages(object: KubernetesObject): KubernetesObject {
    const text = JSON.stringify(object, (key, value: unknown) => {
        if (key === commitAnnotation) {
            return undefined;
        }
        return key === "image" && typeof value === "string"
            ? value.replace(/[:@](?:sha256:[0-9a-f]{64}|[0-9a-f]{40})$/, "")
            : value;
    });
    const plain = JSON.parse(text) as KubernetesObject;
    return plain.kind === "Job" ? { ...plain, metadata: { ...plain.metadata, name: placeOf(plain) } } : plain;
}
