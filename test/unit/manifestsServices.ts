import type { RenderContext } from "../../core/manifests/workload";
import type { Probe, Service } from "../../core/settings/model";

// Four services of Online Boutique (GoogleCloudPlatform/microservices-demo at 34ffea9, kubernetes-manifests/) that between them
// use all that the renderer knows: gRPC, HTTP, TCP and no probes, two Services, a volume, an init container, a worker.

const built = (path: string): Service["image"] => ({
    from: "source",
    repository: "acme/shop",
    path,
    dockerfile: "Dockerfile",
    args: {},
    alsoBuildFrom: [],
});
const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } };
const pageProbe = (visitor: string): Probe => ({
    check: { http: { path: "/_healthz", port: 8080, headers: { Cookie: `shop_session-id=${visitor}` } } },
    initialDelaySeconds: 10,
});

export const checkoutservice: Service = {
    name: "checkoutservice",
    kind: "service",
    image: built("src/checkoutservice"),
    ports: [{ name: "grpc", port: 5050, target: 5050 }],
    probes: { readiness: { check: { grpc: { port: 5050 } } }, liveness: { check: { grpc: { port: 5050 } } } },
    env: {
        PORT: "5050",
        PRODUCT_CATALOG_SERVICE_ADDR: "productcatalogservice:3550",
        SHIPPING_SERVICE_ADDR: "shippingservice:50051",
        PAYMENT_SERVICE_ADDR: "paymentservice:50051",
        EMAIL_SERVICE_ADDR: "emailservice:5000",
        CURRENCY_SERVICE_ADDR: "currencyservice:7000",
        CART_SERVICE_ADDR: "cartservice:7070",
    },
    resources,
    replicas: 1,
    volumes: [],
    init: [],
    annotations: {},
    terminationGracePeriodSeconds: 30,
    user: 1000,
    environments: {
        prod: { replicas: 3, env: { EMAIL_SERVICE_ADDR: "emailservice.mail:5000", ENABLE_PROFILER: "1" } },
    },
};

export const frontend: Service = {
    ...checkoutservice,
    name: "frontend",
    image: built("src/frontend"),
    ports: [{ name: "http", port: 80, target: 8080 }],
    probes: { readiness: pageProbe("x-readiness-probe"), liveness: pageProbe("x-liveness-probe") },
    env: {
        PORT: "8080",
        PRODUCT_CATALOG_SERVICE_ADDR: "productcatalogservice:3550",
        CURRENCY_SERVICE_ADDR: "currencyservice:7000",
        CART_SERVICE_ADDR: "cartservice:7070",
        RECOMMENDATION_SERVICE_ADDR: "recommendationservice:8080",
        SHIPPING_SERVICE_ADDR: "shippingservice:50051",
        CHECKOUT_SERVICE_ADDR: "checkoutservice:5050",
        AD_SERVICE_ADDR: "adservice:9555",
        SHOPPING_ASSISTANT_SERVICE_ADDR: "shoppingassistantservice:80",
        ENABLE_PROFILER: "0",
    },
    calls: ["checkoutservice"],
    expose: { type: "loadBalancer", name: "frontend-external", ports: [{ name: "http", port: 80, target: 8080 }] },
    annotations: { "sidecar.istio.io/rewriteAppHTTPProbers": "true" },
    environments: {},
};

export const redisCart: Service = {
    ...checkoutservice,
    name: "redis-cart",
    image: {
        from: "thirdParty",
        source: `redis:8.2@sha256:${"7".repeat(64)}`,
        digest: `sha256:${"7".repeat(64)}`,
    },
    ports: [{ name: "tcp-redis", port: 6379, target: 6379 }],
    probes: {
        readiness: { check: { tcp: { port: 6379 } }, periodSeconds: 5 },
        liveness: { check: { tcp: { port: 6379 } }, periodSeconds: 5 },
    },
    env: {},
    resources: { requests: { cpu: "70m", memory: "200Mi" }, limits: { cpu: "125m", memory: "256Mi" } },
    volumes: [{ name: "redis-data", mountPath: "/data", memory: false }],
    environments: {},
};

export const loadgenerator: Service = {
    ...checkoutservice,
    name: "loadgenerator",
    kind: "worker",
    image: built("src/loadgenerator"),
    ports: [],
    probes: {},
    env: { FRONTEND_ADDR: "frontend:80", USERS: "10", RATE: "1" },
    resources: { requests: { cpu: "300m", memory: "256Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
    init: [
        {
            name: "frontend-check",
            image: {
                from: "thirdParty",
                source: `busybox:1.38.0@sha256:${"b".repeat(64)}`,
                digest: `sha256:${"b".repeat(64)}`,
            },
            command: ["/bin/sh", "-exc", 'until wget --spider "http://${FRONTEND_ADDR}"; do sleep 10; done\n'],
            env: { FRONTEND_ADDR: "frontend:80" },
        },
    ],
    calls: ["frontend"],
    annotations: { "sidecar.istio.io/rewriteAppHTTPProbers": "true" },
    terminationGracePeriodSeconds: 5,
    environments: {},
};

/** The four as a catalog has them. */
export const services: Readonly<Record<string, Service>> = {
    checkoutservice,
    frontend,
    "redis-cart": redisCart,
    loadgenerator,
};

/** All of them in stage, their images pinned. */
export const stage: RenderContext = {
    environment: "stage",
    namespace: "shop",
    cloudProject: "acme-stage",
    partOf: "acme-shop",
    services,
    image: (imageName) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`,
};
