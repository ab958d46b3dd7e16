import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bringsManifests } from "../../core/manifests/bring/bringingService";
import { renderBrought } from "../../core/manifests/bring/render";
import type { RenderContext } from "../../core/manifests/workload";
import type { BroughtObject, Catalog } from "../../core/settings/model";
import { catalog, type Files, read } from "./settingsFixture";

/** The manifests that Online Boutique gives for one of its services, as they are. */
export function onlineBoutique(service: string): string {
    return readFileSync(join(__dirname, "..", "data", "online-boutique", `${service}.yaml`), "utf8");
}

/** The same with the one line that their pods lack to be restricted ones. */
export function restrictedBoutique(service: string): string {
    return onlineBoutique(service).replace(/^( +)fsGroup: 1000$/gm, "$1seccompProfile: { type: RuntimeDefault }\n$1fsGroup: 1000");
}

/** What restricted pods say, and their containers. */
export const podConfined = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
export const confined = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

export const proxy = `envoyproxy/envoy:v1.36.0@sha256:${"e".repeat(64)}`;

/** A pod template whose pods are restricted ones. `pod` replaces what stands in it. */
export function template(containers: object[], pod: Record<string, unknown> = {}): object {
    const lists = Object.entries({ containers, ...pod }).map(([key, value]) => [
        key,
        key.endsWith("ontainers") ? (value as object[]).map((container) => ({ ...container, securityContext: confined })) : value,
    ]);
    return { spec: { securityContext: podConfined, ...Object.fromEntries(lists) } };
}

/** A Deployment as a team writes one. `pod` and `more` replace what stands in its pod and in it. */
export function deployment(name: string, containers: object[], pod = {}, more: object = {}): BroughtObject {
    const labels = { app: name };
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, ...template(containers, pod) } },
        ...more,
    };
}

export const billing = deployment("billing", [
    { name: "server", image: "billing", ports: [{ name: "http", containerPort: 8080 }] },
]);

/** `services.yaml` with billing, which brings its manifests, and with a cart that calls it. */
export function bringing(files: Files, entry: object = {}, others: object = {}): Files {
    const services = {
        cart: { source: "src/cart", port: 7070 },
        billing: { source: "src/billing", manifests: "k8s/billing", ...entry },
        ...others,
    };
    return {
        ...catalog(services),
        ...Object.fromEntries(Object.entries(files).map(([name, file]) => [`k8s/billing/${name}`, file])),
    };
}

/** The catalog of such files. */
export function broughtCatalog(files: Files, entry?: object, others?: object): Catalog {
    return read(bringing(files, entry, others)).catalog;
}

export const commit = "3c2d91a9f0e84b7d6a5c4e3f2b1a09d8c7e6f5a4";

export function contextOf({ services }: Catalog): RenderContext {
    return {
        environment: "stage",
        cloudProject: "acme-stage",
        namespace: "shop-stage",
        partOf: "shop",
        services,
        image: (imageName) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`,
        commit: () => commit,
    };
}

/** The objects of billing as they are applied, oneflow's own policy aside. */
export function renderBilling(all: Catalog, service = "billing"): readonly BroughtObject[] {
    const one = all.services[service];
    if (!bringsManifests(one)) {
        throw new Error(`${service} brings no manifests`);
    }
    return renderBrought(one, contextOf(all)).objects;
}
