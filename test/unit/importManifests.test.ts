import assert from "node:assert/strict";
import { parse } from "yaml";
import { catalogText } from "../../core/manifests/import/catalogText";
import { collect } from "../../core/manifests/import/folder";
import { importedFrom, imported, linesOf, tree } from "./importFixture";

const digest = `sha256:${"7".repeat(64)}`;
const notCarried = (lines: readonly string[]) => lines.filter((line) => line.startsWith("not carried:"));

/** A Deployment `cart` with its Service, by which nothing is left to say. */
function cart(more: { pod?: object; container?: object; spec?: object; metadata?: object; service?: object } = {}): object[] {
    const labels = { app: "cart" };
    const container = {
        name: "cart",
        image: "gcr.io/acme/cart:v1",
        ports: [{ name: "http", containerPort: 8080 }],
        securityContext: { readOnlyRootFilesystem: true, runAsUser: 1000 },
        ...more.container,
    };
    return [
        {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "cart", ...more.metadata },
            spec: {
                selector: { matchLabels: labels },
                template: { metadata: { labels }, spec: { containers: [container], ...more.pod } },
                ...more.spec,
            },
        },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "cart" },
            spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }], ...more.service },
        },
    ];
}

const object = (kind: string, name: string, rest: object) => ({ apiVersion: "v1", kind, metadata: { name }, ...rest });

describe("Importing a workload", () => {
    it("says a port by its number where the manifests have its name", () => {
        const probe = { httpGet: { path: "/ready", port: "http" } };
        const { entries, lines } = importedFrom(cart({ container: { readinessProbe: probe, livenessProbe: probe } }));
        assert.deepEqual(entries, {
            cart: { source: "src/cart", ports: { http: { port: 80, target: 8080 } }, health: "/ready", user: 1000 },
        });
        assert.deepEqual(lines, []);
    });

    it("names the service as its Service, because that is what others call", () => {
        const [deployment, service] = cart({ metadata: { name: "cart-v2" } });
        const result = importedFrom([deployment, service]);
        assert.deepEqual(Object.keys(result.entries), ["cart"]);
        assert.deepEqual(linesOf(result), [
            "not carried: Deployment/cart-v2: metadata.name: it is named as its Service, by which others call it; " +
                "the one that runs under this name stays until it is deleted",
        ]);
    });

    it("takes one without a Service for a worker, and names the port that nobody can call", () => {
        const result = importedFrom(cart().slice(0, 1));
        assert.deepEqual(result.entries, { cart: { source: "src/cart", kind: "worker", user: 1000 } });
        assert.deepEqual(linesOf(result), [
            "not carried: Deployment/cart: spec.template.spec.containers[cart].ports: a container's ports are those that its Service offers, by TCP",
        ]);
    });

    it("carries no port of another protocol under its number", () => {
        const ports = [
            { name: "http", port: 80, targetPort: 8080 },
            { name: "dns", port: 53, protocol: "UDP" },
        ];
        const result = importedFrom(cart({ service: { ports } }));
        assert.deepEqual(result.entries.cart.ports, { http: { port: 80, target: 8080 } });
        assert.deepEqual(linesOf(result), [
            "not carried: Service/cart: spec.ports[53/UDP]: a port has a name, a number and a target, by TCP",
        ]);
    });

    it("leads a load balancer's Service of its own name to the service under another, and says so", () => {
        const result = importedFrom(cart({ service: { type: "LoadBalancer" } }));
        assert.equal(result.entries.cart.expose, "loadBalancer");
        assert.deepEqual(linesOf(result), [
            "not carried: Service/cart: spec.type: a service is called inside the cluster; from outside by `expose`, under a second Service",
        ]);
    });

    it("says nothing of what the cluster wrote, or of what Kubernetes does anyway", () => {
        const result = importedFrom(
            cart({
                metadata: {
                    name: "cart",
                    uid: "1",
                    resourceVersion: "2",
                    managedFields: [{ manager: "kubectl" }],
                    creationTimestamp: null,
                },
                pod: { dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler", restartPolicy: "Always", tolerations: [] },
                service: {
                    clusterIP: "10.0.0.7",
                    clusterIPs: ["10.0.0.7"],
                    sessionAffinity: "None",
                    ipFamilies: ["IPv4"],
                    type: "ClusterIP",
                },
            }),
        );
        assert.deepEqual(linesOf(result), []);
    });

    it("tells where more care is taken than before", () => {
        const securityContext = { readOnlyRootFilesystem: false, privileged: true, runAsUser: 1000 };
        const result = importedFrom(cart({ container: { securityContext }, pod: { automountServiceAccountToken: true } }));
        assert.deepEqual(linesOf(result), [
            "stricter: Deployment/cart: spec.template.spec.containers[cart].securityContext.readOnlyRootFilesystem: " +
                "the root file system is read-only; where the program writes, name a folder: volumes: { tmp: { mount: /tmp } }",
            "stricter: Deployment/cart: spec.template.spec.containers[cart].securityContext.privileged: the Pod Security Standard `restricted` holds for every pod",
            "stricter: Deployment/cart: spec.template.spec.automountServiceAccountToken: no pod gets a token of the Kubernetes API",
        ]);
    });

    it("does not wait for the end of a sidecar, and names it", () => {
        const [deployment, service] = cart({
            pod: { initContainers: [{ name: "proxy", image: `envoy@${digest}`, restartPolicy: "Always" }] },
        });
        const result = importedFrom([deployment, service]);
        assert.equal(result.entries.cart.init, undefined);
        assert.deepEqual(linesOf(result), [
            "not carried: Deployment/cart: spec.template.spec.initContainers: an init container has a name, an image by digest, command, args and env",
        ]);
    });

    it("names the place where something is lost, and the topmost one where all of it is", () => {
        const affinity = { nodeAffinity: { required: [{ key: "pool", values: ["a", "b"] }] } };
        const result = importedFrom(cart({ pod: { affinity, hostNetwork: true }, spec: { strategy: { type: "Recreate" } } }));
        assert.deepEqual(notCarried(linesOf(result)), [
            "not carried: Deployment/cart: spec.template.spec.affinity: pods are spread over nodes and zones by oneflow; there is no key for more",
            "not carried: Deployment/cart: spec.template.spec.hostNetwork: the Pod Security Standard `restricted` forbids it",
            "not carried: Deployment/cart: spec.strategy.type: every rollout makes a new pod ready before it takes an old one away",
        ]);
    });

    it("takes the first of two workloads behind one Service, and names the other", () => {
        const [blue, service] = cart();
        const green = { ...blue, metadata: { name: "cart-green" } };
        assert.deepEqual(linesOf(importedFrom([blue, green, service])), [
            "not carried: Deployment/cart-green: the service cart is Deployment/cart of k8s/all.yaml already",
        ]);
    });
});

describe("Importing what is more than a Deployment", () => {
    const container = {
        name: "db",
        image: `postgres@${digest}`,
        securityContext: { readOnlyRootFilesystem: true, runAsUser: 999 },
    };
    const pod = { metadata: { labels: { app: "db" } }, spec: { containers: [container] } };

    it("carries the schedule of a CronJob, and its time zone", () => {
        const spec = { schedule: "30 3 * * *", timeZone: "Europe/Berlin", jobTemplate: { spec: { template: pod } } };
        const result = importedFrom([object("CronJob", "db", { spec })]);
        const { kind, schedule } = result.entries.db;
        assert.deepEqual({ kind, schedule }, { kind: "cron", schedule: { cron: "30 3 * * *", timezone: "Europe/Berlin" } });
        assert.deepEqual(linesOf(result), []);
    });

    it("carries the claims of a StatefulSet, and names the Service of its pods' names that is another now", () => {
        const mounted = { ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] };
        const claim = {
            metadata: { name: "data" },
            spec: { storageClassName: "fast", resources: { requests: { storage: "10Gi" } } },
        };
        const spec = {
            serviceName: "db-pods",
            template: { ...pod, spec: { containers: [mounted] } },
            volumeClaimTemplates: [claim],
        };
        const ports = [{ name: "tcp", port: 5432 }];
        const service = (name: string, more: object) =>
            object("Service", name, { spec: { selector: { app: "db" }, ports, ...more } });
        const result = importedFrom([
            object("StatefulSet", "db", { spec }),
            service("db", {}),
            service("db-pods", { clusterIP: "None" }),
        ]);
        const { kind, port, volumes } = result.entries.db;
        assert.deepEqual(
            { kind, port, volumes },
            { kind: "stateful", port: 5432, volumes: { data: { mount: "/data", claim: { size: "10Gi", storageClass: "fast" } } } },
        );
        assert.deepEqual(linesOf(result), [
            "not carried: StatefulSet/db: spec.serviceName: the Service of the pods' own names is <service>-headless",
            "not carried: Service/db-pods: metadata.name: the Service of the pods' own names is <service>-headless",
        ]);
    });

    it("carries the bounds of an autoscaler instead of replicas", () => {
        const scaler = object("HorizontalPodAutoscaler", "cart", {
            spec: {
                scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "cart" },
                minReplicas: 2,
                maxReplicas: 5,
                metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
            },
        });
        const resources = { requests: { cpu: "100m", memory: "64Mi" } };
        const result = importedFrom([...cart({ container: { resources } }), scaler]);
        assert.deepEqual(result.entries.cart.autoscale, { min: 2, max: 5, cpu: 70 });
        assert.deepEqual(linesOf(result), []);
    });

    it("carries the host of a route, and the Gateway that it hangs on", () => {
        const spec = {
            parentRefs: [{ name: "edge", namespace: "infra" }],
            hostnames: ["shop.example.com"],
            rules: [{ backendRefs: [{ name: "cart", port: 80 }] }],
        };
        const result = importedFrom([...cart(), object("HTTPRoute", "cart-external", { spec })]);
        assert.deepEqual(result.entries.cart.expose, { type: "gateway", host: "shop.example.com", gateway: "infra/edge" });
        assert.deepEqual(linesOf(result), []);
    });

    it("makes a route of an Ingress's host and certificate, and says that the rest is not carried", () => {
        const rule = { host: "shop.example.com", http: { paths: [{ path: "/", backend: { service: { name: "cart" } } }] } };
        const result = importedFrom([
            ...cart(),
            object("Ingress", "cart", { spec: { tls: [{ secretName: "certificate" }], rules: [rule] } }),
        ]);
        assert.deepEqual(result.entries.cart.expose, { type: "gateway", host: "shop.example.com", tls: "certificate" });
        assert.deepEqual(linesOf(result), [
            "not carried: Ingress/cart: its first host is `expose` of the service, by the Gateway API; its paths, classes and further hosts are not carried",
        ]);
    });

    it("never opens to the internet what was for the network alone", () => {
        const annotations = { "networking.gke.io/load-balancer-type": "Internal" };
        const [deployment, service] = cart();
        const outside = {
            ...service,
            metadata: { name: "cart-external", annotations },
            spec: { ...(service as { spec: object }).spec, type: "LoadBalancer" },
        };
        const result = importedFrom([deployment, service, outside]);
        assert.equal(result.entries.cart.expose, "internal");
        assert.deepEqual(linesOf(result), []);
    });
});

describe("Importing an image", () => {
    const entry = (image: string, options = {}) => {
        const { entries, pending } = importedFrom(cart({ container: { image } }), options);
        const { source, image: found } = entries.cart ?? {};
        return entries.cart ? (source ?? found) : `waits: ${pending.cart.image}`;
    };

    it("takes what is named as the workload for built, where no public registry or tag alone says otherwise", () => {
        assert.equal(entry("cart"), "src/cart");
        assert.equal(entry("europe-west1-docker.pkg.dev/acme/prod/cart:v1"), "src/cart");
        assert.equal(entry("localhost:5000/cart"), "src/cart");
        for (const image of [
            "cart:7",
            "cart/cart",
            "docker.io/library/cart:7",
            "quay.io/acme/cart",
            "nginx",
            "gcr.io/acme/basket:v1",
        ]) {
            assert.equal(entry(image), `waits: ${image}@sha256:${"0".repeat(64)}`);
        }
    });

    it("keeps a digest, whatever the image is named", () => {
        assert.equal(entry(`cart@${digest}`), `cart@${digest}`);
        assert.equal(entry("redis:8", { images: { "redis:8": `redis:8.2@${digest}` } }), `redis:8.2@${digest}`);
    });

    it("does as it is told: by folder, by pattern, by the start of the name", () => {
        assert.equal(entry("nginx", { sources: { cart: "web/cart" } }), "web/cart");
        assert.equal(entry("cart", { source: "services/{name}/app" }), "services/cart/app");
        assert.equal(entry("ghcr.io/acme/shop-cart:v1", { built: ["ghcr.io/acme/"] }), "src/cart");
    });
});

describe("Importing ConfigMaps and Secrets", () => {
    const password = "correct horse battery staple";
    const config = object("ConfigMap", "settings", { data: { LEVEL: "debug", "app.yaml": "a: 1\n", unused: "x" } });
    const secret = object("Secret", "db", { stringData: { password } });
    const env = [
        { name: "LOG", valueFrom: { configMapKeyRef: { name: "settings", key: "LEVEL" } } },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    ];
    const volumeMounts = [{ name: "settings", mountPath: "/etc/app" }];
    const volumes = [{ name: "settings", configMap: { name: "settings", items: [{ key: "app.yaml", path: "app.yaml" }] } }];
    const documents = [...cart({ container: { env, volumeMounts }, pod: { volumes } }), config, secret];

    it("writes texts out, and refers to secrets", () => {
        const { cart: entry } = importedFrom(documents).entries;
        assert.deepEqual(entry.env, { LOG: "debug", PASSWORD: { secret: "db", key: "password" } });
        assert.deepEqual(entry.files, { "/etc/app/app.yaml": "a: 1\n" });
    });

    it("names each key that no service reads, each variable that it cannot say, and the Secret", () => {
        assert.deepEqual(linesOf(importedFrom(documents)), [
            "not carried: Deployment/cart: spec.template.spec.containers[cart].env[NODE]: no key of services.yaml says it",
            "not carried: Secret/db: the value of a secret is never read into a catalog; make it in each environment's namespace with kubectl create secret",
            "not carried: ConfigMap/settings: data[unused]: no variable and no file of a service is read from it",
        ]);
    });

    it("never writes a secret's value, also where all its keys are variables", () => {
        const all = importedFrom([...cart({ container: { envFrom: [{ secretRef: { name: "db" } }] } }), secret]);
        assert.deepEqual(all.entries.cart.env, { password: { secret: "db", key: "password" } });
        for (const result of [all, importedFrom(documents)]) {
            assert.ok(!catalogText(result, "k8s").includes(password));
        }
    });
});

describe("Importing what GKE makes a Secret of", () => {
    const secrets = (...versions: string[]) =>
        object("SecretProviderClass", "cart-class", {
            apiVersion: "secrets-store.csi.x-k8s.io/v1",
            spec: {
                provider: "gke",
                parameters: {
                    secrets: versions
                        .map((one, index) => `- resourceName: "projects/acme/secrets/${one}"\n  path: p${index}\n`)
                        .join(""),
                },
            },
        });
    const sync = (...keys: string[]) =>
        object("SecretSync", "cart-secret", {
            apiVersion: "secret-sync.gke.io/v1",
            spec: {
                serviceAccountName: "cart",
                secretProviderClassName: "cart-class",
                secretObject: {
                    type: "Opaque",
                    data: keys.map((targetKey, index) => ({ sourcePath: `p${index}`, targetKey })),
                },
            },
        });
    const reading = (...keys: string[]) =>
        cart({
            container: {
                env: keys.map((key) => ({ name: key.toUpperCase(), valueFrom: { secretKeyRef: { name: "cart-secret", key } } })),
            },
        });
    const note =
        "note: SecretProviderClass/cart-class: spec.parameters.secrets: secrets are looked up in each environment's own Google Cloud project";

    it("takes each version by its number, whatever its key is called", () => {
        const result = importedFrom([
            ...reading("password", "token"),
            secrets("db/versions/7", "api/versions/1"),
            sync("password", "token"),
        ]);
        assert.deepEqual(result.entries.cart.env, {
            PASSWORD: { secretManager: "db", version: 7 },
            TOKEN: { secretManager: "api", version: 1 },
        });
        assert.deepEqual(linesOf(result), [note]);
    });

    it("takes all of them where all keys of the Secret are variables", () => {
        const all = cart({ container: { envFrom: [{ prefix: "DB_", secretRef: { name: "cart-secret" } }] } });
        const result = importedFrom([...all, secrets("db/versions/7"), sync("password")]);
        assert.deepEqual(result.entries.cart.env, { DB_password: { secretManager: "db", version: 7 } });
        assert.deepEqual(linesOf(result), [note]);
    });

    it("leaves a Secret what follows the latest version, and says why", () => {
        const result = importedFrom([...reading("password"), secrets("db/versions/latest"), sync("password")]);
        const why =
            "`latest` would change what runs without a promotion; name a version by its number: { secretManager: <secret>, version: <number> }";
        assert.deepEqual(result.entries.cart.env, { PASSWORD: { secret: "cart-secret", key: "password" } });
        assert.deepEqual(linesOf(result), [
            `not carried: SecretProviderClass/cart-class: ${why}`,
            `not carried: SecretSync/cart-secret: ${why}`,
        ]);
    });

    it("names what nobody reads, and whoever else reads it", () => {
        const other = sync("password", "token") as ReturnType<typeof object> & { spec: object };
        const result = importedFrom([
            ...reading("password"),
            secrets("db/versions/7", "api/versions/1"),
            { ...other, spec: { ...other.spec, serviceAccountName: "vault", forceSynchronization: "now" } },
        ]);
        assert.deepEqual(linesOf(result).sort(), [
            "not carried: SecretProviderClass/cart-class: spec.parameters.secrets[1]: no variable of a service is read from it",
            "not carried: SecretSync/cart-secret: spec.forceSynchronization: no key of services.yaml says it",
            "not carried: SecretSync/cart-secret: spec.secretObject.data[1].sourcePath: no variable of a service is read from it",
            "not carried: SecretSync/cart-secret: spec.secretObject.data[1].targetKey: no variable of a service is read from it",
            "not carried: SecretSync/cart-secret: spec.serviceAccountName: every service reads its secrets as itself, by an account of its own that is named as itself",
            note,
        ]);
    });

    const mounting = (driver: string, className = "cart-class") =>
        cart({
            pod: {
                volumes: [{ name: "tls", csi: { driver, readOnly: true, volumeAttributes: { secretProviderClass: className } } }],
            },
            container: { volumeMounts: [{ name: "tls", mountPath: "/tls", readOnly: true }] },
        });

    it("takes a folder of GKE's driver for one of versions, by the names of its files", () => {
        const result = importedFrom([...mounting("secrets-store-gke.csi.k8s.io"), secrets("tls/versions/3", "key/versions/1")]);
        assert.deepEqual(result.entries.cart.volumes, {
            tls: {
                mount: "/tls",
                versions: { p0: { secretManager: "tls", version: 3 }, p1: { secretManager: "key", version: 1 } },
            },
        });
        assert.deepEqual(linesOf(result), [note]);
    });

    it("carries no folder that follows the latest version, or that another driver mounts", () => {
        for (const result of [
            importedFrom([...mounting("secrets-store-gke.csi.k8s.io"), secrets("tls/versions/3", "key/versions/latest")]),
            importedFrom([...mounting("secrets-store.csi.k8s.io"), secrets("tls/versions/3")]),
        ]) {
            assert.equal(result.entries.cart.volumes, undefined);
            const lost = notCarried(linesOf(result)).map((line) => line.slice(0, line.indexOf(": ", 30)));
            assert.deepEqual(lost.sort(), [
                "not carried: Deployment/cart: spec.template.spec.containers[cart].volumeMounts",
                "not carried: Deployment/cart: spec.template.spec.volumes",
                "not carried: SecretProviderClass/cart-class",
            ]);
        }
    });

    it("has nothing to say of a class that another provider reads", () => {
        const foreign = object("SecretProviderClass", "cart-class", { spec: { provider: "vault", parameters: { secrets: "]" } } });
        const result = importedFrom([...reading("password"), foreign, sync("password")]);
        assert.deepEqual(result.entries.cart.env, { PASSWORD: { secret: "cart-secret", key: "password" } });
        assert.deepEqual(
            linesOf(result).map((line) => line.slice(0, line.indexOf(":", 14))),
            ["not carried: SecretProviderClass/cart-class", "not carried: SecretSync/cart-secret"],
        );
    });
});

describe("Importing whom a service calls", () => {
    const web = (env: Record<string, string>) => [
        ...cart(),
        object("Deployment", "web", {
            apiVersion: "apps/v1",
            spec: {
                template: {
                    metadata: { labels: { app: "web" } },
                    spec: {
                        containers: [
                            { name: "web", image: "web", env: Object.entries(env).map(([name, value]) => ({ name, value })) },
                        ],
                    },
                },
            },
        }),
    ];
    const calls = (env: Record<string, string>) => importedFrom(web(env)).entries.web.calls;

    it("finds addresses in every form that names the Service", () => {
        for (const address of [
            "cart:80",
            "http://cart/items",
            "https://me:pw@cart:80",
            "cart.shop.svc.cluster.local:80",
            "a:1,cart:80",
        ]) {
            assert.deepEqual(calls({ X: address }), ["cart"], address);
        }
        assert.deepEqual(calls({ CART_HOST: "cart" }), ["cart"]);
    });

    it("takes no word for an address", () => {
        for (const text of ["cart", "my-cart:80", "cart.example.com:80", "shopping cart", "cart:latest"]) {
            assert.equal(calls({ MODE: text }), undefined, text);
        }
    });

    it("tells which address will be denied because it is no service's", () => {
        const lines = linesOf(importedFrom(web({ DB: "postgres://db.example.com:5432/shop" })));
        assert.ok(
            lines.some((line) =>
                line.startsWith("stricter: Deployment/web: env[DB]: names db.example.com, which is no service here"),
            ),
        );
    });

    it("keeps what NetworkPolicies allow", () => {
        const policy = object("NetworkPolicy", "cart", {
            spec: {
                podSelector: { matchLabels: { app: "cart" } },
                ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }],
            },
        });
        assert.deepEqual(importedFrom([...web({}), policy]).entries.web.calls, ["cart"]);
    });
});

describe("Importing a folder", () => {
    const names = (files: Record<string, string | readonly unknown[]>, folder = "k8s") => {
        const collected = collect(tree(files), folder);
        return { objects: collected.objects.map(({ kind, name }) => `${kind}/${name}`), result: imported(collected) };
    };

    it("reads all files, all documents in them, lists, and the folders below", () => {
        const [deployment, service] = cart();
        const { objects } = names({
            "k8s/b.yaml": [null, { apiVersion: "v1", kind: "List", items: [service] }],
            "k8s/cart/a.yaml": [deployment],
            "elsewhere/x.yaml": cart(),
        });
        assert.deepEqual(objects, ["Service/cart", "Deployment/cart"]);
    });

    it("names a document that is no object, and an object that stands twice", () => {
        const [deployment, service] = cart();
        const { result } = names({
            "k8s/a.yaml": [{ image: { tag: "v1" } }, deployment, service],
            "k8s/b.yaml": [structuredClone(deployment)],
        });
        assert.deepEqual(
            result.lines.map(({ file, reason }) => `${file}: ${reason}`),
            [
                "k8s/a.yaml: a document that is no Kubernetes object: expected apiVersion, kind and metadata.name",
                "k8s/b.yaml: stands in k8s/a.yaml too, and that one was taken",
            ],
        );
    });

    it("applies what a kustomization says, and names what it cannot apply", () => {
        const [deployment, service] = cart({ container: { image: "cart" } });
        const kustomization = {
            resources: ["../base", "https://example.com/more.yaml"],
            images: [{ name: "cart", newName: "redis", newTag: "8", digest }],
            replicas: [{ name: "cart", count: 3 }],
            commonLabels: { team: "shop" },
            commonAnnotations: { owner: "shop" },
            namespace: "shop",
            namePrefix: "prod-",
            patches: [{ path: "patch.yaml" }],
            configMapGenerator: [{ name: "settings", literals: ["LEVEL=debug"], files: ["app.yaml"] }],
        };
        const { objects, result } = names(
            {
                "k8s/base/all.yaml": [deployment, service],
                "k8s/prod/kustomization.yaml": [kustomization],
                "k8s/prod/patch.yaml": [
                    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "cart" }, spec: { replicas: 9 } },
                ],
            },
            "k8s/prod",
        );
        assert.deepEqual(objects, ["Deployment/cart", "Service/cart", "ConfigMap/settings"]);
        const { image, replicas, annotations } = result.entries.cart;
        assert.deepEqual(
            { image, replicas, annotations },
            { image: `redis:8@${digest}`, replicas: 3, annotations: { owner: "shop" } },
        );
        assert.deepEqual(
            result.lines.filter(({ object: about }) => about === undefined).map(({ file, path }) => `${file}: ${path}`),
            [
                "k8s/prod/kustomization.yaml: resources[https://example.com/more.yaml]",
                "k8s/prod/kustomization.yaml: namePrefix",
                "k8s/prod/kustomization.yaml: patches[0]",
                "k8s/prod/kustomization.yaml: configMapGenerator[settings].files",
            ],
        );
    });
});

describe("The catalog that is written", () => {
    it("has each line above the service that it is about, and reads as the entries", () => {
        const result = importedFrom(cart({ pod: { hostNetwork: true } }));
        const text = catalogText(result, "k8s");
        assert.match(text, /^# yaml-language-server: \$schema=services\.schema\.json\n/);
        assert.match(
            text,
            /\n {2}# not carried: k8s\/all\.yaml: Deployment\/cart: spec\.template\.spec\.hostNetwork: .*\n {2}cart:\n {4}source: src\/cart\n/,
        );
        assert.deepEqual(parse(text), { defaults: result.defaults, services: result.entries });
    });
});
