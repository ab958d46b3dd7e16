import assert from "node:assert/strict";
import { renderService } from "../../core/manifests/workload";
import type { Service } from "../../core/settings/model";
import { checkoutservice, frontend, loadgenerator, redisCart, services } from "./manifestsServices";

// Facts of kubernetes-manifests/ in GoogleCloudPlatform/microservices-demo at 34ffea9: all that those Deployments and Services say,
// but for environment variables, whose values the files in manifests/ hold.
const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
};
const user1000 = { fsGroup: 1000, runAsGroup: 1000, runAsNonRoot: true, runAsUser: 1000 };

const upstreamCheckoutservice = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "checkoutservice", labels: { app: "checkoutservice" } },
    spec: {
        selector: { matchLabels: { app: "checkoutservice" } },
        template: {
            metadata: { labels: { app: "checkoutservice" } },
            spec: {
                serviceAccountName: "checkoutservice",
                securityContext: user1000,
                containers: [
                    {
                        name: "server",
                        securityContext,
                        image: "checkoutservice",
                        ports: [{ containerPort: 5050 }],
                        readinessProbe: { grpc: { port: 5050 } },
                        livenessProbe: { grpc: { port: 5050 } },
                        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } },
                    },
                ],
            },
        },
    },
};
const upstreamRedisCart = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "redis-cart", labels: { app: "redis-cart" } },
    spec: {
        selector: { matchLabels: { app: "redis-cart" } },
        template: {
            metadata: { labels: { app: "redis-cart" } },
            spec: {
                securityContext: user1000,
                containers: [
                    {
                        name: "redis",
                        securityContext,
                        image: "redis:alpine",
                        ports: [{ containerPort: 6379 }],
                        readinessProbe: { periodSeconds: 5, tcpSocket: { port: 6379 } },
                        livenessProbe: { periodSeconds: 5, tcpSocket: { port: 6379 } },
                        volumeMounts: [{ mountPath: "/data", name: "redis-data" }],
                        resources: { limits: { memory: "256Mi", cpu: "125m" }, requests: { cpu: "70m", memory: "200Mi" } },
                    },
                ],
                volumes: [{ name: "redis-data", emptyDir: {} }],
            },
        },
    },
};
const upstreamLoadgenerator = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "loadgenerator", labels: { app: "loadgenerator" } },
    spec: {
        selector: { matchLabels: { app: "loadgenerator" } },
        replicas: 1,
        template: {
            metadata: { labels: { app: "loadgenerator" }, annotations: { "sidecar.istio.io/rewriteAppHTTPProbers": "true" } },
            spec: {
                serviceAccountName: "loadgenerator",
                terminationGracePeriodSeconds: 5,
                restartPolicy: "Always",
                securityContext: user1000,
                initContainers: [{ name: "frontend-check", securityContext, image: "busybox:1.38.0" }],
                containers: [
                    {
                        name: "main",
                        securityContext,
                        image: "loadgenerator",
                        resources: { requests: { cpu: "300m", memory: "256Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
                    },
                ],
            },
        },
    },
};
const upstreamExternal = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "frontend-external", labels: { app: "frontend" } },
    spec: { type: "LoadBalancer", selector: { app: "frontend" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
};

/** Every field in which a rendering differs from the upstream manifest, and why. */
const changed: Record<string, string> = {
    "spec.template.spec.containers[0].name": "one rule for all services, upstream has three: a container is named as its service",
    "spec.template.spec.containers[0].image": "pinned by digest, from the environment's own registry tier",
    "spec.template.spec.initContainers[0].image": "third-party images come from the environment's own registry tier too",
};
const added: Record<string, string> = {
    "metadata.namespace": "the environment's namespace is explicit, not the context's",
    "metadata.annotations": "the commit that the image was built from",
    "metadata.labels.app.kubernetes.io/name": "recommended labels",
    "metadata.labels.app.kubernetes.io/instance": "recommended labels",
    "metadata.labels.app.kubernetes.io/part-of": "recommended labels",
    "metadata.labels.app.kubernetes.io/managed-by": "recommended labels",
    "spec.replicas": "explicit, so that a hand-made change is a difference",
    "spec.strategy": "no replica is taken away before a new one is ready",
    "spec.minReadySeconds": "a pod without a readiness probe must stay up for a while",
    "spec.progressDeadlineSeconds": "the end of a rollout is the verdict on a promotion, so it has one",
    "spec.revisionHistoryLimit": "a rollback is a promotion, not an old ReplicaSet",
    "spec.template.metadata.labels.app.kubernetes.io/name": "recommended labels",
    "spec.template.metadata.labels.app.kubernetes.io/instance": "recommended labels",
    "spec.template.metadata.labels.app.kubernetes.io/part-of": "recommended labels",
    "spec.template.spec.serviceAccountName": "redis-cart too has an account of its own",
    "spec.template.spec.automountServiceAccountToken": "no service asks the Kubernetes API",
    "spec.template.spec.enableServiceLinks": "addresses are said in `env`; the injected ones can clash with them",
    "spec.template.spec.restartPolicy": "explicit; a Deployment knows no other",
    "spec.template.spec.terminationGracePeriodSeconds": "explicit; 30 is what Kubernetes takes",
    "spec.template.spec.securityContext.seccompProfile": "the Pod Security Standard `restricted` asks for it",
    "spec.template.spec.topologySpreadConstraints": "one node or zone shall not take all replicas along",
    "spec.template.spec.containers[0].lifecycle": "requests run out before the process is told to stop",
    "spec.template.spec.containers[0].ports[0].name": "the Service's name of the port",
    "spec.template.spec.containers[0].ports[0].protocol": "explicit; TCP is what Kubernetes takes",
    "spec.template.spec.initContainers[0].resources": "a namespace's quota asks for them; the pod needs no more than before",
    "spec.ports[0].protocol": "explicit; TCP is what Kubernetes takes",
};

const context = {
    environment: "stage",
    namespace: "shop",
    cloudProject: "acme-stage",
    partOf: "acme-shop",
    services,
    image: (imageName: string) => `registry.example/acme-stage/release-candidate/${imageName}@sha256:${"5".repeat(64)}`,
    commit: () => "3c2d91a4f0b7e5d6c8a9b0e1f2d3c4b5a6978870",
};
const withoutVariables = (service: Service): Service => ({
    ...service,
    env: {},
    init: service.init.map(({ command: _, ...container }) => ({ ...container, env: {} })),
});
const deployment = (service: Service) => renderService(withoutVariables(service), context).deployment;

describe("A rendering beside the manifest that the service had before", () => {
    const pairs: [string, unknown, unknown][] = [
        ["checkoutservice", upstreamCheckoutservice, deployment(checkoutservice)],
        ["redis-cart", upstreamRedisCart, deployment(redisCart)],
        ["loadgenerator", upstreamLoadgenerator, deployment(loadgenerator)],
        ["frontend-external", upstreamExternal, renderService(frontend, context).exposure],
    ];

    for (const [name, upstream, rendered] of pairs) {
        it(`drops nothing of ${name}, and changes and adds only what has a reason`, () => {
            const differences = compare(upstream, rendered);
            assert.deepEqual(differences.dropped, []);
            assert.deepEqual(
                differences.changed.filter((path) => !(path in changed)),
                [],
            );
            assert.deepEqual(
                differences.added.filter((path) => !(path in added)),
                [],
            );
        });
    }

    it("has no reason left over", () => {
        const differences = pairs.map(([, upstream, rendered]) => compare(upstream, rendered));
        assert.deepEqual(new Set(differences.flatMap((one) => one.changed)), new Set(Object.keys(changed)));
        assert.deepEqual(new Set(differences.flatMap((one) => one.added)), new Set(Object.keys(added)));
    });

    it("keeps the selectors to the letter, so a Deployment that exists is taken over in place", () => {
        assert.deepEqual(deployment(checkoutservice)!.spec.selector, upstreamCheckoutservice.spec.selector);
        assert.deepEqual(renderService(frontend, context).service?.spec.selector, { app: "frontend" });
    });
});

interface Differences {
    dropped: string[];
    changed: string[];
    added: string[];
}

/** Paths that only one side has, the topmost of them, and paths whose values differ. */
function compare(before: unknown, after: unknown, path = ""): Differences {
    if (!isTree(before) || !isTree(after)) {
        return { dropped: [], changed: before === after ? [] : [path], added: [] };
    }
    const at = (key: string) => (Array.isArray(before) ? `${path}[${key}]` : `${path}${path && "."}${key}`);
    const parts = Object.keys(before)
        .filter((key) => key in after)
        .map((key) => compare(before[key], after[key], at(key)));
    const missing = (from: object, to: object) =>
        Object.keys(from)
            .filter((key) => !(key in to))
            .map(at);
    return {
        dropped: [...missing(before, after), ...parts.flatMap((part) => part.dropped)],
        changed: parts.flatMap((part) => part.changed),
        added: [...missing(after, before), ...parts.flatMap((part) => part.added)],
    };
}

function isTree(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}
