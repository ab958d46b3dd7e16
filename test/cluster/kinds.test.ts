import assert from "node:assert/strict";
import type { KubernetesObject } from "../../core/manifests/objects";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { digest } from "./cluster";
import { everyKind, renderEntries } from "./everyKind";
import { Place } from "./place";

type Counted = ClusterObject & { status?: { readyReplicas?: number; succeeded?: number } };

interface Claim extends ClusterObject {
    spec: { storageClassName: string; volumeName: string };
    status: { phase: string; capacity?: object };
}

interface Volume extends ClusterObject {
    spec: { claimRef: object };
}

interface Judged {
    conditions?: { type: string; status: string }[];
}

interface Addressed extends ClusterObject {
    status?: Judged & { loadBalancer?: { ingress?: { ip: string }[] }; addresses?: { value: string }[] };
}

interface Routed extends ClusterObject {
    status?: { parents: Judged[] };
}

function isLoadBalancer(spec: object): boolean {
    return "type" in spec && spec.type === "LoadBalancer";
}

function isTrue(judged: Judged | undefined, type: string): boolean {
    return judged?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** Its Secret is made by GKE, of what Google keeps. */
const keyed = {
    source: "src/keyed",
    port: 80,
    health: "/healthz",
    env: { DB_PASSWORD: { secretManager: "shop-db", version: 3 } },
};

describe("Every kind of service", function () {
    this.timeout(180_000);
    let place: Place;
    let objects: KubernetesObject[];

    before(async () => {
        place = await Place.of("prod");
        objects = renderEntries({ ...everyKind, keyed }, place.environment, (imageName) => place.image(imageName, digest("7")));
        await place.apply(objects);
    });

    it("is rendered into objects that the deployer may apply and the API server takes", () => {
        assert.deepEqual([...new Set(objects.map(({ kind }) => kind))].sort(), [
            "ConfigMap",
            "CronJob",
            "Deployment",
            "Gateway",
            "HTTPRoute",
            "HorizontalPodAutoscaler",
            "Job",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "SecretProviderClass",
            "SecretSync",
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

    it("gets a volume for each claim, of the class that GKE takes where none is named", async () => {
        const bound = ({ status }: Claim) => status.phase === "Bound";
        const [claim] = await place.deployer.until<Claim>(place.path("v1", "persistentvolumeclaims"), (all) => all.some(bound));
        assert.equal(claim.metadata.name, "data-kept-0");
        assert.equal(claim.spec.storageClassName, "standard-rwo");
        const volume = await place.admin.get<Volume>(`/api/v1/persistentvolumes/${claim.spec.volumeName}`);
        assert.deepEqual(volume.spec.claimRef, { ...volume.spec.claimRef, uid: claim.metadata.uid });
        assert.deepEqual(claim.status.capacity, { storage: "1Gi" });
    });

    it("is reached from outside by an address: the network's own, or that of its gateway", async () => {
        const internal = objects.find(
            ({ kind, ...object }) => kind === "Service" && "spec" in object && isLoadBalancer(object.spec),
        );
        const exposed = ({ metadata, status }: Addressed) =>
            metadata.name === internal?.metadata.name && status?.loadBalancer?.ingress !== undefined;
        const services = await place.deployer.until<Addressed>(place.path("v1", "services"), (all) => all.some(exposed));
        assert.match(services.find(exposed)!.status!.loadBalancer!.ingress![0].ip, /^10\./);
        const gateways = place.path("gateway.networking.k8s.io/v1", "gateways");
        const [gateway] = await place.deployer.until<Addressed>(gateways, ([only]) => isTrue(only?.status, "Programmed"));
        assert.match(gateway.status!.addresses![0].value, /^203\.0\.113\./);
        const routes = place.path("gateway.networking.k8s.io/v1", "httproutes");
        await place.deployer.until<Routed>(routes, ([only]) => isTrue(only?.status?.parents[0], "Accepted"));
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
