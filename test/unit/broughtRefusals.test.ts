import assert from "node:assert/strict";
import { billing, bringing, deployment, proxy, template } from "./broughtFixture";
import { catalog, type Files, problemsOf, redis } from "./settingsFixture";

/** Each problem in one text: where, what, and behind an arrow what to do. */
function refusals(files: Files, entry: object = {}, others: object = {}): string[] {
    return problemsOf(bringing(files, entry, others)).map(
        ({ subject, message, remedy }) => `${subject} — ${message}${remedy === undefined ? "" : ` → ${remedy}`}`,
    );
}

const server = { name: "server", image: "billing" };
const object = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
    apiVersion,
    kind,
    metadata: { name },
    ...more,
});
const image = "spec.template.spec.containers[1].image";
const administrator = "delete it here, and let an administrator apply it";

describe("Brought manifests are refused", () => {
    /** What stands beside billing's sound Deployment → what is said of it. */
    const cases: Record<string, { files?: Files; entry?: object; others?: object; said: string[] }> = {
        "with an image that has only a tag": {
            files: { "b.yaml": deployment("b", [server, { name: "cache", image: "redis:8" }]) },
            said: [
                `k8s/billing/b.yaml: Deployment/b: ${image} — redis:8 has no digest, so it may be another image tomorrow; expected name@sha256:…, or billing for the service's own → write redis:8@sha256:…; crane digest redis:8 prints it`,
            ],
        },
        "with the service's name in a registry that is everybody's": {
            files: { "b.yaml": deployment("b", [server, { name: "b", image: "quay.io/acme/billing:v1" }]) },
            said: [
                `k8s/billing/b.yaml: Deployment/b: ${image} — quay.io/acme/billing:v1 has no digest, so it may be another image tomorrow; expected name@sha256:…, or billing for the service's own → write quay.io/acme/billing:v1@sha256:…; crane digest quay.io/acme/billing:v1 prints it`,
            ],
        },
        "with no image at all": {
            files: { "b.yaml": deployment("b", [server, { name: "b" }]) },
            said: [
                `k8s/billing/b.yaml: Deployment/b: ${image} — missing; expected an image → write image: billing in the container that runs it`,
            ],
        },
        "with an image that no registry can have": {
            files: { "b.yaml": deployment("b", [server, { name: "b", image: `Acme/B@sha256:${"1".repeat(64)}` }]) },
            said: [
                `k8s/billing/b.yaml: Deployment/b: ${image} — "Acme/B@sha256:${"1".repeat(64)}" is not an image reference: expected [host/]repository[:tag][@sha256:…]`,
            ],
        },
        "with two digests of one image": {
            files: {
                "b.yaml": deployment("b", [server, { name: "one", image: proxy }]),
                "c.yaml": deployment("c", [server, { name: "two", image: `envoyproxy/envoy@sha256:${"2".repeat(64)}` }]),
            },
            said: [
                `k8s/billing/c.yaml: Deployment/c: ${image} — envoyproxy/envoy@sha256:${"2".repeat(64)} and ${proxy} would be promoted as one image, billing/envoyproxy/envoy; expected one digest for it → write the same digest in both places`,
            ],
        },
        "where nothing runs what is built": {
            files: { "billing.yaml": deployment("billing", [{ name: "proxy", image: proxy }]) },
            said: [
                "k8s/billing — no container runs the image that src/billing becomes → write image: billing in the container that runs it",
            ],
        },
        "where nothing runs the image that the entry names": {
            files: { "billing.yaml": deployment("billing", [{ name: "proxy", image: proxy }]) },
            entry: { source: undefined, image: redis },
            said: [`k8s/billing — no container runs ${redis} → write image: billing in the container that runs it`],
        },
        "with a Secret": {
            files: { "b.yaml": object("v1", "Secret", "db", { data: { password: "c2VjcmV0" } }) },
            said: [
                "k8s/billing/b.yaml: Secret/db — a Secret never comes from files; the manifests may name one that is in the namespace (secretKeyRef, secretName) → delete it here, and put it into each environment's namespace: kubectl create secret",
            ],
        },
        "with rights": {
            files: { "b.yaml": object("rbac.authorization.k8s.io/v1", "RoleBinding", "b") },
            said: [
                `k8s/billing/b.yaml: RoleBinding/b — gives rights, and a deployer that could give them could take any → ${administrator}`,
            ],
        },
        "with what is the cluster's": {
            files: { "b.yaml": object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "b.example.com") },
            said: [
                `k8s/billing/b.yaml: CustomResourceDefinition/b.example.com — belongs to the whole cluster, and a deployer has rights in its environment's namespace alone → ${administrator}`,
            ],
        },
        "with a pod on every node": {
            files: { "b.yaml": object("apps/v1", "DaemonSet", "b") },
            said: [
                "k8s/billing/b.yaml: DaemonSet/b — runs on every node, and nodes are the cluster's, shared with other environments' pods → write a Deployment, or let an administrator apply it",
            ],
        },
        "with a kind that the deployer has no right to": {
            files: { "b.yaml": object("example.com/v1", "Deployment", "b") },
            said: [
                `k8s/billing/b.yaml: Deployment/b — the deployer may not touch example.com/v1 Deployment; expected ServiceAccount, NetworkPolicy, ConfigMap, SecretProviderClass, SecretSync, Service, PodDisruptionBudget, Deployment, StatefulSet, CronJob, Job, HorizontalPodAutoscaler, Gateway, HTTPRoute → ${administrator}`,
            ],
        },
        "with what every namespace has": {
            files: { "b.yaml": object("v1", "ServiceAccount", "default") },
            said: [
                "k8s/billing/b.yaml: ServiceAccount/default — every namespace has a ServiceAccount of that name by itself → choose another name",
            ],
        },
        "with one object twice": {
            files: { "b.yaml": deployment("billing", [server]) },
            said: ["k8s/billing/billing.yaml: Deployment/billing — stands in k8s/billing/b.yaml too → delete one of the two"],
        },
        "with the name of an object that oneflow makes": {
            files: {
                "b.yaml": object("networking.k8s.io/v1", "NetworkPolicy", "billing"),
                "c.yaml": object("v1", "Service", "cart"),
            },
            said: [
                "k8s/billing/b.yaml: NetworkPolicy/billing — NetworkPolicy/billing is an object that oneflow makes for billing already → rename one of the two, and what refers to it",
                "k8s/billing/c.yaml: Service/cart — Service/cart is an object that oneflow makes for cart already → rename one of the two, and what refers to it",
            ],
        },
        "with the name of the policy that denies all": {
            files: { "b.yaml": object("networking.k8s.io/v1", "NetworkPolicy", "default-deny") },
            said: [
                "k8s/billing/b.yaml: NetworkPolicy/default-deny — NetworkPolicy/default-deny is the object by which oneflow denies what no service allows already → rename one of the two, and what refers to it",
            ],
        },
        "with pods that would answer another service's requests": {
            files: {
                "b.yaml": deployment(
                    "b",
                    [server],
                    {},
                    {
                        spec: { template: { metadata: { labels: { app: "cart" } }, ...template([server]) } },
                    },
                ),
            },
            said: [
                "k8s/billing/b.yaml: Deployment/b: spec.template.metadata.labels.app — app: cart is how the Service cart finds its pods: these would answer its requests → write another value",
            ],
        },
        "with pods that are not restricted ones": {
            files: {
                "b.yaml": deployment("b", [server], {
                    hostNetwork: true,
                    securityContext: { runAsUser: 0 },
                    volumes: [{ name: "v", hostPath: { path: "/" } }],
                }),
            },
            said: [
                ["hostNetwork", "shares the node's own", "delete the line"],
                [
                    "volumes[0].hostPath",
                    "is no kind of volume that pods may have",
                    "use one of configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret",
                ],
                ["securityContext.runAsUser", "is root", "write another user's number"],
                [
                    "containers[0].securityContext.runAsNonRoot",
                    "not true, here or in the pod's securityContext",
                    "write runAsNonRoot: true in the pod's securityContext",
                ],
                [
                    "containers[0].securityContext.seccompProfile",
                    "missing, here and in the pod's securityContext",
                    "write seccompProfile: { type: RuntimeDefault } in the pod's securityContext",
                ],
            ].map(
                ([path, message, remedy]) =>
                    `k8s/billing/b.yaml: Deployment/b: spec.template.spec.${path} — ${message}: the namespace takes restricted pods only → ${remedy}`,
            ),
        },
        "with pods of another name": {
            files: {
                "b.yaml": deployment(
                    "b",
                    [server],
                    {},
                    {
                        spec: {
                            template: { metadata: { labels: { "app.kubernetes.io/name": "b" } }, ...template([server]) },
                        },
                    },
                ),
            },
            said: [
                'k8s/billing/b.yaml: Deployment/b: spec.template.metadata.labels["app.kubernetes.io/name"] — b, but NetworkPolicies find the pods of billing by app.kubernetes.io/name: billing → delete the line, write billing in label and selector, or rename the service in services.yaml to b',
            ],
        },
        "with a namespace that is not every environment's": {
            files: { "b.yaml": { ...object("v1", "ConfigMap", "b"), metadata: { name: "b", namespace: "shop-stage" } } },
            said: [
                "k8s/billing/b.yaml: ConfigMap/b: metadata.namespace — shop-stage, and dev deploys to shop-dev, prod deploys to shop-prod → delete the line: it is filled in",
            ],
        },
        "with a Service for a port that no container names": {
            files: {
                "b.yaml": object("v1", "Service", "b", {
                    spec: { selector: { app: "billing" }, ports: [{ port: 80, targetPort: "web" }] },
                }),
            },
            said: [
                "k8s/billing/b.yaml: Service/b: spec.ports[0].targetPort — no container of the pods that the Service finds has a port named web → write the container's port number, or name: web beside it",
            ],
        },
        "with another account that acts as a Google one, or none that could": {
            files: {
                "b.yaml": {
                    ...object("v1", "ServiceAccount", "b"),
                    metadata: {
                        name: "b",
                        annotations: { "iam.gke.io/gcp-service-account": "b@acme-dev.iam.gserviceaccount.com" },
                    },
                },
                "c.yaml": {
                    ...object("v1", "ServiceAccount", "billing"),
                    metadata: { name: "billing", annotations: { "iam.gke.io/gcp-service-account": "me@example.com" } },
                },
            },
            said: [
                'k8s/billing/b.yaml: ServiceAccount/b: metadata.annotations["iam.gke.io/gcp-service-account"] — b@acme-dev.iam.gserviceaccount.com, and the platform lets only the ServiceAccount billing act as a Google one → name it billing, and write serviceAccountName: billing',
                'k8s/billing/c.yaml: ServiceAccount/billing: metadata.annotations["iam.gke.io/gcp-service-account"] — me@example.com is not an email of a Google service account → write name@project.iam.gserviceaccount.com',
            ],
        },
        "with a file that is no YAML, and nothing that follows from it": {
            files: { "billing.yaml": "a: [\n", "b.yaml": deployment("b", [{ name: "b", image: "redis:8" }]) },
            said: [
                "k8s/billing/billing.yaml, line 2, column 1 — Flow sequence in block collection must be sufficiently indented and end with a ]",
            ],
        },
        "with a document that is no object": {
            files: { "values.yaml": "replicas: 1\n" },
            said: [
                "k8s/billing/values.yaml — a document that is no Kubernetes object: expected apiVersion, kind and metadata.name",
            ],
        },
        "with what only kustomize does": {
            files: {
                "kustomization.yaml": {
                    resources: ["billing.yaml", "gone.yaml", "https://example.com/x"],
                    namePrefix: "a-",
                    patches: [{ path: "patch.yaml" }],
                    configMapGenerator: [{ name: "c", literals: ["a=b"] }],
                    labels: [{ pairs: { a: "b" }, includeSelectors: true }],
                },
            },
            said: [
                "k8s/billing/kustomization.yaml: resources[gone.yaml] — there is no such file, and no such folder with YAML",
                "k8s/billing/kustomization.yaml: resources[https://example.com/x] — it is on the web; fetch it into a folder here",
                ...["namePrefix", "patches", "configMapGenerator", "labels[0].includeSelectors"].map(
                    (field) =>
                        `k8s/billing/kustomization.yaml: ${field} — only kustomize does that in full; here are read resources, bases, namespace, images, replicas, labels, commonAnnotations → kubectl kustomize k8s/billing prints the objects with it: keep those here, without the kustomization`,
                ),
            ],
        },
        "beside keys that describe pods": {
            entry: {
                port: 8080,
                env: { A: "b" },
                kind: "worker",
                identity: "billing@acme-dev.iam.gserviceaccount.com",
                environments: {},
            },
            said: [
                ["port", "delete the line, and say it in the manifests"],
                ["env", "delete the line, and say it in the manifests"],
                ["kind", "delete the line: the manifests say what runs"],
                ["identity", "delete the line, and annotate the ServiceAccount in the manifests: iam.gke.io/gcp-service-account"],
                ["environments", "delete it: the same manifests run in every environment"],
            ].map(
                ([key, remedy]) =>
                    `services.yaml: services.billing.${key} — says nothing beside manifests: those in k8s/billing decide it → ${remedy}`,
            ),
        },
    };
    for (const [title, { files = {}, entry, others, said }] of Object.entries(cases)) {
        it(title, () => assert.deepEqual(refusals({ "billing.yaml": billing, ...files }, entry, others), said));
    }

    it("where the folder is not there, or holds nothing", () => {
        const gone = problemsOf(catalog({ billing: { source: "src/billing", manifests: "k8s" } }));
        assert.deepEqual(gone, [
            {
                subject: "services.yaml: services.billing.manifests",
                message: "k8s is no folder here; expected one with Kubernetes manifests, seen from services.yaml",
                remedy: "mkdir -p k8s, or mend the path",
            },
        ]);
        assert.deepEqual(refusals({ "readme.md": "nothing" }), [
            "k8s/billing — holds no Kubernetes object, in YAML or in JSON → write image: billing in the container that runs it",
        ]);
    });

    it("where two services bring one object", () => {
        const other = { invoices: { source: "src/invoices", manifests: "k8s/invoices" } };
        const config = object("v1", "ConfigMap", "shared");
        const files = {
            ...bringing({ "billing.yaml": billing, "config.yaml": config }, {}, other),
            "k8s/invoices/a.yaml": deployment("invoices", [{ name: "server", image: "invoices" }]),
            "k8s/invoices/b.yaml": config,
        };
        assert.deepEqual(
            problemsOf(files).map(({ subject, message }) => `${subject} — ${message}`),
            ["k8s/invoices/b.yaml: ConfigMap/shared — ConfigMap/shared is what billing brings in k8s/billing/config.yaml already"],
        );
    });

    it("where a service is called that has no Service", () => {
        assert.deepEqual(
            refusals({ "billing.yaml": billing }, {}, { store: { source: "src/store", kind: "worker", calls: ["billing"] } }),
            [
                "services.yaml: services.store.calls[0] — billing has no port that could be called → delete the line, or bring a Service for billing's pods",
            ],
        );
    });
});
