import assert from "node:assert/strict";
import { renderObjects } from "../../core/manifests/renderObjects";
import { renderedFiles } from "../../core/manifests/renderedFiles";
import { renderService } from "../../core/manifests/workload";
import { catalogImages, imageNames } from "../../core/release/lock";
import { makeLock, parseLock } from "../../core/release/lockDocument";
import { parseAllDocuments } from "yaml";
import {
    billing,
    bringing,
    broughtCatalog,
    commit,
    confined,
    contextOf,
    deployment,
    restrictedBoutique,
    podConfined,
    proxy,
    renderBilling,
    template,
} from "./broughtFixture";
import { catalog, read, redis, sha } from "./settingsFixture";

const added = {
    "app.kubernetes.io/name": "billing",
    "app.kubernetes.io/instance": "stage",
    "app.kubernetes.io/part-of": "shop",
};
const pinned = (imageName: string) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`;
const server = { name: "server", image: "billing" };

describe("Manifests that a service brings", () => {
    it("run as they are, but for namespace, labels, commit and the pinned image", () => {
        assert.deepEqual(renderBilling(broughtCatalog({ "deployment.yaml": billing })), [
            {
                apiVersion: "apps/v1",
                kind: "Deployment",
                metadata: {
                    name: "billing",
                    namespace: "shop-stage",
                    labels: { ...added, "app.kubernetes.io/managed-by": "oneflow" },
                    annotations: { "oneflow.dev/commit": commit },
                },
                spec: {
                    selector: { matchLabels: { app: "billing" } },
                    template: {
                        metadata: { labels: { app: "billing", ...added } },
                        spec: {
                            securityContext: podConfined,
                            containers: [
                                {
                                    name: "server",
                                    image: pinned("billing"),
                                    ports: [{ name: "http", containerPort: 8080 }],
                                    securityContext: confined,
                                },
                            ],
                        },
                    },
                },
            },
        ]);
    });

    it("keep labels of their own that say otherwise, but for the name by which policies find pods", () => {
        const labels = {
            "app.kubernetes.io/part-of": "payments",
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/name": "b",
        };
        const own = deployment("billing", [server], {}, { metadata: { name: "billing", labels } });
        const [{ metadata }] = renderBilling(broughtCatalog({ "a.yaml": own }));
        assert.deepEqual(metadata.labels, { ...labels, "app.kubernetes.io/instance": "stage" });
    });

    it("are read from several documents, lists, JSON and folders below, and applied before what needs them", () => {
        const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "billing" } };
        const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "billing" }, data: { a: "1" } };
        const list = { apiVersion: "v1", kind: "List", items: [billing, config] };
        const service = { apiVersion: "v1", kind: "Service", metadata: { name: "billing" }, spec: { ports: [{ port: 80 }] } };
        const objects = renderBilling(
            broughtCatalog({
                "list.yaml": list,
                "below/account.json": JSON.stringify(account),
                "two.yml": "---\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: { name: nightly }\n",
                "service.yaml": service,
            }),
        );
        assert.deepEqual(
            objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
            ["ServiceAccount/billing", "ConfigMap/billing", "Service/billing", "Deployment/billing", "CronJob/nightly"],
        );
    });

    it("are read as kubectl reads YAML: an octal mode is octal, a time of day and a date are texts", () => {
        const text =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { at: 10:30, day: 2001-12-14, mode: 0644, on: yes }\n";
        const [config] = renderBilling(broughtCatalog({ "a.yaml": text, "b.yaml": billing }));
        assert.deepEqual(config.data, { at: "10:30", day: "2001-12-14", mode: 420, true: true });
    });

    it("have every image pinned: of init and ephemeral containers, of Jobs and CronJobs, of volumes that are images", () => {
        const pod = {
            initContainers: [{ name: "wait", image: proxy }],
            ephemeralContainers: [{ name: "look", image: "gcr.io/acme/billing:v1" }],
            volumes: [
                { name: "files", image: { reference: redis } },
                { name: "empty", emptyDir: {} },
            ],
        };
        const pods = template([server]);
        const objects = renderBilling(
            broughtCatalog({
                "a.yaml": deployment("billing", [server, { name: "proxy", image: proxy }], pod),
                "b.yaml": { apiVersion: "batch/v1", kind: "Job", metadata: { name: "once" }, spec: { template: pods } },
                "c.yaml": {
                    apiVersion: "batch/v1",
                    kind: "CronJob",
                    metadata: { name: "daily" },
                    spec: { jobTemplate: { spec: { template: pods } } },
                },
            }),
        );
        const images = objects.map((object) =>
            [...JSON.stringify(object).matchAll(/registry\.example\/([^@"]*)@/g)].map(([, name]) => name),
        );
        assert.deepEqual(images, [
            ["billing", "billing/envoyproxy/envoy", "billing/envoyproxy/envoy", "billing", "billing/redis"],
            ["billing"],
            ["billing"],
        ]);
        assert.doesNotMatch(JSON.stringify(objects), /v1\.36\.0|"redis:|gcr\.io/);
    });

    it("are those that a kustomization lists, with its namespace, images, replicas, labels and annotations", () => {
        const kustomization = {
            resources: ["base", "one.yaml"],
            namespace: "shop-stage",
            images: [{ name: "envoy", newName: "envoyproxy/envoy", digest: `sha256:${"e".repeat(64)}` }],
            replicas: [{ name: "billing", count: 3 }],
            labels: [{ pairs: { team: "payments" } }],
            commonAnnotations: { contact: "payments@example.com" },
        };
        const files = {
            "kustomization.yaml": kustomization,
            "base/kustomization.yaml": { resources: ["billing.yaml"] },
            "base/billing.yaml": deployment("billing", [server, { name: "proxy", image: "envoy:v1" }]),
            "base/values.yaml": "no: object\n",
            "one.yaml": { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one" } },
            "unlisted.yaml": deployment("other", [{ name: "a", image: "nobody/pinned:this" }]),
        };
        const stage = {
            "Pulumi.dev.yaml": environment("dev"),
            "Pulumi.prod.yaml": environment("prod", "stage"),
            "Pulumi.stage.yaml": environment("stage", "dev"),
        };
        const all = read({ ...bringing(files), ...stage }).catalog;
        const [config, { spec, metadata }] = renderBilling(all) as unknown as [
            object,
            { spec: { replicas: number }; metadata: object },
        ];
        assert.deepEqual(Object.keys(catalogImages(all)), ["cart", "billing", "billing/envoyproxy/envoy"]);
        assert.equal(spec.replicas, 3);
        assert.deepEqual(metadata, {
            name: "billing",
            namespace: "shop-stage",
            labels: { team: "payments", ...added, "app.kubernetes.io/managed-by": "oneflow" },
            annotations: { contact: "payments@example.com", "oneflow.dev/commit": commit },
        });
        assert.ok(config);
    });

    it("may run a third party's image as the service's own, named in the entry by digest", () => {
        const entry = { source: undefined, image: redis };
        const own = (image: string) => broughtCatalog({ "a.yaml": deployment("billing", [{ name: "server", image }]) }, entry);
        for (const image of ["billing", "redis:8", redis]) {
            const all = own(image);
            assert.deepEqual(imageNames(all), ["billing", "cart"], image);
            assert.match(JSON.stringify(renderBilling(all)), new RegExp(`"image":"${pinned("billing")}"`), image);
        }
    });

    it("leave the renderer of described services no service to guess at", () => {
        const all = broughtCatalog({ "a.yaml": billing });
        assert.throws(() => renderService(all.services.billing, contextOf(all)), /billing brings its own manifests/);
    });
});

/** A file of an environment whose namespace is the one that the manifests name. */
function environment(name: string, promotesFrom?: string): object {
    return {
        config: {
            "gcp:project": `acme-${name}`,
            "gcp:region": "europe-west1",
            "shop:environment": { namespace: "shop-stage", ...(promotesFrom && { promotesFrom }) },
        },
    };
}

describe("Images of manifests that a service brings", () => {
    const all = broughtCatalog({ "a.yaml": deployment("billing", [server, { name: "proxy", image: proxy }]) });
    const images = {
        cart: { commit: sha, digest: `sha256:${"c".repeat(64)}` },
        billing: { commit: sha, digest: `sha256:${"b".repeat(64)}` },
    } as const;
    const source = { repository: "acme/shop", commit: sha, branch: "main" } as const;

    it("are part of the set: a lock without one is none", () => {
        assert.deepEqual(imageNames(all), ["billing", "billing/envoyproxy/envoy", "cart"]);
        assert.throws(() => makeLock({ source, catalog: all, images }), /images\.billing\/envoyproxy\/envoy\s+is missing/);
    });

    it("are told from a lock alone", () => {
        const beside = { source: proxy, digest: `sha256:${"e".repeat(64)}` } as const;
        const lock = makeLock({ source, catalog: all, images: { ...images, "billing/envoyproxy/envoy": beside } });
        assert.deepEqual(parseLock(JSON.parse(JSON.stringify(lock))), JSON.parse(JSON.stringify(lock)));
        const { manifests } = all.services.billing;
        const broken = {
            ...lock,
            catalog: {
                services: { ...all.services, billing: { ...all.services.billing, manifests: { ...manifests, images: { a: {} } } } },
            },
        };
        assert.throws(() => parseLock(broken), /catalog\.services\.billing\.manifests\.images\.a\.from/);
    });
});

describe("Calls to and from a service that brings its manifests", () => {
    const service = (name: string, spec: object, labels = { app: "billing" }) => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { selector: labels, ...spec },
    });
    const policyOf = (services: readonly object[], others: object = {}, entry: object = {}) => {
        const files = Object.fromEntries(services.map((one, index) => [`${index}.yaml`, one]));
        const all = broughtCatalog({ "deployment.yaml": billing, ...files }, entry, others);
        const [policy] = renderObjects(all.services.billing, contextOf(all)) as [
            { spec: { ingress?: object[]; egress: object[] } },
        ];
        return { all, ...policy.spec };
    };
    const from = (name: string) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } });
    const caller = { store: { source: "src/store", kind: "worker", calls: ["billing"] } };

    it("arrive at the ports to which its Services lead, by number or by the container's name for it", () => {
        const { ingress, all } = policyOf(
            [
                service("billing", {
                    ports: [
                        { name: "web", port: 80, targetPort: "http" },
                        { port: 9090, targetPort: 9091, protocol: "UDP" },
                    ],
                }),
                service("billing-again", { ports: [{ port: 8080 }] }),
                service("elsewhere", { ports: [{ port: 5432 }] }, { app: "database" }),
            ],
            caller,
        );
        assert.deepEqual(ingress, [
            {
                from: [from("billing"), from("store")],
                ports: [
                    { port: 8080, protocol: "TCP" },
                    { port: 9091, protocol: "UDP" },
                ],
            },
        ]);
        assert.deepEqual(all.services.billing.ports, [
            { name: "web", port: 80, target: 8080 },
            { name: "udp-9090", port: 9090, target: 9091, protocol: "UDP" },
        ]);
    });

    it("come from anywhere where a load balancer, a node's port or a route brings them", () => {
        const route = {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "HTTPRoute",
            metadata: { name: "billing" },
            spec: { rules: [{ backendRefs: [{ name: "billing", port: 80 }] }] },
        };
        const behind = service("billing", {
            ports: [
                { port: 80, targetPort: 8080 },
                { port: 81, targetPort: 8081 },
            ],
        });
        const anywhere = { ports: [{ port: 8080, protocol: "TCP" }] };
        assert.deepEqual(policyOf([behind, route]).ingress?.at(-1), anywhere);
        for (const type of ["LoadBalancer", "NodePort"]) {
            assert.deepEqual(
                policyOf([service("billing", { type, ports: [{ port: 80, targetPort: 8080 }] })]).ingress?.at(-1),
                anywhere,
            );
        }
        assert.equal(policyOf([behind]).ingress?.length, 1);
    });

    it("leave it as its entry says", () => {
        const { egress } = policyOf([], {}, { calls: ["cart"] });
        assert.deepEqual(egress.slice(1), [{ to: [from("cart")], ports: [{ port: 7070, protocol: "TCP" }] }]);
        assert.deepEqual(policyOf([], {}, { unrestrictedEgress: true }).egress, [{}]);
    });

    it("may ask for the tokens of the Google account that its ServiceAccount names", () => {
        const annotations = { "iam.gke.io/gcp-service-account": "billing@acme-stage.iam.gserviceaccount.com" };
        const { all, egress } = policyOf([
            { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "billing", annotations } },
        ]);
        assert.equal(all.services.billing.identity, "billing@acme-stage.iam.gserviceaccount.com");
        assert.match(JSON.stringify(egress), /169\.254\.169\.254\/32.*"port":80/);
    });
});

describe("Online Boutique's own manifests", () => {
    const files = { "checkoutservice.yaml": restrictedBoutique("checkoutservice") };
    const entries = { checkoutservice: { source: "src/checkoutservice", manifests: "k8s/billing" } };
    const settings = () => read({ ...catalog(entries), "k8s/billing/checkoutservice.yaml": files["checkoutservice.yaml"] });

    it("are rendered as they were given, once they say the one line that they lack", () => {
        const text = renderedFiles(settings()).get("stage/checkoutservice.yaml")!;
        const rendered = parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);
        assert.deepEqual(
            rendered.map(({ kind }) => kind),
            ["NetworkPolicy", "ServiceAccount", "Service", "Deployment"],
        );
        const [given] = parseAllDocuments(files["checkoutservice.yaml"]).map(
            (document) => document.toJS() as { spec: { template: object } },
        );
        const { spec } = rendered[3] as typeof given;
        const image = "europe-west1-docker.pkg.dev/acme-stage/release-candidate/checkoutservice";
        const labels = { app: "checkoutservice", ...added, "app.kubernetes.io/name": "checkoutservice" };
        const expected = JSON.parse(
            JSON.stringify(given.spec).replace('"image":"checkoutservice"', `"image":"${image}"`),
        ) as typeof spec;
        assert.deepEqual(spec, { ...expected, template: { ...expected.template, metadata: { labels } } });
    });
});
