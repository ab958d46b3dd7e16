import assert from "node:assert/strict";
import type { BroughtObject } from "../../core/settings/model";
import { ofType, record, type Registered } from "./recorder";
import { service, settings, environment } from "./settings";

const template = { metadata: { labels: { app: "billing" } }, spec: { containers: [{ name: "server", image: "billing" }] } };
const object = (apiVersion: string, kind: string, name: string, more: object = {}): BroughtObject => ({
    apiVersion,
    kind,
    metadata: { name },
    ...more,
});
const pods = (apiVersion: string, kind: string, name: string) => object(apiVersion, kind, name, { spec: { template } });

/** Of every kind one named as the service and one that is not, the last needed first. */
const objects = [
    object("gateway.networking.k8s.io/v1", "HTTPRoute", "billing"),
    object("autoscaling/v2", "HorizontalPodAutoscaler", "billing"),
    object("batch/v1", "Job", "once", { spec: { template, activeDeadlineSeconds: 30 } }),
    object("batch/v1", "CronJob", "nightly", { spec: { jobTemplate: { spec: { template } } } }),
    pods("apps/v1", "StatefulSet", "store"),
    pods("apps/v1", "Deployment", "billing"),
    pods("apps/v1", "Deployment", "worker"),
    object("v1", "Service", "billing"),
    object("v1", "Service", "outside", { spec: { type: "LoadBalancer" } }),
    object("v1", "ConfigMap", "billing"),
    object("networking.k8s.io/v1", "NetworkPolicy", "more"),
    object("v1", "ServiceAccount", "billing"),
    object("v1", "ServiceAccount", "worker"),
];
const billing = service("billing", { manifests: { folder: "k8s", objects, images: {}, open: [] } });

describe("BroughtService", () => {
    let resources: Registered[];
    let make: (images?: Record<string, string>) => Promise<Registered[]>;
    const image = `registry.example/billing@sha256:${"5".repeat(64)}`;
    const labels = {
        "app.kubernetes.io/name": "billing",
        "app.kubernetes.io/instance": "stage",
        "app.kubernetes.io/part-of": "acme-shop",
    };

    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        const { BroughtService } = await import("../../components/broughtService");
        const context = {
            environment: "stage",
            cloudProject: "acme-stage",
            namespace: "shop",
            partOf: "acme-shop",
            services: { billing },
            image: (imageName: string) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`,
        };
        make = (images) => record(() => new BroughtService("europe-west1-billing", { service: billing as never, context, images }));
        resources = await make();
    });

    it("runs what was built from the working copy, where that is known only later", async () => {
        const built = `registry.example/billing@sha256:${"6".repeat(64)}`;
        const jobs = ofType(await make({ [image]: built }), "kubernetes:batch/v1:Job");
        assert.deepEqual(jobs["europe-west1-billing-job-once"].spec, {
            activeDeadlineSeconds: 30,
            template: {
                metadata: { labels: { app: "billing", ...labels } },
                spec: { containers: [{ name: "server", image: built }] },
            },
        });
    });

    it("registers each object under a name that stays, the one that a described service's object of that name has", () => {
        assert.deepEqual(
            resources.map(({ type, name }) => `${type} ${name}`),
            [
                "kubernetes:apps/v1:Deployment europe-west1-billing",
                "kubernetes:apps/v1:Deployment europe-west1-billing-deployment-worker",
                "kubernetes:apps/v1:StatefulSet europe-west1-billing-statefulset-store",
                "kubernetes:autoscaling/v2:HorizontalPodAutoscaler europe-west1-billing",
                "kubernetes:batch/v1:CronJob europe-west1-billing-cronjob-nightly",
                "kubernetes:batch/v1:Job europe-west1-billing-job-once",
                "kubernetes:core/v1:ConfigMap europe-west1-billing-configmap-billing",
                "kubernetes:core/v1:Service europe-west1-billing",
                "kubernetes:core/v1:Service europe-west1-billing-service-outside",
                "kubernetes:core/v1:ServiceAccount europe-west1-billing-account",
                "kubernetes:core/v1:ServiceAccount europe-west1-billing-serviceaccount-worker",
                "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute europe-west1-billing-httproute-billing",
                "kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-billing",
                "kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-billing-networkpolicy-more",
                "oneflow:index:Microservice europe-west1-billing",
            ],
        );
    });

    it("asks for the objects as they are rendered, and tells Pulumi only what to wait for", () => {
        assert.deepEqual(ofType(resources, "kubernetes:apps/v1:Deployment")["europe-west1-billing"], {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "billing", namespace: "shop", labels: { ...labels, "app.kubernetes.io/managed-by": "oneflow" } },
            spec: {
                template: {
                    metadata: { labels: { app: "billing", ...labels } },
                    spec: { containers: [{ name: "server", image }] },
                },
            },
        });
        const said = resources.flatMap(({ name, inputs }) => {
            const { annotations } = (inputs.metadata ?? {}) as { annotations?: object };
            return annotations ? [[name, annotations]] : [];
        });
        assert.deepEqual(said, [
            ["europe-west1-billing-job-once", { "pulumi.com/replaceUnready": "true" }],
            ["europe-west1-billing", { "pulumi.com/skipAwait": "true" }],
        ]);
    });
});

describe("An environment with a service that brings its manifests", () => {
    it("deploys it beside the others, pinned to digests in the own tier", async () => {
        const { Environment } = await import("../../components/environment");
        const { cart, commit, plan } = await import("./plan");
        const services = { billing, cart: service("cart", { after: ["billing"] }) };
        const all = settings({ catalog: { services } });
        const stage = environment("stage", { promotesFrom: "dev", commit });
        const images = {
            billing: { commit, digest: cart, ref: commit, pinned: false },
            cart: { commit, digest: cart, ref: commit, pinned: false },
        };
        const outcome = { plan: plan(all, stage, { images, pending: [] }), words: "…" };
        const resources = await record(() => new Environment("shop", { settings: all, environment: stage, outcome }).registered);
        const deployments = ofType(resources, "kubernetes:apps/v1:Deployment");
        assert.deepEqual(Object.keys(deployments), [
            "europe-west1-billing",
            "europe-west1-billing-deployment-worker",
            "europe-west1-cart",
        ]);
        assert.match(
            JSON.stringify(deployments["europe-west1-billing"]),
            new RegExp(`"image":"[^"]*/acme-stage/release-candidate/billing@${cart}"`),
        );
    });
});
