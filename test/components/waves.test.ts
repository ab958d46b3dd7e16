import assert from "node:assert/strict";
import type { ForeseenRun } from "../../components/recordedRun";
import type { Kept } from "../../core/facts/readKept";
import type { StateResource } from "../../core/facts/stackState";
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
async function deploy(direction: Direction, clusters: readonly Cluster[], kept?: Kept): Promise<Registered[]> {
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
    return record(() => new Environment("acme-shop", { settings: all, environment: prod, outcome, kept }).registered);
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

describe("A suspended cluster", function () {
    this.timeout(60_000);
    const top = "urn:pulumi:test::acme-shop::oneflow:index:Environment::acme-shop";
    const urn = (types: string, name: string) => `urn:pulumi:test::acme-shop::oneflow:index:Environment$${types}::${name}`;
    const component = urn("oneflow:index:Microservice", "us-east1-gone");
    const account = urn("oneflow:index:Microservice$kubernetes:core/v1:ServiceAccount", "us-east1-gone-account");
    const kept: StateResource[] = [
        { urn: component, type: "oneflow:index:Microservice", custom: false, parent: top },
        {
            ...{ urn: account, type: "kubernetes:core/v1:ServiceAccount", custom: true, parent: component },
            inputs: { metadata: { name: "gone" } },
        },
        {
            urn: urn("oneflow:index:Microservice$kubernetes:apps/v1:Deployment", "us-east1-gone"),
            ...{ type: "kubernetes:apps/v1:Deployment", custom: true, parent: component },
            inputs: { metadata: { name: "gone", labels: { of: "another version of the program" } } },
            dependencies: [
                "urn:pulumi:test::acme-shop::oneflow:index:Environment$pulumi-nodejs:dynamic/oneflow:PromotedImages::images",
                account,
            ],
        },
    ];

    it("is asked for what the state has of it, even of a service that the catalog lost, and for nothing else", async () => {
        const clusters = [cluster("europe-west1"), cluster("us-east1", { wave: 2, suspended: true })];
        const resources = await deploy("forward", clusters, { "us-east1": kept });
        const there = resources.filter(({ name }) => name.startsWith("us-east1"));
        assert.deepEqual(there, [
            {
                ...{ type: "kubernetes:apps/v1:Deployment", name: "us-east1-gone" },
                inputs: kept[2].inputs,
                dependsOn: ["ServiceAccount:us-east1-gone-account"],
            },
            {
                ...{ type: "kubernetes:core/v1:ServiceAccount", name: "us-east1-gone-account" },
                inputs: kept[1].inputs,
                dependsOn: [],
            },
            { type: "oneflow:index:Microservice", name: "us-east1-gone", inputs: {}, dependsOn: [] },
            {
                ...{ type: "pulumi:providers:kubernetes", name: "us-east1", dependsOn: [] },
                inputs: { context: "gke_acme-prod_us-east1_acme-shop-prod", skipUpdateUnreachable: "true" },
            },
        ]);
        assert.deepEqual(dependsOn(resources, "RunRecord", "run"), workloads("europe-west1"));
        const { run } = resources.find(({ name }) => name === "run")!.inputs;
        assert.deepEqual(
            (JSON.parse(run as string) as ForeseenRun).clusters.map(({ region }) => region),
            ["europe-west1"],
        );
    });
});
