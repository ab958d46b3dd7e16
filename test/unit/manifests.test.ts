import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { inEnvironment } from "../../core/manifests/overrides";
import { renderService, type RenderContext } from "../../core/manifests/workload";
import { canonicalJson } from "../../core/release/lock";
import type { Service } from "../../core/settings/model";
import { anyService } from "./manifestsAnyService";
import { restrictedViolations, type AnyPod } from "./manifestsRestricted";
import { podTemplates } from "./manifestsPods";
import { checkoutservice, frontend, loadgenerator, redisCart, services } from "./manifestsServices";

const commit = "3c2d91a4f0b7e5d6c8a9b0e1f2d3c4b5a6978870";
const stage: RenderContext = {
    environment: "stage",
    namespace: "shop",
    cloudProject: "acme-stage",
    partOf: "acme-shop",
    services,
    image: (imageName) => `registry.example/acme-stage/release-candidate/${imageName}@sha256:${"5".repeat(64)}`,
    commit: (service) => (service === "redis-cart" ? undefined : commit),
};
const prod: RenderContext = { ...stage, environment: "prod" };

describe("A service as Kubernetes objects", () => {
    for (const service of [checkoutservice, frontend, redisCart, loadgenerator]) {
        it(`is, for ${service.name} in stage, what stands in manifests/${service.name}.yaml`, () => {
            const expected = parseAllDocuments(readFileSync(join(__dirname, "manifests", `${service.name}.yaml`), "utf8"));
            assert.deepEqual(
                Object.values(renderService(service, stage)),
                expected.map((document) => document.toJS()),
            );
        });
    }

    it("has a role for each object, and only the roles that there are", () => {
        assert.deepEqual(Object.keys(renderService(loadgenerator, stage)), ["serviceAccount", "networkPolicy", "deployment"]);
        assert.deepEqual(Object.keys(renderService({ ...frontend, replicas: 2 }, stage)), [
            "serviceAccount",
            "networkPolicy",
            "deployment",
            "service",
            "exposure",
            "disruptionBudget",
        ]);
    });

    it("is the same bytes for the same service, and leaves the service as it was", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                const before = JSON.stringify(service);
                const bytes = JSON.stringify(renderService(service, prod));
                assert.equal(JSON.stringify(renderService(structuredClone(service), { ...prod })), bytes);
                assert.equal(JSON.stringify(service), before);
            }),
        );
    });

    it("holds no undefined field: what Pulumi diffs, YAML prints and JSON keeps is one value", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                const objects = renderService(service, prod);
                assert.deepEqual(JSON.parse(JSON.stringify(objects)), objects);
            }),
        );
    });

    it("puts a variable behind those that its value refers to, and by name what refers to none, wherever they stand in the file", () => {
        const env = {
            ADDRESS: "http://$(HOST)",
            HOST: "$(ZONE).example",
            ZONE: "b",
            COST: "$$(PRICE)",
            PRICE: "1",
            SELF: "$(SELF):$(NOWHERE)",
            PORT: "80",
        };
        const backwards = Object.fromEntries(Object.entries(env).reverse());
        for (const written of [env, backwards]) {
            const [container] = renderService({ ...checkoutservice, env: written }, stage).deployment!.spec.template.spec
                .containers;
            assert.deepEqual(
                container.env?.map(({ name }) => name),
                ["ZONE", "HOST", "ADDRESS", "COST", "PORT", "PRICE", "SELF"],
            );
        }
    });

    it("renders a catalog that a lock kept as it renders the file: the order of keys says nothing", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                const kept = JSON.parse(canonicalJson(service)) as Service;
                assert.deepEqual(renderService(kept, prod), renderService(service, prod));
            }),
        );
    });
});

describe("What restarts pods", () => {
    const template = (service: Service, context: RenderContext) => renderService(service, context).deployment!.spec.template;

    it("is not a commit whose image is the same: it stands on the Deployment, never on its pods", () => {
        const later: RenderContext = { ...stage, commit: () => "f".repeat(40) };
        assert.deepEqual(renderService(frontend, later).deployment!.metadata.annotations, { "oneflow.dev/commit": "f".repeat(40) });
        assert.equal(renderService(frontend, { ...stage, commit: undefined }).deployment!.metadata.annotations, undefined);
        const released: RenderContext = { ...later, commit: undefined, release: () => "v1.4.0" };
        assert.deepEqual(renderService(frontend, released).deployment!.metadata.annotations, { "oneflow.dev/release": "v1.4.0" });
        assert.deepEqual(template(frontend, released), template(frontend, stage));
        fc.assert(
            fc.property(anyService, (service) => {
                const [now, earlier] = [later, stage].map((context) => {
                    const { deployment, statefulSet, cronJob, ...others } = renderService(service, context);
                    return { specs: [deployment, statefulSet, cronJob].map((one) => one?.spec), others };
                });
                assert.deepEqual(now, earlier);
            }),
        );
    });

    it("is not a number of replicas", () => {
        assert.deepEqual(template({ ...frontend, replicas: 9 }, stage), template({ ...frontend, replicas: 1 }, stage));
    });

    it("is a digest, an environment variable or an annotation of the pods", () => {
        const now = template(frontend, stage);
        assert.notDeepEqual(template(frontend, { ...stage, image: () => `registry.example/x@sha256:${"6".repeat(64)}` }), now);
        assert.notDeepEqual(template({ ...frontend, env: { ...frontend.env, PORT: "8081" } }, stage), now);
        assert.notDeepEqual(template({ ...frontend, annotations: {} }, stage), now);
    });
});

describe("A service in an environment", () => {
    it("has the environment's replicas and, added to its own, the environment's variables", () => {
        const { deployment, disruptionBudget } = renderService(checkoutservice, prod);
        assert.equal(deployment!.spec.replicas, 3);
        assert.deepEqual(deployment!.spec.template.spec.containers[0].env?.slice(0, 4), [
            { name: "CART_SERVICE_ADDR", value: "cartservice:7070" },
            { name: "CURRENCY_SERVICE_ADDR", value: "currencyservice:7000" },
            { name: "EMAIL_SERVICE_ADDR", value: "emailservice.mail:5000" },
            { name: "ENABLE_PROFILER", value: "1" },
        ]);
        assert.deepEqual(disruptionBudget?.spec, {
            maxUnavailable: 1,
            unhealthyPodEvictionPolicy: "AlwaysAllow",
            selector: { matchLabels: { app: "checkoutservice" } },
        });
    });

    it("has the environment's resources and annotations in place of its own", () => {
        const large = { requests: { cpu: "2" }, limits: { memory: "4Gi" } };
        const service = { ...frontend, environments: { prod: { resources: large, annotations: { tier: "gold" } } } };
        const { resources, annotations } = inEnvironment(service, "prod");
        assert.deepEqual({ resources, annotations }, { resources: large, annotations: { tier: "gold" } });
    });

    it("is itself where nothing is said of the environment, and the same when asked twice", () => {
        assert.deepEqual(inEnvironment(checkoutservice, "stage"), checkoutservice);
        fc.assert(
            fc.property(anyService, (service) => {
                const once = inEnvironment(service, "prod");
                assert.deepEqual(inEnvironment(once, "prod"), once);
            }),
        );
    });
});

describe("What runs in a cluster", () => {
    it("meets the Pod Security Standard `restricted`, whatever the service", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                for (const { spec } of podTemplates(renderService(service, prod))) {
                    assert.deepEqual(restrictedViolations(spec), []);
                }
            }),
        );
    });

    it("would be found out if it did not: each weakening of a rendered pod is a violation", () => {
        const pod = renderService(loadgenerator, stage).deployment!.spec.template.spec;
        const [main] = pod.containers;
        const [init] = pod.initContainers ?? [];
        const secured = (context: object) => ({ ...main, securityContext: { ...main.securityContext, ...context } });
        const weakened: [AnyPod, string[]][] = [
            [{ ...pod, hostNetwork: true }, ["hostNetwork"]],
            [{ ...pod, volumes: [{ name: "root", hostPath: { path: "/" } }] }, ["volume of type hostPath"]],
            [
                { ...pod, securityContext: { ...pod.securityContext, runAsUser: 0 } },
                ["frontend-check", "loadgenerator"].map((name) => `runAsUser of ${name}`),
            ],
            [
                { ...pod, initContainers: [{ ...init, securityContext: undefined }] },
                ["allowPrivilegeEscalation of frontend-check", "capabilities.drop of frontend-check"],
            ],
            [{ ...pod, containers: [secured({ runAsNonRoot: false })] }, ["runAsNonRoot of loadgenerator"]],
            [{ ...pod, containers: [secured({ privileged: true })] }, ["privileged of loadgenerator"]],
            [
                { ...pod, containers: [secured({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } })] },
                ["capabilities.add of loadgenerator"],
            ],
            [{ ...pod, containers: [secured({ seccompProfile: { type: "Unconfined" } })] }, ["seccompProfile of loadgenerator"]],
        ];
        for (const [broken, violations] of weakened) {
            assert.deepEqual(restrictedViolations(broken), violations);
        }
    });

    it("has a read-only root, no token of the API, and what it may use is said of every container", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                const objects = renderService(service, prod);
                const { serviceAccount } = objects;
                const [{ spec }] = podTemplates(objects);
                assert.equal(serviceAccount.automountServiceAccountToken, false);
                assert.equal(spec.automountServiceAccountToken, false);
                assert.equal(spec.serviceAccountName, serviceAccount.metadata.name);
                const { resources } = inEnvironment(service, "prod");
                for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
                    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
                    assert.deepEqual(container.resources, resources);
                }
            }),
        );
    });

    it("is what the API takes: selectors find the pods, port numbers and names stand once, mounts have their volume", () => {
        fc.assert(
            fc.property(anyService, (service) => {
                const objects = renderService(service, prod);
                const { deployment, statefulSet, service: inside, files, exposure, disruptionBudget } = objects;
                const [{ metadata, spec }] = podTemplates(objects);
                const claims = statefulSet?.spec.volumeClaimTemplates ?? [];
                const selectors = [inside?.spec.selector, exposure?.spec.selector, disruptionBudget?.spec.selector.matchLabels];
                selectors.push((deployment ?? statefulSet)?.spec.selector.matchLabels);
                for (const selector of selectors.filter((one) => one !== undefined)) {
                    assert.deepEqual({ ...metadata.labels, ...selector }, metadata.labels);
                }
                const ports = spec.containers[0].ports ?? [];
                const names = ports.flatMap(({ name }) => name ?? []);
                assert.deepEqual(
                    new Set(ports.map(({ containerPort }) => containerPort)),
                    new Set([...service.ports, ...(service.expose?.ports ?? [])].map(({ target }) => target)),
                );
                assert.equal(new Set(ports.map(({ containerPort }) => containerPort)).size, ports.length);
                assert.equal(new Set(names).size, names.length);
                assert.deepEqual(
                    names.filter((name) => name.length > 15),
                    [],
                );
                assert.deepEqual(
                    new Set((spec.containers[0].volumeMounts ?? []).map(({ name }) => name)),
                    new Set([...(spec.volumes ?? []), ...claims.map((claim) => claim.metadata)].map(({ name }) => name)),
                );
                assert.deepEqual(
                    spec.volumes?.flatMap(({ configMap }) => configMap?.name ?? []) ?? [],
                    files ? [files.metadata.name] : [],
                );
                for (const { subPath } of spec.containers[0].volumeMounts ?? []) {
                    assert.ok(subPath === undefined || files?.data[subPath] !== undefined, `${subPath} is no key of the ConfigMap`);
                }
                const sleep = spec.containers[0].lifecycle?.preStop.sleep.seconds ?? 0;
                assert.ok(sleep <= service.terminationGracePeriodSeconds / 3, `sleeps ${sleep} s`);
                assert.ok(!deployment || deployment.spec.progressDeadlineSeconds > deployment.spec.minReadySeconds);
            }),
        );
    });
});

describe("A rollout", () => {
    const slow: Service = {
        ...checkoutservice,
        probes: { startup: { check: { grpc: { port: 5050 } }, initialDelaySeconds: 7, periodSeconds: 20, failureThreshold: 30 } },
    };

    it("has as much more time as the startup probe allows the process", () => {
        // 300 s for node, pull and init; 7 + 30 × 20 s for the start; 5 s to stay up, since there is no readiness probe.
        assert.equal(renderService(slow, stage).deployment!.spec.progressDeadlineSeconds, 912);
    });

    it("believes a pod without a readiness probe only after it stayed up for a while", () => {
        assert.equal(renderService(slow, stage).deployment!.spec.minReadySeconds, 5);
        assert.equal(renderService(checkoutservice, stage).deployment!.spec.minReadySeconds, 0);
    });

    it("lets requests run out before a pod is told to stop, within its grace period", () => {
        const preStop = (service: Service) => renderService(service, stage).deployment!.spec.template.spec.containers[0].lifecycle;
        assert.deepEqual(preStop(checkoutservice), { preStop: { sleep: { seconds: 5 } } });
        assert.deepEqual(preStop({ ...checkoutservice, terminationGracePeriodSeconds: 5 }), { preStop: { sleep: { seconds: 1 } } });
        assert.equal(preStop({ ...checkoutservice, terminationGracePeriodSeconds: 0 }), undefined);
        assert.deepEqual(preStop({ ...frontend, ports: [] }), { preStop: { sleep: { seconds: 5 } } });
        assert.equal(preStop(loadgenerator), undefined);
    });
});

describe("Ports and volumes", () => {
    const container = (service: Service) => renderService(service, stage).deployment!.spec.template.spec.containers[0];

    it("list a container port once, with a name where it is short enough to be one", () => {
        const ports = [
            { name: "grpc", port: 443, target: 8443 },
            { name: "grpc-again", port: 8443, target: 8443 },
            { name: "prometheus-metrics", port: 9090, target: 9090 },
        ];
        const rendered = renderService({ ...checkoutservice, ports }, stage);
        assert.deepEqual(rendered.deployment!.spec.template.spec.containers[0].ports, [
            { name: "grpc", containerPort: 8443, protocol: "TCP" },
            { containerPort: 9090, protocol: "TCP" },
        ]);
        assert.deepEqual(rendered.service?.spec.ports, [
            { name: "grpc", port: 443, targetPort: 8443, protocol: "TCP" },
            { name: "grpc-again", port: 8443, targetPort: 8443, protocol: "TCP" },
            { name: "prometheus-metrics", port: 9090, targetPort: 9090, protocol: "TCP" },
        ]);
    });

    it("open what only the exposing Service reaches, without using a name twice", () => {
        const expose = { ...frontend.expose!, ports: [{ name: "http", port: 443, target: 8443 }] };
        assert.deepEqual(container({ ...frontend, expose }).ports, [
            { name: "http", containerPort: 8080, protocol: "TCP" },
            { containerPort: 8443, protocol: "TCP" },
        ]);
    });

    it("give a folder in memory and its bound, to init containers too", () => {
        const volumes = [{ name: "cache", mountPath: "/cache", sizeLimit: "64Mi", memory: true }];
        const { spec } = renderService({ ...loadgenerator, volumes }, stage).deployment!.spec.template;
        assert.deepEqual(spec.volumes, [{ name: "cache", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } }]);
        assert.deepEqual(spec.containers[0].volumeMounts, [{ name: "cache", mountPath: "/cache" }]);
        assert.deepEqual(spec.initContainers?.[0].volumeMounts, [{ name: "cache", mountPath: "/cache" }]);
    });

    it("are checked by a command, or with headers by name, where the service says so", () => {
        const probes: Service["probes"] = {
            liveness: { check: { exec: ["/bin/alive", "--now"] }, timeoutSeconds: 2, failureThreshold: 5 },
            startup: { check: { http: { port: 8080, path: "/up", headers: { "X-Probe": "1", Host: "shop.example" } } } },
        };
        const { livenessProbe, startupProbe } = container({ ...checkoutservice, probes });
        assert.deepEqual(livenessProbe, { exec: { command: ["/bin/alive", "--now"] }, timeoutSeconds: 2, failureThreshold: 5 });
        assert.deepEqual(startupProbe?.httpGet, {
            path: "/up",
            port: 8080,
            httpHeaders: [
                { name: "Host", value: "shop.example" },
                { name: "X-Probe", value: "1" },
            ],
        });
    });
});
