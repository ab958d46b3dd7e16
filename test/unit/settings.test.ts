import assert from "node:assert/strict";
import { join } from "node:path";
import { Refusal } from "../../core/refusal";
import { loadSettings, readSettings } from "../../core/settings/load";
import type { Environment, Settings } from "../../core/settings/model";
import { catalog, environmentFile, platformFile, problemsOf, read, redis, sha, valid, withFiles } from "./settingsFixture";

const root = join(__dirname, "../..");

const target = (settings: Settings): Environment => {
    assert.equal(settings.target.kind, "environment");
    return settings.target.kind === "environment" ? settings.target.environment : assert.fail();
};

describe("Settings", () => {
    it("fills in what an environment's file leaves out", () => {
        assert.deepEqual(target(read({})), {
            name: "stage",
            project: "acme-stage",
            region: "europe-west1",
            promotesFrom: "dev",
            registry: "europe-west1-docker.pkg.dev/acme-stage",
            tier: "release-candidate",
            namespace: "shop-stage",
            clusters: [
                { name: "shop-stage", region: "europe-west1", context: "gke_acme-stage_europe-west1_shop-stage", managed: true },
            ],
            accepts: "commits",
            pins: {},
        });
    });

    it("takes what an environment's file says over what follows from its place", () => {
        const { registry, tier, namespace, clusters } = target(
            read({
                "Pulumi.stage.yaml": environmentFile("stage", {
                    "shop:environment": {
                        promotesFrom: "dev",
                        registry: "127.0.0.1:5000/acme-stage",
                        tier: "tested",
                        namespace: "shop",
                        clusters: [{ context: "kind-laptop" }, { region: "us-east1", name: "east" }],
                    },
                }),
            }),
        );
        assert.deepEqual([registry, tier, namespace], ["127.0.0.1:5000/acme-stage", "tested", "shop"]);
        assert.deepEqual(clusters, [
            { name: "shop-stage", region: "europe-west1", context: "kind-laptop", managed: false },
            { name: "east", region: "us-east1", context: "gke_acme-stage_us-east1_east", managed: true },
        ]);
    });

    it("reads a soak in seconds, and a freeze as it stands, in UTC unless it says otherwise", () => {
        const { soakSeconds, freeze } = target(
            read({
                "Pulumi.stage.yaml": environmentFile("stage", {
                    "shop:environment": {
                        promotesFrom: "dev",
                        soak: "30m",
                        freeze: [
                            { from: "Fri 16:00", to: "Mon 08:00", timezone: "Europe/Berlin" },
                            { from: "2026-12-24 12:00", to: "2027-01-04 08:00" },
                        ],
                    },
                }),
            }),
        );
        assert.equal(soakSeconds, 1800);
        assert.deepEqual(freeze, [
            { from: "Fri 16:00", to: "Mon 08:00", timezone: "Europe/Berlin" },
            { from: "2026-12-24 12:00", to: "2027-01-04 08:00", timezone: "UTC" },
        ]);
    });

    it("orders environments by promotion, whatever order the platform lists them in, and names tiers by place", () => {
        const chain: [string, string | undefined][] = [
            ["prod", "stage"],
            ["stage", "qa"],
            ["qa", "test"],
            ["test", "dev"],
            ["dev", undefined],
        ];
        const { environments } = read({
            "Pulumi.platform.yaml": platformFile({ environments: chain.map(([name]) => name) }),
            ...Object.fromEntries(
                chain.map(([name, promotesFrom]) => [
                    `Pulumi.${name}.yaml`,
                    environmentFile(name, promotesFrom ? { "shop:environment": { promotesFrom } } : {}),
                ]),
            ),
        });
        assert.deepEqual(
            environments.map(({ name, tier }) => [name, tier]),
            [
                ["dev", "develop"],
                ["test", "candidate-test"],
                ["qa", "candidate-qa"],
                ["stage", "release-candidate"],
                ["prod", "stable"],
            ],
        );
    });

    it("names the only environment's tier develop, and the last of two stable", () => {
        const tiers = (environments: string[], files: object) =>
            read({ "Pulumi.platform.yaml": platformFile({ environments }), ...files }, environments[0]).environments.map(
                ({ tier }) => tier,
            );
        assert.deepEqual(tiers(["dev"], {}), ["develop"]);
        const prod = environmentFile("prod", { "shop:environment": { promotesFrom: "dev" } });
        assert.deepEqual(tiers(["dev", "prod"], { "Pulumi.prod.yaml": prod }), ["develop", "stable"]);
    });

    it("lets one environment lead to two last ones", () => {
        const { environments } = read({
            "Pulumi.platform.yaml": platformFile({ environments: ["dev", "stage", "prod", "prod-us"] }),
            "Pulumi.prod-us.yaml": environmentFile("prod-us", { "shop:environment": { promotesFrom: "stage" } }),
        });
        assert.deepEqual(
            environments.map(({ name, tier, registry }) => `${name}: ${registry}/${tier}`),
            [
                "dev: europe-west1-docker.pkg.dev/acme-dev/develop",
                "stage: europe-west1-docker.pkg.dev/acme-stage/release-candidate",
                "prod: europe-west1-docker.pkg.dev/acme-prod/stable",
                "prod-us: europe-west1-docker.pkg.dev/acme-prod-us/stable",
            ],
        );
    });

    it("gives a platform stack the environments that it lists, and every stack what the shared platform says", () => {
        const files = {
            "Pulumi.platform.yaml": platformFile({ environments: ["dev", "stage"] }),
            "Pulumi.platform-prod.yaml": { config: { "shop:platform": { environments: ["prod"], shared: false } } },
        };
        const delivery = {
            project: "acme-delivery",
            region: "europe-west1",
            deploy: "europe-west1-docker.pkg.dev/acme-delivery/deploy",
            operations: { repository: "acme/shop", branch: "main" },
        };
        const described = ["platform", "platform-prod", "prod"].map((stack) => {
            const settings = read(files, stack);
            assert.deepEqual(settings.delivery, delivery);
            return settings.target.kind === "platform"
                ? [settings.target.shared, ...settings.target.environments.map(({ name }) => name)]
                : settings.target.environment.name;
        });
        assert.deepEqual(described, [[true, "dev", "stage"], [false, "prod"], "prod"]);
    });

    it("says how workflow files are delivered, who releases and who reviews only where that is not the default", () => {
        const files = {
            "Pulumi.platform.yaml": platformFile({
                ...{ environments: ["dev", "stage", "prod"], workflowFiles: "direct", releasers: ["acme/releasers"] },
            }),
            "Pulumi.prod.yaml": environmentFile("prod", {
                "shop:environment": { promotesFrom: "stage", reviewers: ["acme/managers"] },
            }),
        };
        const { delivery, environments } = read(files);
        assert.deepEqual([delivery.workflowFiles, delivery.releasers], ["direct", ["acme/releasers"]]);
        assert.deepEqual(
            environments.map(({ reviewers }) => reviewers),
            [undefined, undefined, ["acme/managers"]],
        );
        const asDefault = platformFile({ environments: ["dev", "stage", "prod"], workflowFiles: "pullRequest" });
        assert.deepEqual(read({ "Pulumi.platform.yaml": asDefault }).delivery, read({}).delivery);
    });

    it("lets the platform name another deploy registry", () => {
        const platform = platformFile({ environments: ["dev", "stage", "prod"], deploy: "127.0.0.1:5000/acme-delivery/deploy" });
        assert.equal(read({ "Pulumi.platform.yaml": platform }).delivery.deploy, "127.0.0.1:5000/acme-delivery/deploy");
    });

    it("reads the same from Pulumi's config as from the stack's file", () => {
        const stage = environmentFile("stage", {
            "shop:commit": sha,
            "shop:pins": { cart: sha },
            "shop:environment": { promotesFrom: "dev" },
        });
        withFiles({ "Pulumi.stage.yaml": stage }, (directory) => {
            const config = {
                "gcp:project": "acme-stage",
                "gcp:region": "europe-west1",
                "shop:commit": sha,
                "shop:pins": JSON.stringify({ cart: sha }),
                "shop:environment": JSON.stringify({ promotesFrom: "dev" }),
                "shop:platform": "{}",
            };
            assert.deepEqual(loadSettings({ directory, stack: "stage", config }), readSettings({ directory, stack: "stage" }));
        });
    });

    it("believes Pulumi's config over the stack's file", () => {
        withFiles({ "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": "latest" }) }, (directory) => {
            const config = { "gcp:project": "acme-dev", "gcp:region": "europe-west1", "shop:commit": sha };
            assert.equal(target(loadSettings({ directory, stack: "dev", config })).commit, sha);
        });
    });

    it("treats empty values as unset, and takes the project's defaults where a file says nothing", () => {
        const project = {
            ...(valid["Pulumi.yaml"] as object),
            config: { commit: { type: "string", default: "" }, "gcp:region": { value: "us-east1" } },
        };
        const stage = {
            "gcp:project": "acme-stage",
            "shop:environment": { promotesFrom: "dev" },
            "shop:commit": "",
            "shop:pins": null,
        };
        const { commit, pins, region } = target(read({ "Pulumi.yaml": project, "Pulumi.stage.yaml": { config: stage } }));
        assert.deepEqual([commit, pins, region], [undefined, {}, "us-east1"]);
    });

    it("keeps a commit of digits only as the text that it is", () => {
        const digits = "1234567890".repeat(4);
        const text = `config:\n  gcp:project: acme-stage\n  gcp:region: europe-west1\n  shop:commit: ${digits}\n  shop:environment: { promotesFrom: dev }\n`;
        assert.equal(target(read({ "Pulumi.stage.yaml": text })).commit, digits);
    });

    it("is not refused for a wrong commit in another environment, which is that one's business", () => {
        assert.deepEqual(problemsOf({ "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": "main" }) }), []);
    });

    it("leaves stacks alone that no platform lists", () => {
        assert.deepEqual(problemsOf({ "Pulumi.scratch.yaml": { config: { "other:key": "x" } } }), []);
    });

    it("cannot be changed by who reads it", () => {
        const settings = read({});
        assert.throws(() => {
            (settings.catalog.services.cart as { replicas: number }).replicas = 9;
        }, TypeError);
    });

    it("tells its report as one refusal that says that nothing was changed", () => {
        assert.throws(
            () =>
                read({
                    "Pulumi.stage.yaml": environmentFile("stage", {
                        "shop:commit": "main",
                        "shop:environment": { promotesFrom: "dev" },
                    }),
                }),
            (error: unknown) =>
                error instanceof Refusal &&
                error.message ===
                    [
                        "Configuration of stage refused, nothing was changed:",
                        "  Pulumi.stage.yaml: shop:commit",
                        '      "main" is no commit, but perhaps a branch, and a branch moves; expected a full commit SHA: 40 lower-case hex digits',
                        '      → pulumi config set commit "$(git rev-parse main)" -s stage',
                    ].join("\n"),
        );
    });
});

describe("The acme example", () => {
    it("is accepted for every one of its stacks", () => {
        const kinds = ["platform", "dev", "stage", "prod"].map((stack) => readSettings({ directory: root, stack }).target.kind);
        assert.deepEqual(kinds, ["platform", "environment", "environment", "environment"]);
    });

    it("is Online Boutique: eleven services from source, redis, and a load generator that waits for the shop", () => {
        const { services } = readSettings({ directory: root, stack: "dev" }).catalog;
        const built = Object.values(services).flatMap(({ name, image }) =>
            image.from === "source" ? [`${name} ${image.path}`] : [],
        );
        assert.deepEqual(built.sort(), [
            "adservice src/adservice",
            "cartservice src/cartservice/src",
            "checkoutservice src/checkoutservice",
            "currencyservice src/currencyservice",
            "emailservice src/emailservice",
            "frontend src/frontend",
            "loadgenerator src/loadgenerator",
            "paymentservice src/paymentservice",
            "productcatalogservice src/productcatalogservice",
            "recommendationservice src/recommendationservice",
            "shippingservice src/shippingservice",
        ]);
        assert.equal(services["redis-cart"].image.from === "thirdParty" && services["redis-cart"].image.source, redis);
        assert.deepEqual(services.emailservice.ports, [{ name: "grpc", port: 5000, target: 8080 }]);
        assert.deepEqual(services.adservice.probes, {
            readiness: { check: { grpc: { port: 9555 } }, initialDelaySeconds: 20, periodSeconds: 15 },
            liveness: { check: { grpc: { port: 9555 } }, initialDelaySeconds: 20, periodSeconds: 15 },
        });
        assert.deepEqual(services.frontend.expose, {
            type: "loadBalancer",
            name: "frontend-external",
            ports: [{ name: "http", port: 80, target: 8080 }],
        });
        assert.deepEqual(
            services.loadgenerator.init.map(({ name, image }) => [name, image.source]),
            [["frontend-check", "busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d"]],
        );
        assert.ok(Object.values(services).every(({ user, replicas }) => user === 1000 && replicas === 1));
    });
});

describe("A service of services.yaml", () => {
    const service = (entry: object, defaults?: object) => read(catalog({ cart: entry }, defaults)).catalog.services.cart;

    it("has the defaults that nothing else is said about", () => {
        assert.deepEqual(service({ source: "src/cart", port: 7070 }), {
            name: "cart",
            kind: "service",
            image: {
                from: "source",
                repository: "acme/shop",
                path: "src/cart",
                dockerfile: "Dockerfile",
                args: {},
                alsoBuildFrom: [],
            },
            ports: [{ name: "tcp", port: 7070, target: 7070 }],
            probes: {},
            env: {},
            resources: { requests: {}, limits: {} },
            replicas: 1,
            volumes: [],
            init: [],
            annotations: {},
            terminationGracePeriodSeconds: 30,
            environments: {},
        });
    });

    it("says each thing once and precisely where it differs", () => {
        const entry = {
            source: {
                repository: "acme/cart",
                path: ".",
                dockerfile: "docker/Dockerfile",
                args: { VARIANT: "slim" },
                alsoBuildFrom: ["protos"],
            },
            ports: { http: { port: 80, target: 8080 }, metrics: 9090 },
            health: {
                startup: "tcp",
                readiness: { http: "/ready", port: "metrics", timeout: "2s", failureThreshold: 5 },
                liveness: { exec: ["/alive"] },
            },
            env: { A: "1" },
            resources: { cpu: "100m", memory: "64Mi", limits: { cpu: "1" } },
            replicas: 2,
            volumes: { data: { mount: "/data", sizeLimit: "1Gi" }, scratch: { mount: "/scratch", memory: true } },
            expose: { type: "loadBalancer", name: "cart-public", ports: { http: 443 } },
            command: ["/cart"],
            args: ["--fast"],
            annotations: { "acme.example/team": "cart" },
            terminationGracePeriod: "1m",
            user: 2000,
            environments: {
                prod: { replicas: 3, resources: { cpu: "200m" }, env: { B: "2" }, annotations: { "acme.example/tier": "1" } },
            },
        };
        const { probes, ...rest } = service({ ...entry, health: { ...entry.health, startup: { tcp: 8080 } } });
        assert.deepEqual(probes, {
            startup: { check: { tcp: { port: 8080 } } },
            readiness: { check: { http: { port: 9090, path: "/ready", headers: {} } }, timeoutSeconds: 2, failureThreshold: 5 },
            liveness: { check: { exec: ["/alive"] } },
        });
        assert.deepEqual(rest, {
            name: "cart",
            kind: "service",
            image: {
                from: "source",
                repository: "acme/cart",
                path: ".",
                dockerfile: "docker/Dockerfile",
                args: { VARIANT: "slim" },
                alsoBuildFrom: ["protos"],
            },
            ports: [
                { name: "http", port: 80, target: 8080 },
                { name: "metrics", port: 9090, target: 9090 },
            ],
            command: ["/cart"],
            args: ["--fast"],
            env: { A: "1" },
            resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "64Mi" } },
            replicas: 2,
            volumes: [
                { name: "data", mountPath: "/data", sizeLimit: "1Gi", memory: false },
                { name: "scratch", mountPath: "/scratch", memory: true },
            ],
            init: [],
            expose: { type: "loadBalancer", name: "cart-public", ports: [{ name: "http", port: 443, target: 8080 }] },
            annotations: { "acme.example/team": "cart" },
            terminationGracePeriodSeconds: 60,
            user: 2000,
            environments: {
                prod: {
                    replicas: 3,
                    resources: { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
                    env: { B: "2" },
                    annotations: { "acme.example/team": "cart", "acme.example/tier": "1" },
                },
            },
        });
    });

    it("takes from the defaults what it does not say", () => {
        const { resources, user, annotations } = service(
            { source: "src/cart", port: 1, resources: { memory: "1Gi" }, annotations: { b: "2" } },
            {
                repository: "acme/shop",
                user: 1000,
                annotations: { a: "1" },
                resources: { cpu: "100m", memory: "64Mi", limits: { cpu: "2" } },
            },
        );
        assert.deepEqual(resources, { requests: { cpu: "100m", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } });
        assert.deepEqual([user, annotations], [1000, { a: "1", b: "2" }]);
    });

    it("names its only port after the protocol of its health check", () => {
        const name = (health?: unknown) =>
            service({ source: "src/cart", port: 80, ...(health === undefined ? {} : { health }) }).ports[0].name;
        assert.deepEqual(
            [name(), name("grpc"), name("/healthz"), name("tcp"), name({ readiness: { http: "/" } }), name({ exec: ["/ok"] })],
            ["tcp", "grpc", "http", "tcp", "http", "tcp"],
        );
    });

    it("checks readiness and liveness alike in the simple forms, and never startup", () => {
        const check = { http: { port: 80, path: "/healthz", headers: {} } };
        assert.deepEqual(service({ source: "src/cart", port: 80, health: "/healthz" }).probes, {
            readiness: { check },
            liveness: { check },
        });
        assert.deepEqual(service({ source: "src/cart", port: 80, health: { exec: ["/ok"] } }).probes, {
            readiness: { check: { exec: ["/ok"] } },
            liveness: { check: { exec: ["/ok"] } },
        });
    });

    it("checks the port of its name where it has several", () => {
        const { probes } = service({ source: "src/cart", ports: { http: 80, grpc: { port: 81, target: 9000 } }, health: "grpc" });
        assert.deepEqual(probes.readiness, { check: { grpc: { port: 9000 } } });
    });

    it("may be a worker without a port, or a third party's image", () => {
        const { kind, ports } = service({ source: "src/cart", kind: "worker", health: { exec: ["/ok"] } });
        assert.deepEqual([kind, ports], ["worker", []]);
        assert.deepEqual(service({ image: redis, port: 6379 }).image, {
            from: "thirdParty",
            source: redis,
            digest: "sha256:becdda6c7f4b3fb42e42fd7f120bbf5c54c4caaaf16f26da24e4563d2c1f0576",
        });
    });

    it("may be a cron, whose schedule has a time zone where it is given", () => {
        const schedule = (value: unknown) => service({ source: "src/cart", kind: "cron", schedule: value }).schedule;
        assert.deepEqual(schedule("*/5 8-18 * * mon-fri"), { cron: "*/5 8-18 * * mon-fri" });
        assert.deepEqual(schedule({ cron: "@daily", timezone: "Europe/Berlin" }), { cron: "@daily", timezone: "Europe/Berlin" });
    });

    it("may share a folder with another where Dockerfile or build arguments differ", () => {
        const services = {
            a: { source: { path: "src", args: { APP: "a" } }, port: 1 },
            b: { source: { path: "src", args: { APP: "b" } }, port: 1 },
            c: { source: { path: "src", dockerfile: "c/Dockerfile" }, port: 1 },
            d: { source: { path: "src", repository: "acme/other" }, port: 1 },
        };
        assert.equal(Object.keys(read(catalog(services)).catalog.services).length, 4);
    });
});
