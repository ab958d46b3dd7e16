import assert from "node:assert/strict";
import type { Plan } from "../../core/promotion/model";
import type { Service } from "../../core/settings/model";
import { ofType, record } from "./recorder";
import { service } from "./settings";

async function registered(one: Service): Promise<string[]> {
    const { Microservice } = await import("../../components/microservice");
    const context = {
        environment: "stage",
        namespace: "shop",
        cloudProject: "acme-stage",
        partOf: "acme-shop",
        services: { [one.name]: one },
        image: (imageName: string) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`,
    };
    const resources = await record(() => new Microservice("europe-west1-cart", { service: one, context }));
    for (const inputs of Object.values(ofType(resources, "kubernetes:batch/v1:Job"))) {
        const { annotations } = inputs.metadata as { annotations: Record<string, string> };
        assert.deepEqual(annotations, { "pulumi.com/replaceUnready": "true" });
    }
    return resources.map(({ type, name }) => `${type.split(":")[2]} ${name.replace("europe-west1-", "")}`);
}

describe("Microservice", () => {
    it("registers every object that is rendered, under names that stay: of a service with all that it can have", async () => {
        const job = { env: {}, timeoutSeconds: 60 };
        const full = service("cart", {
            files: { "/etc/cart": "x" },
            env: { PASSWORD: { secretManager: "cart-db", version: 1 } },
            volumes: [
                {
                    name: "tls",
                    mountPath: "/tls",
                    memory: false,
                    versions: { "tls.key": { secretManager: "tls-key", version: 1 } },
                },
            ],
            autoscale: { min: 2, max: 3, cpu: 80 },
            migrate: job,
            verify: job,
            expose: { type: "internal", name: "cart-external", ports: [{ name: "grpc", port: 5050, target: 5050 }] },
        });
        assert.deepEqual(await registered(full), [
            "Deployment cart",
            "HorizontalPodAutoscaler cart",
            "Job cart-migrate-c3326b70",
            "Job cart-verify",
            "ConfigMap cart-files-3b44ba8139",
            "Service cart",
            "Service cart-exposure",
            "ServiceAccount cart-account",
            "NetworkPolicy cart",
            "PodDisruptionBudget cart",
            "SecretSync cart-secret-sync-bf119026",
            "SecretProviderClass cart-folder-tls-908048db",
            "SecretProviderClass cart-secret-class-bf119026",
            "Microservice cart",
        ]);
    });

    it("of a stateful one, and of a cron", async () => {
        assert.deepEqual(await registered(service("cart", { kind: "stateful" })), [
            "StatefulSet cart",
            "Service cart",
            "Service cart-headless",
            "ServiceAccount cart-account",
            "NetworkPolicy cart",
            "Microservice cart",
        ]);
        assert.deepEqual(await registered(service("cart", { kind: "cron", schedule: { cron: "@daily" }, ports: [], probes: {} })), [
            "CronJob cart",
            "ServiceAccount cart-account",
            "NetworkPolicy cart",
            "Microservice cart",
        ]);
    });
});

describe("A migration", () => {
    it("is registered where it is due and where it has run, and nowhere else", async () => {
        const { Environment } = await import("../../components/environment");
        const { commit, plan } = await import("./plan");
        const { environment, settings } = await import("./settings");
        const job = { env: {}, timeoutSeconds: 60 };
        const services = {
            cart: service("cart", { migrate: job }),
            checkout: service("checkout", { migrate: job, after: ["cart"] }),
        };
        const all = settings({ catalog: { services } });
        const stage = environment("stage", { promotesFrom: "dev", commit });
        const migrations = async (jobs: Plan["migrations"]) => {
            const outcome = { plan: plan(all, stage, { migrations: jobs }), words: "…" };
            const resources = await record(
                () => new Environment("acme-shop", { settings: all, environment: stage, outcome }).registered,
            );
            return Object.keys(ofType(resources, "kubernetes:batch/v1:Job")).map((name) => name.replace(/-[0-9a-f]{8}$/, ""));
        };
        const [cartJob, checkoutJob] = ["europe-west1-cart-migrate", "europe-west1-checkout-migrate"];
        assert.deepEqual(await migrations({ due: ["cart", "checkout"], done: [] }), [cartJob, checkoutJob]);
        assert.deepEqual(await migrations({ due: ["checkout"], done: [] }), [checkoutJob]);
        assert.deepEqual(await migrations({ due: ["checkout"], done: ["cart"] }), [cartJob, checkoutJob]);
        assert.deepEqual(await migrations({ due: [], done: [] }), []);
    });
});
