import assert from "node:assert/strict";
import type { Direction } from "../../core/promotion/model";
import type { Cluster } from "../../core/settings/model";
import { commit, plan } from "./plan";
import { record, type Registered } from "./recorder";
import { environment, service, settings } from "./settings";

const cluster = (region: string, more: Partial<Cluster> = {}): Cluster => ({
    name: "acme-shop-prod",
    region,
    context: `gke_acme-prod_${region}_acme-shop-prod`,
    managed: true,
    ...more,
});

/** What an environment whose cart comes after its checkout registers. */
async function deploy(direction: Direction, clusters: readonly Cluster[]): Promise<Registered[]> {
    const { Environment } = await import("../../components/environment");
    const all = settings({
        catalog: {
            services: {
                cart: service("cart", { after: ["checkout"] }),
                checkout: service("checkout", { verify: { env: {}, timeoutSeconds: 60 } }),
            },
        },
    });
    const prod = environment("prod", { promotesFrom: "stage", commit, clusters });
    const outcome = { plan: plan(all, prod, { direction }), words: "…" };
    return record(() => new Environment("acme-shop", { settings: all, environment: prod, outcome }).registered);
}

const dependsOn = (resources: readonly Registered[], type: string, name: string) =>
    resources.find((resource) => resource.type.endsWith(type) && resource.name === name)!.dependsOn;

/** All that is in a cluster, but its provider. */
const workloads = (key: string) =>
    [
        ...["Deployment", "NetworkPolicy", "Service"].flatMap((kind) => [`${kind}:${key}-cart`, `${kind}:${key}-checkout`]),
        ...[`Job:${key}-checkout-verify`, `NetworkPolicy:${key}-default-deny`],
        ...[`ServiceAccount:${key}-cart-account`, `ServiceAccount:${key}-checkout-account`],
    ].sort();

describe("On several clusters", function () {
    this.timeout(60_000);
    const clusters = [
        cluster("us-east1", { wave: 7 }),
        cluster("asia-east1", { wave: 7 }),
        cluster("europe-west1"),
        cluster("europe-north1", { wave: 3 }),
    ];
    const runs = {} as Record<"forward" | "rollback" | "unchanged", Registered[]>;
    before(async () => {
        for (const direction of ["forward", "rollback", "unchanged"] as const) {
            runs[direction] = await deploy(direction, clusters);
        }
    });

    const gates = (resources: readonly Registered[]) =>
        Object.fromEntries(
            clusters.map(({ region }) => [region, dependsOn(resources, "pulumi:providers:kubernetes", region)] as const),
        );
    const open = { "europe-west1": [], "europe-north1": [], "us-east1": [], "asia-east1": [] };

    it("each wave of a set that never ran here waits for all workloads and checks of the one before it", () => {
        assert.deepEqual(gates(runs.forward), {
            "europe-west1": [],
            "europe-north1": workloads("europe-west1"),
            "us-east1": workloads("europe-north1"),
            "asia-east1": workloads("europe-north1"),
        });
    });

    it("nothing waits where a set comes back, or only settings change", () => {
        assert.deepEqual(gates(runs.rollback), open);
        assert.deepEqual(gates(runs.unchanged), open);
    });

    it("one record waits for every cluster", () => {
        const all = clusters.flatMap(({ region }) => workloads(region)).sort();
        assert.deepEqual(dependsOn(runs.forward, "RunRecord", "run"), all);
        assert.deepEqual(dependsOn(runs.rollback, "RunRecord", "run"), all);
    });

    it("a preview shows all of it, and the same resources whatever the direction", () => {
        const names = (resources: readonly Registered[]) => resources.map(({ type, name }) => `${type} ${name}`);
        assert.deepEqual(names(runs.rollback), names(runs.forward));
        assert.deepEqual(names(runs.unchanged), names(runs.forward));
    });

    it("a rollout waits for the services that it comes after, their checks included, and on the way back for none", () => {
        const own = ["NetworkPolicy:us-east1-cart", "ServiceAccount:us-east1-cart-account"];
        const other = [
            ...["Deployment", "NetworkPolicy", "Service"].map((kind) => `${kind}:us-east1-checkout`),
            ...["Job:us-east1-checkout-verify", "ServiceAccount:us-east1-checkout-account"],
        ];
        assert.deepEqual(dependsOn(runs.forward, "Deployment", "us-east1-cart"), [...own, ...other].sort());
        assert.deepEqual(dependsOn(runs.rollback, "Deployment", "us-east1-cart"), own);
        assert.deepEqual(dependsOn(runs.unchanged, "Deployment", "us-east1-cart"), own);
    });
});
