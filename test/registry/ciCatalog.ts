import type { Catalog, Service } from "../../core/settings/model";
import type { Digest } from "../../core/registry/reference";

/** Two built services, a third-party one, and a third-party init container: every kind of image that a pipeline meets. */
export function smallCatalog(
    upstream: { redis: string; busybox: string } = { redis: unknown("redis"), busybox: unknown("busybox") },
): Catalog {
    const services = [
        service("checkoutservice", {
            image: built("src/checkoutservice"),
            ports: [{ name: "grpc", port: 5050, target: 5050 }],
            init: [{ name: "wait", image: thirdParty(upstream.busybox), env: {} }],
        }),
        service("cartservice", {
            image: { ...built("src/cartservice/src"), args: { MODE: "fast" }, alsoBuildFrom: ["protos"] },
            ports: [{ name: "grpc", port: 7070, target: 7070 }],
        }),
        service("redis", { image: thirdParty(upstream.redis), ports: [{ name: "redis", port: 6379, target: 6379 }] }),
    ];
    return { services: Object.fromEntries(services.map((one) => [one.name, one])) };
}

function unknown(name: string): string {
    return `127.0.0.1:5000/${name}@sha256:${"0".repeat(64)}`;
}

function built(path: string) {
    return { from: "source" as const, repository: "acme/shop", path, dockerfile: "Dockerfile", args: {}, alsoBuildFrom: [] };
}

function thirdParty(source: string) {
    return { from: "thirdParty" as const, source, digest: source.slice(source.indexOf("@") + 1) as Digest };
}

function service(name: string, own: Pick<Service, "image"> & Partial<Service>): Service {
    return {
        name,
        kind: "service",
        ports: [],
        probes: {},
        env: {},
        resources: { requests: {}, limits: {} },
        replicas: 1,
        volumes: [],
        init: [],
        annotations: {},
        terminationGracePeriodSeconds: 30,
        environments: {},
        ...own,
    };
}
