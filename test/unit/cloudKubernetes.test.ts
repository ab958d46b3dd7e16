import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import { InitializationError, unknown, type ProviderInstance, type Values } from "../../sandbox/providers/double";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import type { PulledImage } from "../../sandbox/providers/kubernetes/kubelet";
import { merge } from "../../sandbox/providers/values";

const admin = "user:admin@acme.example";
const deployer = "serviceAccount:deployer@acme-dev.iam.gserviceaccount.com";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const image = (digit: string) => `registry.example/develop/cart@${digest(digit)}`;
const healthy: PulledImage["config"] = { User: "1000", Entrypoint: ["/app"] };
const images = new Map<string, PulledImage["config"]>(
    Object.entries({
        [image("a")]: healthy,
        [image("b")]: healthy,
        [image("c")]: { ...healthy, Labels: { "dev.oneflow.sandbox.behaviour": "crash" } },
        [image("d")]: { ...healthy, Labels: { "dev.oneflow.sandbox.behaviour": "never-ready" } },
        [image("e")]: { ...healthy, User: "" },
        [image("f")]: { User: "1000" },
    }),
);
const tokens = {
    namespace: "kubernetes:core/v1:Namespace",
    account: "kubernetes:core/v1:ServiceAccount",
    service: "kubernetes:core/v1:Service",
    configMap: "kubernetes:core/v1:ConfigMap",
    secret: "kubernetes:core/v1:Secret",
    quota: "kubernetes:core/v1:ResourceQuota",
    deployment: "kubernetes:apps/v1:Deployment",
    role: "kubernetes:rbac.authorization.k8s.io/v1:Role",
    binding: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    budget: "kubernetes:policy/v1:PodDisruptionBudget",
};

const kubeconfig = (user: string) => `
current-context: kind
contexts: [{ name: kind, context: { cluster: kind, user: me } }]
clusters: [{ name: kind, cluster: { server: "https://127.0.0.1:6443" } }]
users: [{ name: me, user: ${user} }]
`;

/** A Deployment that is as it should be, with what differs laid over its container, its pod and its spec. */
function deployment({
    container = {},
    pod = {},
    spec = {},
    digit = "a",
}: { container?: Values; pod?: Values; spec?: Values; digit?: string } = {}): Values {
    const labels = { app: "cart" };
    const server = {
        ...{
            name: "server",
            image: image(digit),
            ports: [{ name: "grpc", containerPort: 7070 }],
            readinessProbe: { grpc: { port: 7070 } },
        },
        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    };
    const template = {
        metadata: { labels },
        spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            containers: [merge(server, container)],
            ...pod,
        },
    };
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    return {
        metadata: { name: "cart", namespace: "shop" },
        spec: { replicas: 2, selector: { matchLabels: labels }, strategy, template, ...spec },
    };
}

describe("The Kubernetes double", () => {
    let directory: string;
    let cloud: Cloud;
    let cluster: ProviderInstance;
    let pulledBy: string[];
    const double = () =>
        kubernetesDouble(cloud, {
            ...{
                kubeconfig: kubeconfig("{ exec: { command: gke-gcloud-auth-plugin } }"),
                member: admin,
                progressDeadline: 20,
                startup: 0,
            },
            pullImage: async (reference, member) => {
                pulledBy.push(member);
                const config = images.get(reference);
                if (!config) {
                    throw new Error(`${reference}: not found`);
                }
                return { digest: reference.split("@")[1], config };
            },
        });
    beforeEach(async () => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-kubernetes-"));
        cloud = new Cloud(directory);
        pulledBy = [];
        cloud.addCluster({ name: "kind", server: "https://127.0.0.1:6443", admins: [admin], nodeMember: "serviceAccount:nodes" });
        cloud.addIdentity({ token: "deployer-token", member: deployer });
        cluster = await double().configure({ upsertExistingObjects: "true" });
        await apply(tokens.namespace, {
            metadata: { name: "shop", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
        });
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    async function apply(token: string, news: Values, as = cluster) {
        const { inputs, failures = [] } = await as.check({ token, name: "thing", news, seed: Buffer.alloc(32, 7) });
        assert.deepEqual(failures, []);
        return as.create({ token, inputs, preview: false });
    }
    const objects = () => cloud.objects("kind");
    const running = () => objects().running("shop", "app").cart?.server ?? [];
    /** Reasons why the Deployment did not come to life. */
    async function failure(inputs: Values): Promise<InitializationError> {
        try {
            await apply(tokens.deployment, inputs);
        } catch (error) {
            assert.ok(error instanceof InitializationError, String(error));
            return error;
        }
        return assert.fail("the rollout succeeded");
    }

    for (const [what, inputs, message] of [
        [
            "an unknown field",
            deployment({ container: { imagePullPolice: "Always" } }),
            /containers\[0\]\.imagePullPolice: field not declared in schema/,
        ],
        [
            "a number where a text belongs",
            deployment({ container: { env: [{ name: "PORT", value: 8080 }] } }),
            /env\[0\]\.value: expected string, got 8080/,
        ],
        [
            "one variable twice",
            deployment({
                container: {
                    env: [
                        { name: "A", value: "1" },
                        { name: "A", value: "2" },
                    ],
                },
            }),
            /duplicate entries for key \[name="A"\]/,
        ],
        [
            "a variable that is none",
            deployment({ container: { env: [{ name: "1A", value: "1" }] } }),
            /env\[0\]\.name: Invalid value: "1A"/,
        ],
        [
            "a quantity that is none",
            deployment({ container: { resources: { requests: { cpu: "lots" } } } }),
            /requests\.cpu: quantities must match/,
        ],
        [
            "requests over limits",
            deployment({ container: { resources: { requests: { cpu: "300m" } } } }),
            /must be less than or equal to cpu limit of 200m/,
        ],
        [
            "a probe of two kinds",
            deployment({ container: { readinessProbe: { tcpSocket: { port: 1 } } } }),
            /may not specify more than 1 handler type/,
        ],
        [
            "a probe of no kind",
            deployment({ container: { livenessProbe: { periodSeconds: 5 } } }),
            /livenessProbe: Required value: must specify a handler type/,
        ],
        [
            "a probe of a port that nobody named",
            deployment({ container: { livenessProbe: { httpGet: { port: "web" } } } }),
            /no port of the container has this name/,
        ],
        [
            "a port's name of 16",
            deployment({ container: { ports: [{ name: "a-very-long-name", containerPort: 1 }] } }),
            /no more than 15 characters/,
        ],
        ["a port beyond the last", deployment({ container: { ports: [{ containerPort: 70000 }] } }), /must be between 1 and 65535/],
        [
            "a mount of no volume",
            deployment({ container: { volumeMounts: [{ name: "data", mountPath: "/data" }] } }),
            /volumeMounts\[0\]\.name: Not found: "data"/,
        ],
        [
            "a selector that finds other pods",
            deployment({ spec: { selector: { matchLabels: { app: "other" } } } }),
            /`selector` does not match template `labels`/,
        ],
        [
            "a name with an underscore",
            merge(deployment(), { metadata: { name: "cart_service" } }),
            /metadata\.name: Invalid value: "cart_service"/,
        ],
        ["a label of 64", merge(deployment(), { metadata: { labels: { app: "a".repeat(64) } } }), /a valid label must be/],
        [
            "a rollout that can neither add nor remove",
            deployment({ spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } }),
            /may not be 0 when `maxSurge` is 0/,
        ],
        ["a namespace that is not there", merge(deployment(), { metadata: { namespace: "none" } }), /namespaces "none" not found/],
    ] as const) {
        it(`refuses ${what}`, async () => {
            await assert.rejects(apply(tokens.deployment, inputs), message);
            assert.equal(objects().get("Deployment", "shop", "cart"), undefined);
        });
    }

    it("refuses kinds that it does not play, Services that no DNS could name, and budgets that say two things", async () => {
        assert.throws(
            () => cluster.check({ token: "kubernetes:apps/v1:DaemonSet", name: "d", news: {}, seed: Buffer.alloc(32) }),
            /the sandbox's Kubernetes has no DaemonSet/,
        );
        await assert.rejects(
            apply(tokens.service, { metadata: { name: "1cart", namespace: "shop" }, spec: { ports: [{ port: 1 }] } }),
            /a DNS-1035 label/,
        );
        await assert.rejects(
            apply(tokens.budget, {
                metadata: { name: "cart", namespace: "shop" },
                spec: { selector: {}, minAvailable: 1, maxUnavailable: 1 },
            }),
            /cannot be both set/,
        );
    });

    it("runs what it is told and says so by its pods", async () => {
        const { id, outputs } = await apply(tokens.deployment, deployment());

        assert.equal(id, "shop/cart");
        assert.equal((outputs.status as { readyReplicas: number }).readyReplicas, 2);
        assert.deepEqual(running(), [image("a")]);
        assert.equal(objects().readyPods("shop").length, 2);
        assert.deepEqual([...new Set(pulledBy)], ["serviceAccount:nodes"]);
    });

    it("restarts nothing when nothing changed, and only scales when only the number changed", async () => {
        const first = await apply(tokens.deployment, deployment());
        const names = () =>
            objects()
                .readyPods("shop")
                .map(({ metadata }) => metadata.name);
        const before = names();
        const second = await apply(tokens.deployment, deployment());
        assert.deepEqual(second.outputs.metadata, first.outputs.metadata);
        assert.deepEqual(names(), before);

        await apply(tokens.deployment, deployment({ spec: { replicas: 3 } }));
        assert.equal(names().length, 3);
        assert.deepEqual(
            before.filter((name) => !names().includes(name)),
            [],
        );
    });

    it("replaces all pods when the image changed", async () => {
        await apply(tokens.deployment, deployment());
        const { outputs } = await apply(tokens.deployment, deployment({ digit: "b" }));

        assert.deepEqual(running(), [image("b")]);
        assert.equal((outputs.metadata as { generation: number }).generation, 2);
        assert.equal(objects().list("Pod", "shop").length, 2);
    });

    for (const [what, digit, reason] of [
        ["crashes", "c", /\[CrashLoopBackOff\] back-off 10s restarting failed container=server/],
        ["never gets ready", "d", /\[ReadinessProbeFailed\] Readiness probe failed/],
        ["runs as root", "e", /container has runAsNonRoot and image will run as root/],
        ["has nothing to run", "f", /no command specified/],
        ["cannot be pulled", "9", /\[ImagePullBackOff\] Back-off pulling image .*not found/],
    ] as const) {
        it(`keeps the old pods serving when the new image ${what}, and goes back at once`, async () => {
            await apply(tokens.deployment, deployment());
            const error = await failure(deployment({ digit }));

            assert.match(error.message, reason);
            assert.ok(error.message.includes(image(digit)));
            assert.equal(error.id, "shop/cart");
            assert.deepEqual(running(), [image("a")]);
            assert.equal(objects().readyPods("shop").length, 2);

            await apply(tokens.deployment, deployment());
            assert.deepEqual(running(), [image("a")]);
            assert.equal(objects().list("Pod", "shop").length, 2);
        });
    }

    it("tries again what failed, without any change of the object", async () => {
        await failure(deployment({ digit: "9" }));
        images.set(image("9"), healthy);
        try {
            await apply(tokens.deployment, deployment({ digit: "9" }));
            assert.deepEqual(running(), [image("9")]);
        } finally {
            images.delete(image("9"));
        }
    });

    it("lets no pod into a restricted namespace that is not", async () => {
        const { message } = await failure(
            deployment({
                container: { securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: [] } } },
                pod: { securityContext: {} },
            }),
        );

        for (const violation of [
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "server" must set securityContext.allowPrivilegeEscalation=false)',
            'unrestricted capabilities (container "server" must set securityContext.capabilities.drop=["ALL"])',
            'runAsNonRoot != true (pod or container "server" must set securityContext.runAsNonRoot=true)',
            'seccompProfile (pod or container "server" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
        ]) {
            assert.ok(message.includes(violation), message);
        }
        assert.equal(objects().list("Pod", "shop").length, 0);
    });

    it("makes no pod for a ServiceAccount that is not there", async () => {
        const { message } = await failure(deployment({ pod: { serviceAccountName: "cart" } }));
        assert.match(message, /error looking up service account shop\/cart: serviceaccount "cart" not found/);

        await apply(tokens.account, { metadata: { name: "cart", namespace: "shop" } });
        await apply(tokens.deployment, deployment({ pod: { serviceAccountName: "cart" } }));
        assert.deepEqual(running(), [image("a")]);
    });

    it("starts no container whose Secret is not there", async () => {
        const env = [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }];
        assert.match(
            (await failure(deployment({ container: { env } }))).message,
            /\[CreateContainerConfigError\] secret "db" not found/,
        );

        await apply(tokens.secret, { metadata: { name: "db", namespace: "shop" }, stringData: { user: "u" } });
        assert.match((await failure(deployment({ container: { env } }))).message, /couldn't find key password in Secret shop\/db/);
    });

    it("counts quota, old pods beside new ones included", async () => {
        await apply(tokens.quota, {
            metadata: { name: "oneflow", namespace: "shop" },
            spec: { hard: { pods: "2", "requests.cpu": "1" } },
        });
        await apply(tokens.deployment, deployment());
        const { message } = await failure(deployment({ digit: "b" }));

        assert.match(message, /exceeded quota: oneflow, requested: pods=1, used: pods=2, limited: pods=2/);
        assert.deepEqual(running(), [image("a")]);
    });

    it("takes a Service for live once a ready pod stands behind it", async () => {
        const service = (app: string) => ({
            metadata: { name: app, namespace: "shop" },
            spec: { type: "LoadBalancer", selector: { app }, ports: [{ port: 80, targetPort: 7070 }] },
        });
        const [{ outputs }] = await Promise.all([apply(tokens.service, service("cart")), apply(tokens.deployment, deployment())]);

        assert.match(
            (outputs.status as { loadBalancer: { ingress: { ip: string }[] } }).loadBalancer.ingress[0].ip,
            /^203\.0\.113\.\d+$/,
        );
        await assert.rejects(apply(tokens.service, service("nobody")), /Service does not target any Pods/);
    });

    it("lets a deployer do what a Role says, in its namespace, and no more", async () => {
        const asDeployer = await double().configure({ kubeconfig: kubeconfig("{ token: deployer-token }") });
        const user = "deployer@acme-dev.iam.gserviceaccount.com";
        await assert.rejects(
            apply(tokens.deployment, deployment(), asDeployer),
            new RegExp(
                `deployments\\.apps "cart" is forbidden: User "${user}" cannot patch resource "deployments" in API group "apps" in the namespace "shop"`,
            ),
        );

        await apply(tokens.namespace, { metadata: { name: "other" } });
        await apply(tokens.role, {
            metadata: { name: "deployer", namespace: "shop" },
            rules: [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "create", "patch"] }],
        });
        const bind = (roleRef: string) => ({
            metadata: { name: "deployer", namespace: "shop" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: roleRef },
            subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
        });
        await apply(tokens.binding, bind("deployer"));
        const { id, outputs } = await apply(tokens.deployment, deployment(), asDeployer);
        assert.deepEqual(running(), [image("a")]);

        await assert.rejects(
            apply(tokens.deployment, merge(deployment(), { metadata: { namespace: "other" } }), asDeployer),
            /in the namespace "other"/,
        );
        await assert.rejects(asDeployer.delete({ token: tokens.deployment, id, outputs }), /cannot delete resource "deployments"/);
        await assert.rejects(
            apply(tokens.configMap, { metadata: { name: "c", namespace: "shop" } }, asDeployer),
            /cannot patch resource "configmaps"/,
        );
        await assert.rejects(apply(tokens.binding, bind("other")), /roleRef: Invalid value: .*field is immutable/);
    });

    it("lets nobody in whom it does not know, and reaches no cluster that there is not", async () => {
        const reached = async (config: Record<string, string>) =>
            apply(tokens.configMap, { metadata: { name: "c", namespace: "shop" } }, await double().configure(config));
        await assert.rejects(reached({ kubeconfig: kubeconfig("{ token: forged }") }), /Unauthorized/);
        await assert.rejects(reached({ context: "gke_prod" }), /context "gke_prod" does not exist: the kubeconfig has kind/);
        await assert.rejects(
            reached({
                kubeconfig: kubeconfig("{ token: deployer-token }").replace("127.0.0.1:6443", "gke-1.europe-west1.gke.goog"),
            }),
            /no such host/,
        );
    });

    it("tells what changes in a cluster that it does not reach, and does nothing there", async () => {
        const unreached = await double().configure({ context: "gke_prod" });
        const old = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "shop" }, data: { a: "1" } };
        const { inputs } = await unreached.check({
            token: tokens.configMap,
            name: "c",
            olds: old,
            news: old,
            seed: Buffer.alloc(32),
        });
        assert.deepEqual(inputs, old);
        const asked = { token: tokens.configMap, id: "shop/c", oldInputs: old, oldOutputs: old, ignore: [] };
        assert.deepEqual((await unreached.diff({ ...asked, inputs })).changes, {});
        const changed = { ...old, data: { a: "2" } };
        assert.deepEqual((await unreached.diff({ ...asked, inputs: changed })).changes, {
            "data.a": { kind: "update", replace: true },
        });
        const reason = /configured Kubernetes cluster is unreachable: .*context "gke_prod" does not exist/;
        await assert.rejects(unreached.update({ ...asked, inputs: changed, preview: false }), reason);
        await assert.rejects(unreached.read({ ...asked, inputs: old, outputs: old }), reason);
        await assert.rejects(unreached.delete({ ...asked, outputs: old }), reason);

        const skipping = await double().configure({ context: "gke_prod", skipUpdateUnreachable: "true" });
        const check = { token: tokens.configMap, name: "c", olds: old, news: changed, seed: Buffer.alloc(32) };
        assert.deepEqual(skipping.check(check), { inputs: old });
        assert.deepEqual(await skipping.read({ ...asked, inputs: old, outputs: old }), { id: "shop/c", inputs: old, outputs: old });
        await assert.rejects(skipping.update({ ...asked, inputs: changed, preview: false }), reason);
    });

    it("lets members of the cloud into a GKE cluster only by IAM", async () => {
        cloud.addProject({ id: "acme-dev", number: "1001", owner: admin });
        const resource = "projects/acme-dev/locations/europe-west1/clusters/shop";
        cloud.store.put(resource, {
            controlPlaneEndpointsConfig: {
                dnsEndpointConfig: { endpoint: "gke-1.europe-west1.gke.goog", allowExternalTraffic: true },
            },
        });
        const config = kubeconfig("{ token: deployer-token }").replace("127.0.0.1:6443", "gke-1.europe-west1.gke.goog");
        const refused = await double().configure({ kubeconfig: config });
        await assert.rejects(
            apply(tokens.namespace, { metadata: { name: "shop" } }, refused),
            /Permission 'container\.clusters\.connect' denied/,
        );

        cloud.iam.grant("projects/acme-dev", "roles/container.viewer", deployer);
        const viewer = await double().configure({ kubeconfig: config, upsertExistingObjects: "true" });
        await assert.rejects(apply(tokens.namespace, { metadata: { name: "shop" } }, viewer), /cannot patch resource "namespaces"/);
    });

    it("takes all objects away with their namespace", async () => {
        const { id, outputs } = await apply(tokens.deployment, deployment());
        await cluster.delete({ token: tokens.namespace, id: "shop", outputs: {} });

        assert.deepEqual(objects().list("Pod"), []);
        assert.deepEqual(objects().list("Deployment"), []);
        await cluster.delete({ token: tokens.deployment, id, outputs });
    });

    it("asks the API server in a preview, changes nothing, and says what is not known yet", async () => {
        const preview = (inputs: Values) =>
            cluster.create({
                token: tokens.deployment,
                inputs: { apiVersion: "apps/v1", kind: "Deployment", ...inputs },
                preview: true,
            });
        const { outputs } = await preview(deployment());

        assert.equal(outputs.status, unknown);
        assert.equal(objects().get("Deployment", "shop", "cart"), undefined);
        await assert.rejects(preview(deployment({ container: { ports: [{ containerPort: 0 }] } })), /must be between 1 and 65535/);
    });

    it("shows in a refresh what somebody changed by hand", async () => {
        const { id, outputs } = await apply(tokens.configMap, {
            metadata: { name: "flags", namespace: "shop" },
            data: { banner: "on" },
        });
        const live = objects().get("ConfigMap", "shop", "flags")!;
        objects().put({ ...live, data: { banner: "off", added: "by hand" } });
        const inputs = { metadata: { name: "flags", namespace: "shop" }, data: { banner: "on" } };
        const read = await cluster.read({ token: tokens.configMap, id, inputs, outputs });

        assert.deepEqual(read?.inputs.data, { banner: "off" });
        objects().delete(live);
        assert.equal(await cluster.read({ token: tokens.configMap, id, inputs, outputs }), undefined);
    });

    it("changes an image in place, and replaces an object for a new name or selector", async () => {
        const changes = async (inputs: Values) =>
            cluster.diff({
                token: tokens.deployment,
                id: "shop/cart",
                oldInputs: deployment(),
                oldOutputs: {},
                inputs,
                ignore: [],
            });

        assert.deepEqual((await changes(deployment({ digit: "b" }))).changes, {
            "spec.template.spec.containers[0].image": { kind: "update", replace: false },
        });
        assert.deepEqual((await changes(merge(deployment(), { metadata: { name: "basket" } }))).changes, {
            "metadata.name": { kind: "update", replace: true },
        });
        const selector = await changes(deployment({ spec: { selector: { matchLabels: { app: "basket" } } } }));
        assert.deepEqual(selector.changes, { "spec.selector.matchLabels.app": { kind: "update", replace: true } });
        assert.equal(selector.deleteBeforeReplace, true);
    });
});
