import assert from "node:assert/strict";
import { refuseUnrestricted } from "../../core/manifests/bring/restricted";
import { renderObjects } from "../../core/manifests/renderObjects";
import { ApiRefused, type Manifest } from "../../sandbox/kubernetes/clusterClient";
import { confined, podConfined, restrictedBoutique } from "../unit/broughtFixture";
import { catalog, read } from "../unit/settingsFixture";
import { digest } from "./cluster";
import { type Deployment, isRolledOut, type Pod } from "./observed";
import { Place } from "./place";

/** Between them they have an init container, a load balancer, and accounts of their own. */
const services = ["checkoutservice", "frontend", "loadgenerator"];

describe("Manifests of Online Boutique that services bring as they are", function () {
    this.timeout(40_000);
    let place: Place;

    before(async () => {
        place = await Place.of("prod");
        const { name: environment, namespace, project } = place.environment;
        const files = services.map((name) => [`k8s/${name}/all.yaml`, restrictedBoutique(name)]);
        const entries = services.map((name) => [name, { source: `src/${name}`, manifests: `k8s/${name}` }]);
        const all = read({ ...catalog(Object.fromEntries(entries)), ...Object.fromEntries(files) }, environment).catalog;
        const image = (imageName: string) => place.image(imageName, digest("7"));
        const context = { environment, cloudProject: project, namespace, partOf: "shop", services: all.services, image };
        for (const service of Object.values(all.services)) {
            await place.apply(renderObjects(service, context) as Manifest[]);
        }
    });

    it("are admitted as the deployer applies them, and roll out", async () => {
        const brought = await place.deployer.until<Deployment>(
            place.path("apps/v1", "deployments"),
            (every) =>
                every.filter(({ metadata }) => services.includes(metadata.name)).filter(isRolledOut).length === services.length,
        );
        assert.ok(brought.every(({ metadata }) => metadata.namespace === place.environment.namespace));
    });

    it("run pinned images alone, in pods that policies find by their service", async () => {
        const label = "app.kubernetes.io/name";
        const pods = await place.deployer.until<Pod>(
            place.path("v1", "pods"),
            (every) => every.filter(({ metadata }) => services.includes(metadata.labels![label])).length === services.length,
        );
        const images = pods
            .filter(({ metadata }) => services.includes(metadata.labels![label]))
            .map(({ metadata, spec }) => [
                metadata.labels![label],
                ...[...(spec.initContainers ?? []), ...spec.containers].map((container) => container.image),
            ]);
        assert.deepEqual(images.sort(), [
            ["checkoutservice", place.image("checkoutservice", digest("7"))],
            ["frontend", place.image("frontend", digest("7"))],
            ["loadgenerator", place.image("loadgenerator/busybox", digest("7")), place.image("loadgenerator", digest("7"))],
        ]);
    });
});

describe("Pods that a service may bring", function () {
    this.timeout(60_000);
    const container = { name: "c", image: "images.example/c:1", securityContext: confined };
    const inContainer = (securityContext: object, more: object = {}) => ({
        containers: [{ ...container, ...more, securityContext: { ...confined, ...securityContext } }],
    });
    const inPod = (securityContext: object) => ({ securityContext: { ...podConfined, ...securityContext } });
    /** Pods that differ in one thing from one that is restricted. */
    const variants: Record<string, object> = {
        restricted: {},
        "nothing said": { containers: [{ name: "c", image: "images.example/c:1" }], securityContext: {} },
        "an init container without its own": { initContainers: [{ name: "i", image: "images.example/c:1" }] },
        "escalation not denied": inContainer({ allowPrivilegeEscalation: undefined }),
        privileged: inContainer({ privileged: true, allowPrivilegeEscalation: true }),
        "capabilities kept": inContainer({ capabilities: { drop: ["NET_RAW"] } }),
        "a capability added": inContainer({ capabilities: { drop: ["ALL"], add: ["CHOWN"] } }),
        "the one capability that may be": inContainer({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } }),
        "root not refused": inPod({ runAsNonRoot: undefined }),
        "root not refused in the container": inContainer({ runAsNonRoot: false }),
        "root refused in the container alone": {
            ...inPod({ runAsNonRoot: undefined }),
            ...inContainer({ runAsNonRoot: true }),
        },
        "root by number": inPod({ runAsUser: 0 }),
        "no seccomp profile": inPod({ seccompProfile: undefined }),
        "a profile in the container alone": {
            ...inPod({ seccompProfile: undefined }),
            ...inContainer({ seccompProfile: { type: "RuntimeDefault" } }),
        },
        unconfined: inPod({ seccompProfile: { type: "Unconfined" } }),
        "unconfined by AppArmor": inContainer({ appArmorProfile: { type: "Unconfined" } }),
        "the node's network": { hostNetwork: true },
        "the node's processes": { hostPID: true },
        "a port of the node": inContainer({}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
        "a folder of the node": { volumes: [{ name: "v", hostPath: { path: "/" } }] },
        "a folder of its own": { volumes: [{ name: "v", emptyDir: {} }] },
        "another's images as a folder": { volumes: [{ name: "v", image: { reference: "images.example/v:1" } }] },
        "a file server": { volumes: [{ name: "v", nfs: { server: "nfs.example", path: "/" } }] },
        "an unmasked /proc": { hostUsers: false, ...inContainer({ procMount: "Unmasked" }) },
    };

    for (const [title, variant] of Object.entries(variants)) {
        it(`are judged as the API server judges them: ${title}`, async () => {
            const place = await Place.of("prod");
            const spec = JSON.parse(JSON.stringify({ ...inPod({}), containers: [container], ...variant })) as object;
            const value = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "judged" }, spec: { template: { spec } } };
            const told = refuseUnrestricted([{ file: "a.yaml", kind: "Job", name: "judged", value }]);
            const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "judged" }, spec };
            const refused = await place.admin.create(place.path("v1", "pods?dryRun=All"), pod).then(
                () => "",
                (error: unknown) => {
                    if (error instanceof ApiRefused) return error.message;
                    throw error;
                },
            );
            assert.equal(refused.includes("violates PodSecurity"), told.length > 0, refused);
            assert.equal(refused === "" || told.length > 0, true, refused);
        });
    }
});
