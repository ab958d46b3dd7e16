import assert from "node:assert/strict";
import { promotedImagesInputs } from "../../components/promotedImages";
import { recordedRunInputs, type ForeseenRun } from "../../components/recordedRun";
import { setKey } from "../../core/release/lock";
import { cart, checkout, commit, plan } from "./plan";
import { ofType, record, type Registered } from "./recorder";
import { environment, service, settings } from "./settings";

async function deploy(stage = environment("stage", { promotesFrom: "dev", commit }), all = settings()): Promise<Registered[]> {
    const { Environment } = await import("../../components/environment");
    return record(
        () =>
            new Environment("acme-shop", { settings: all, environment: stage, outcome: { plan: plan(all, stage), words: "…" } })
                .registered,
    );
}

describe("Environment", () => {
    let resources: Registered[];
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        const { KUBECONFIG } = process.env;
        process.env.KUBECONFIG = "/somewhere/on/this/machine";
        resources = await deploy();
        if (KUBECONFIG === undefined) {
            delete process.env.KUBECONFIG;
        } else {
            process.env.KUBECONFIG = KUBECONFIG;
        }
    });

    it("is made of its images, its services in every cluster and the record of the run, and of nothing else", () => {
        assert.deepEqual(
            resources.map(({ type, name }) => `${type} ${name}`),
            [
                "kubernetes:apps/v1:Deployment europe-west1-cart",
                "kubernetes:apps/v1:Deployment europe-west1-checkout",
                "kubernetes:core/v1:Service europe-west1-cart",
                "kubernetes:core/v1:Service europe-west1-checkout",
                "kubernetes:core/v1:ServiceAccount europe-west1-cart-account",
                "kubernetes:core/v1:ServiceAccount europe-west1-checkout-account",
                "kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-cart",
                "kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-checkout",
                "kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-default-deny",
                "oneflow:index:Environment acme-shop",
                "oneflow:index:Microservice europe-west1-cart",
                "oneflow:index:Microservice europe-west1-checkout",
                "pulumi-nodejs:dynamic/oneflow:PromotedImages images",
                "pulumi-nodejs:dynamic/oneflow:RunRecord run",
                "pulumi:providers:kubernetes europe-west1",
            ],
        );
    });

    it("pins every pod to a digest in its own tier", () => {
        const deployments = ofType(resources, "kubernetes:apps/v1:Deployment") as unknown as Record<
            string,
            { spec: { template: { spec: { containers: { image: string }[] } } } }
        >;
        assert.deepEqual(
            Object.values(deployments).map(({ spec }) => spec.template.spec.containers.map(({ image }) => image)),
            [
                [`europe-west1-docker.pkg.dev/acme-stage/release-candidate/cart@${cart}`],
                [`europe-west1-docker.pkg.dev/acme-stage/release-candidate/checkout@${checkout}`],
            ],
        );
    });

    it("reaches its cluster by the context that the settings pin, with nothing of this machine in the state", () => {
        assert.deepEqual(ofType(resources, "pulumi:providers:kubernetes"), {
            "europe-west1": { context: "gke_acme-stage_europe-west1_acme-shop-stage" },
        });
    });

    it("copies from the tier before, names service → digest, and lets the lock travel along", () => {
        const { __provider, ...inputs } = ofType(resources, "pulumi-nodejs:dynamic/oneflow:PromotedImages").images;
        assert.deepEqual(inputs, {
            to: "europe-west1-docker.pkg.dev/acme-stage/release-candidate",
            commit,
            pins: {},
            images: { cart, checkout },
            copies: {
                to: { registry: "europe-west1-docker.pkg.dev/acme-stage", tier: "release-candidate" },
                images: {
                    cart: { digest: cart, from: "europe-west1-docker.pkg.dev/acme-dev/develop", tags: [commit] },
                    checkout: { digest: checkout, from: "europe-west1-docker.pkg.dev/acme-dev/develop", tags: [commit] },
                },
                from: { registry: "europe-west1-docker.pkg.dev/acme-dev", tier: "develop" },
                locks: { [commit]: "acme/shop" },
            },
        });
        assert.equal(
            __provider,
            'exports.handler = () => require(require("node:path").join(process.cwd(), "components/dynamicProvider.js")).provider("PromotedImages");',
        );
    });

    it("names what runs in a second cluster after that cluster, and renames nothing in the first", async () => {
        const two = environment("prod", { promotesFrom: "stage", commit });
        const [first] = two.clusters;
        const other = { ...first, region: "us-east1", context: "gke_acme-prod_us-east1_acme-shop-prod" };
        const both = await deploy({ ...two, clusters: [first, other] });
        assert.deepEqual(Object.keys(ofType(both, "kubernetes:apps/v1:Deployment")), [
            "europe-west1-cart",
            "europe-west1-checkout",
            "us-east1-cart",
            "us-east1-checkout",
        ]);
    });

    it("deploys nothing where there is no plan, and leaves out what has no image yet", async () => {
        const { Environment } = await import("../../components/environment");
        const all = settings();
        const stage = environment("stage", { promotesFrom: "dev" });
        const none = await record(
            () => new Environment("acme-shop", { settings: all, environment: stage, outcome: { words: "nothing" } }).registered,
        );
        assert.deepEqual(
            none.map(({ type }) => type),
            ["oneflow:index:Environment"],
        );

        const { cart: onlyCart } = plan(all, stage).images;
        const transitions = [{ image: "cart", to: cart }];
        const pending = plan(all, stage, { images: { cart: onlyCart }, set: { cart }, transitions, pending: ["checkout"] });
        const some = await record(
            () =>
                new Environment("acme-shop", { settings: all, environment: stage, outcome: { plan: pending, words: "…" } })
                    .registered,
        );
        assert.deepEqual(Object.keys(ofType(some, "kubernetes:apps/v1:Deployment")), ["europe-west1-cart"]);
    });
});

describe("the run record's inputs", () => {
    const all = settings();
    const stage = environment("stage", { promotesFrom: "dev" });
    const inputs = recordedRunInputs({ plan: plan(all, stage), catalog: all.catalog });

    it("say the set and what was rendered, and leave who, when and why to the moment of writing", () => {
        assert.equal(inputs.set, setKey({ cart, checkout }));
        assert.deepEqual(inputs.to, { registry: "europe-west1-docker.pkg.dev/acme-stage", tier: "release-candidate" });
        const run = JSON.parse(inputs.run) as ForeseenRun;
        assert.deepEqual(run.images, { cart: { commit, digest: cart }, checkout: { commit, digest: checkout } });
        assert.deepEqual(
            ["at", "by", "operations", "reason"].filter((field) => field in run),
            [],
        );
    });

    it("change their settings' hash with the catalog, the clusters and the namespace, and with nothing else", () => {
        const hash = (environmentChange = {}, catalog = all.catalog, planChange = {}) =>
            recordedRunInputs({ plan: plan(all, { ...stage, ...environmentChange }, planChange), catalog }).settings;
        assert.notEqual(hash({ namespace: "other" }), inputs.settings);
        assert.notEqual(hash({ clusters: [] }), inputs.settings);
        assert.notEqual(hash({}, { services: { cart: service("cart", { replicas: 2 }) } }), inputs.settings);
        assert.equal(hash({}, all.catalog, { request: { commit: "b".repeat(40), pins: {} } }), inputs.settings);
    });
});

describe("the dynamic provider", () => {
    const { provider } = require("../../components/dynamicProvider.js") as {
        provider(kind: string): { diff(id: string, olds: unknown, news: unknown): Promise<{ changes: boolean }> };
    };
    const all = settings();
    const stage = environment("stage", { promotesFrom: "dev" });
    const images = promotedImagesInputs({ plan: plan(all, stage), from: environment("dev"), deploy: all.delivery.deploy });
    const run = recordedRunInputs({ plan: plan(all, stage), catalog: all.catalog });
    const changes = async (kind: string, olds: object, news: object) => (await provider(kind).diff("id", olds, news)).changes;

    it("sees a change where a digest, the commit, the release or a pin changes, and none where its own text does", async () => {
        assert.equal(await changes("PromotedImages", { ...images, __provider: "old" }, { ...images, __provider: "new" }), false);
        assert.equal(await changes("PromotedImages", images, { ...images, images: { ...images.images, cart: checkout } }), true);
        assert.equal(await changes("PromotedImages", images, { ...images, commit: "b".repeat(40) }), true);
        assert.equal(await changes("PromotedImages", images, { ...images, release: "v1.4.0" }), true);
        assert.equal(await changes("PromotedImages", images, { ...images, pins: { cart: commit } }), true);
        assert.equal(await changes("PromotedImages", images, { ...images, images: { checkout, cart } }), false);
    });

    it("writes a run again for another set or other settings, not because it was asked for by another commit", async () => {
        const asked = recordedRunInputs({
            plan: plan(all, stage, { request: { commit: "b".repeat(40), pins: {} } }),
            catalog: all.catalog,
        });
        assert.notEqual(asked.run, run.run);
        assert.equal(await changes("RunRecord", run, asked), false);
        assert.equal(await changes("RunRecord", run, { ...run, set: "other" }), true);
        assert.equal(await changes("RunRecord", run, { ...run, settings: "other" }), true);
    });
});
