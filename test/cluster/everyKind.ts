import type { KubernetesObject } from "../../core/manifests/objects";
import { renderService } from "../../core/manifests/workload";
import type { Environment, Service } from "../../core/settings/model";
import { catalog, read, redis } from "../unit/settingsFixture";

/** One service of each kind, and of each thing that a service can have beside its pods and needs nothing from outside Kubernetes. */
export const everyKind = {
    files: {
        source: "src/files",
        port: 80,
        health: "/healthz",
        files: { "/etc/app.conf": "a = 1" },
        replicas: 2,
        expose: "internal",
    },
    scaled: { source: "src/scaled", port: 80, health: "grpc", autoscale: { min: 2, max: 4 }, calls: ["files", "ordered"] },
    ordered: { image: redis, port: 6379, health: "tcp", kind: "stateful", replicas: 2, after: ["files"] },
    kept: {
        image: redis,
        port: 6379,
        health: "tcp",
        kind: "stateful",
        volumes: { data: { mount: "/data", claim: { size: "1Gi" } } },
    },
    routed: {
        source: "src/routed",
        port: 80,
        health: "/healthz",
        expose: { type: "gateway", host: "shop.example.com", tls: "shop-tls" },
    },
    nightly: { source: "src/nightly", kind: "cron", schedule: { cron: "30 3 * * 1-5", timezone: "Europe/Berlin" } },
    moving: { source: "src/moving", kind: "worker", migrate: { command: ["/migrate"] }, verify: { command: ["/verify"] } },
};

/** What an environment makes of entries of `services.yaml`, as its program would register it. */
export function renderEntries(
    entries: object,
    { name: environment, namespace, project }: Environment,
    image: (imageName: string) => string,
): KubernetesObject[] {
    const defaults = { repository: "acme/shop", user: 10001, resources: { cpu: "100m", memory: "64Mi" } };
    const { services } = read(catalog(entries, defaults), environment).catalog;
    const context = { environment, cloudProject: project, namespace, partOf: "shop", services, image };
    return Object.values(services).flatMap((service: Service) =>
        Object.values(renderService(service, context)).flat(),
    ) as KubernetesObject[];
}
