import type { Environment, Service, Settings } from "../../core/settings/model";

/** A service as settings give it, everything defaulted. */
export function service(name: string, more: Partial<Service> = {}): Service {
    return {
        name,
        kind: "service",
        image: {
            from: "source",
            repository: "acme/shop",
            path: `src/${name}`,
            dockerfile: "Dockerfile",
            args: {},
            alsoBuildFrom: [],
        },
        ports: [{ name: "grpc", port: 5050, target: 5050 }],
        probes: { readiness: { check: { grpc: { port: 5050 } } } },
        env: {},
        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "100m", memory: "64Mi" } },
        replicas: 1,
        volumes: [],
        init: [],
        annotations: {},
        terminationGracePeriodSeconds: 30,
        environments: {},
        ...more,
    };
}

export function environment(name: string, more: Partial<Environment> = {}): Environment {
    const tier = { dev: "develop", stage: "release-candidate", prod: "stable" }[name] ?? name;
    return {
        name,
        project: `acme-${name}`,
        region: "europe-west1",
        registry: `europe-west1-docker.pkg.dev/acme-${name}`,
        tier,
        namespace: `acme-shop-${name}`,
        clusters: [
            {
                name: `acme-shop-${name}`,
                region: "europe-west1",
                context: `gke_acme-${name}_europe-west1_acme-shop-${name}`,
                managed: true,
            },
        ],
        accepts: "commits",
        pins: {},
        ...more,
    };
}

/** Two services, three environments and a shared platform. */
export function settings(more: Partial<Settings> = {}): Settings {
    const environments = [
        environment("dev"),
        environment("stage", { promotesFrom: "dev" }),
        environment("prod", { promotesFrom: "stage" }),
    ];
    return {
        project: "acme-shop",
        stack: "platform",
        catalog: { services: { cart: service("cart"), checkout: service("checkout") } },
        delivery: {
            project: "acme-delivery",
            region: "europe-west1",
            deploy: "europe-west1-docker.pkg.dev/acme-delivery/deploy",
            operations: { repository: "acme/shop", branch: "main" },
        },
        environments,
        target: { kind: "platform", environments, shared: true },
        ...more,
    };
}
