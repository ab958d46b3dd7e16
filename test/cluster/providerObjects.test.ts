import assert from "node:assert/strict";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { freePorts } from "../../sandbox/freePorts";
import { ProviderError } from "../../sandbox/providers/double";
import { environmentOf, faultyImages, sharedCluster, usersOf } from "./cluster";
import { authorityOf, podSpec, Stack, types, workload } from "./providerStack";

const image = "images.example/cart:1";

describe("The Kubernetes double over a real API server", function () {
    this.timeout(180_000);
    let stack: Stack;
    before(async () => {
        stack = await Stack.in("objects");
    });

    const configMap = (data: object, annotations: object = {}) => ({ metadata: { name: "flags", annotations }, data });
    const deployment = (further: object = {}, metadata: object = {}) => ({
        metadata: { name: "cart", ...metadata },
        spec: { ...workload("cart", image), ...further },
    });
    const liveDeployment = () =>
        stack.admin.get<ClusterObject & { spec: { replicas: number } }>(stack.path("apps/v1", "deployments/cart"));

    it("makes no object that is there already, and says how it may be taken over", async () => {
        const inTheWay = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs" }, data: {} };
        await stack.admin.create(stack.path("v1", "configmaps"), inTheWay);
        await assert.rejects(stack.up(types.configMap, { metadata: { name: "theirs" } }), (error: Error) => {
            assert.ok(error instanceof ProviderError);
            assert.equal(
                error.message.split("\n")[0],
                'resource objects/theirs was not successfully created by the Kubernetes API server: configmaps "theirs" already exists',
            );
            assert.match(error.message, /`pulumi import`, or `upsertExistingObjects`/);
            return true;
        });
    });

    it("takes an object over that is there already, where the provider is told so", async () => {
        const upserting = await Stack.in("objects-upserted", { config: { upsertExistingObjects: "true" } });
        const theirs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "flags" }, data: { theirs: "1" } };
        await upserting.admin.create(upserting.path("v1", "configmaps"), theirs);
        assert.deepEqual((await upserting.up(types.configMap, configMap({ ours: "1" }))).data, { ours: "1", theirs: "1" });
    });

    it("refuses a field that its kind does not have", async () => {
        const spec = { ...workload("typo", image), replica: 3 };
        await assert.rejects(stack.up(types.deployment, { metadata: { name: "typo" }, spec }), /unknown field "spec\.replica"/);
    });

    it("leaves alone what others wrote: no difference, no conflict, and still there after a change", async () => {
        const { replicas: _none, ...spec } = workload("cart", image);
        const given = (labels: object) => ({ metadata: { name: "cart", labels }, spec });
        await stack.up(types.deployment, given({ team: "one" }));
        const path = stack.path("apps/v1", "deployments/cart");
        await stack.byHand(path, { spec: { replicas: 3 }, metadata: { annotations: { "example.com/by": "hand" } } }, "autoscaler");

        assert.deepEqual(await stack.refresh(types.deployment, "cart"), {
            ...{ apiVersion: "apps/v1", kind: "Deployment" },
            ...given({ team: "one" }),
            metadata: { name: "cart", namespace: "objects", labels: { team: "one" } },
        });
        assert.deepEqual((await stack.diff(types.deployment, given({ team: "one" }))).changes, {});
        await stack.up(types.deployment, given({ team: "two" }));
        const { metadata, spec: live } = await liveDeployment();
        assert.deepEqual([live.replicas, metadata.annotations?.["example.com/by"], metadata.labels], [3, "hand", { team: "two" }]);
        await stack.delete(types.deployment, "cart");
    });

    it("shows in a refresh what somebody changed of its own, and takes it back", async () => {
        await stack.up(types.deployment, deployment());
        await stack.byHand(stack.path("apps/v1", "deployments/cart"), { spec: { replicas: 1 } }, "kubectl-edit");
        await stack.refresh(types.deployment, "cart");
        assert.deepEqual((await stack.diff(types.deployment, deployment())).changes, {
            "spec.replicas": { kind: "update", replace: false },
        });
        await stack.up(types.deployment, deployment());
        assert.equal((await liveDeployment()).spec.replicas, 2);
    });

    it("sees no change where the API server only writes the same in another way", async () => {
        const container = {
            name: "server",
            image,
            resources: { limits: { cpu: "1000m", memory: "1024Mi" } },
            env: [{ name: "EMPTY", value: "" }],
        };
        const template = {
            metadata: { labels: { app: "same" } },
            spec: { ...podSpec(image), containers: [container], volumes: [] },
        };
        const same = { metadata: { name: "same" }, spec: { ...workload("same", image), template } };
        await stack.up(types.deployment, same);
        await stack.refresh(types.deployment, "same");
        assert.deepEqual((await stack.diff(types.deployment, same)).changes, {});
        await stack.up(types.secret, { metadata: { name: "key" }, stringData: { password: "hunter2" } });
        assert.deepEqual((await stack.refresh(types.secret, "key"))?.stringData, { password: "hunter2" });
    });

    it("does not take a field from another applier without being told to", async () => {
        await stack.up(types.deployment, deployment());
        // The first change hands what was created over to the applier that changes it.
        await stack.up(types.deployment, deployment({}, { labels: { team: "one" } }));
        const theirs = { apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: 4 } };
        const path = stack.path("apps/v1", "deployments/cart");
        await stack.admin.patch(`${path}?fieldManager=operator&force=true`, theirs, "apply-patch+yaml");

        const conflict =
            /Apply failed with 1 conflict: conflict with "operator": \.spec\.replicas[^]*"pulumi\.com\/patchForce": "true"/;
        await assert.rejects(stack.preview(types.deployment, deployment({}, { labels: { team: "two" } })), conflict);
        const reasons = await stack.failure(types.deployment, deployment({}, { labels: { team: "two" } }));
        assert.match(reasons.join("\n"), conflict);
        assert.equal((await liveDeployment()).spec.replicas, 4);

        await stack.up(types.deployment, deployment({}, { annotations: { "pulumi.com/patchForce": "true" } }));
        assert.equal((await liveDeployment()).spec.replicas, 2);
    });

    it("asks the API server in a preview, and changes nothing", async () => {
        const there = await stack.admin.get<{ items: unknown[] }>(stack.path("apps/v1", "deployments"));
        const spec = (name: string) => ({ metadata: { name }, spec: workload(name, image) });
        await stack.preview(types.deployment, spec("previewed"));
        await assert.rejects(
            stack.preview(types.deployment, { metadata: { name: "previewed" }, spec: workload("previewed", "") }),
            /spec\.template\.spec\.containers\[0\]\.image: Required value/,
        );
        await assert.rejects(
            stack.preview(types.deployment, deployment({ strategy: { type: "Sudden" } })),
            /Deployment\.apps "cart" is invalid: spec\.strategy: Unsupported value: .*"Sudden"/,
        );
        // It may come with the same update.
        await stack.preview(types.deployment, { ...spec("previewed"), metadata: { name: "previewed", namespace: "not-yet" } });
        assert.deepEqual(
            (await stack.admin.get<{ items: unknown[] }>(stack.path("apps/v1", "deployments"))).items.length,
            there.items.length,
        );
    });

    const job = (name: string, from: string) => ({
        metadata: { name, annotations: { "pulumi.com/replaceUnready": "true" } },
        spec: { backoffLimit: 0, template: { spec: { ...podSpec(from), restartPolicy: "Never" } } },
    });
    const secret = (password: string) => ({ metadata: { name: "key" }, stringData: { password } });
    const set = (storage: string) => ({
        metadata: { name: "store" },
        spec: {
            serviceName: "store",
            ...workload("store", image),
            volumeClaimTemplates: [
                { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } },
            ],
        },
    });
    for (const [what, token, before, after, path] of [
        ["content of a ConfigMap", types.configMap, configMap({ a: "1" }), configMap({ a: "2" }), "data.a"],
        ["content of a Secret", types.secret, secret("1"), secret("2"), "stringData.password"],
        [
            "selector of a Deployment",
            types.deployment,
            deployment(),
            deployment({ selector: { matchLabels: { app: "other" } } }),
            "spec.selector.matchLabels.app",
        ],
        [
            "template of a Job",
            types.job,
            job("done", image),
            job("done", faultyImages.failing),
            "spec.template.spec.containers[0].image",
        ],
        [
            "claims of a StatefulSet",
            types.statefulSet,
            set("1Gi"),
            set("2Gi"),
            "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        ],
    ] as const) {
        it(`makes an object anew, the old one gone first, for another ${what}`, async () => {
            const skipped = { ...before, metadata: { ...before.metadata, annotations: { "pulumi.com/skipAwait": "true" } } };
            await stack.up(token, skipped);
            const unchanged = { ...after, metadata: skipped.metadata };
            const { changes, deleteBeforeReplace } = await stack.diff(token, unchanged);
            assert.deepEqual(changes, { [path]: { kind: "update", replace: true } });
            assert.equal(deleteBeforeReplace, true);
        });
    }

    it("makes a Job anew that failed, and leaves alone one that is complete", async () => {
        const replaced = async (name: string, from: string) => (await stack.diff(types.job, job(name, from))).changes;
        await stack.up(types.job, job("complete", image));
        assert.deepEqual(await replaced("complete", image), {});
        await stack.failure(types.job, job("failed", faultyImages.failing));
        assert.deepEqual(await replaced("failed", faultyImages.failing), {
            'metadata.annotations["pulumi.com/replaceUnready"]': { kind: "update", replace: true },
        });
    });

    it("does not forget in a refresh that a rollout failed", async () => {
        await stack.failure(types.deployment, { metadata: { name: "broken" }, spec: workload("broken", faultyImages.crashing) });
        await assert.rejects(
            stack.refresh(types.deployment, "broken"),
            /Resource 'broken' was created but failed to initialize\n[^]*Minimum number[^]*CrashLoopBackOff/,
        );
    });

    it("finds an object gone that somebody deleted, and deletes it once more without complaint", async () => {
        await stack.up(types.configMap, { metadata: { name: "lost" } });
        await stack.admin.delete(stack.path("v1", "configmaps/lost"));
        assert.equal(await stack.refresh(types.configMap, "lost"), undefined);
        await stack.delete(types.configMap, "lost");
    });

    it("has deleted an object only when all that it owns is gone", async () => {
        await stack.up(types.deployment, { metadata: { name: "gone" }, spec: workload("gone", image) });
        await stack.delete(types.deployment, "gone");
        const pods = await stack.admin.get<{ items: unknown[] }>(stack.path("v1", "pods?labelSelector=app%3Dgone"));
        assert.deepEqual(pods.items, []);
    });

    it("waits for a deletion as long as the program lets it, and names what holds it up", async () => {
        await stack.up(types.configMap, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
        await assert.rejects(stack.delete(types.configMap, "held", 1), {
            message: "'held' timed out waiting to be deleted: finalizers might be preventing deletion (example.com/hold)",
        });
        const deleted = stack.delete(types.configMap, "held");
        await stack.byHand(stack.path("v1", "configmaps/held"), { metadata: { finalizers: null } }, "operator");
        await deleted;
    });

    it("knows the kinds of definitions that were made a moment before, and says which kind there is not", async () => {
        const token = "kubernetes:example.com/v1:Widget";
        // Whatever owns objects is looked for among new kinds only every half minute.
        const annotations = { "pulumi.com/deletionPropagationPolicy": "background" };
        const widget = { metadata: { name: "one", annotations }, spec: { size: 1 } };
        await stack.preview(token, widget);
        await assert.rejects(stack.up(token, widget), /no matches for kind "Widget" in version "example\.com\/v1"/);
        const schema = {
            openAPIV3Schema: {
                type: "object",
                properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
            },
        };
        await stack.up(types.definition, {
            metadata: { name: "widgets.example.com" },
            spec: {
                ...{ group: "example.com", scope: "Namespaced", names: { kind: "Widget", plural: "widgets", singular: "widget" } },
                versions: [{ name: "v1", served: true, storage: true, schema }],
            },
        });
        assert.equal(((await stack.up(token, widget)).metadata as { namespace: string }).namespace, "objects");
        assert.deepEqual((await stack.up(token, { ...widget, spec: { size: 2 } })).spec, { size: 2 });
        await stack.delete(token, "one");
    });

    it("does no more than the user of the kubeconfig may, and says so in the API server's words", async () => {
        const { deployer } = usersOf(environmentOf("dev"));
        const refused = Stack.in("objects-refused", { config: { context: deployer } });
        const who = `User "${deployer}" cannot create resource "namespaces" in API group "" at the cluster scope`;
        await assert.rejects(refused, new RegExp(`namespaces is forbidden: ${who.replace(/[.]/g, "\\.")}`));
    });

    it("reaches no server that does not answer, and none that does not know who asks", async () => {
        const [port] = await freePorts(1);
        const { address, kubeconfig } = await sharedCluster();
        const authority = authorityOf(kubeconfig);
        const config = (server: string) => ({
            kubeconfig: JSON.stringify({
                clusters: [{ name: "c", cluster: { server, "certificate-authority": authority } }],
                users: [{ name: "u", user: { token: "forged" } }],
                contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
                "current-context": "x",
            }),
        });
        await assert.rejects(
            Stack.in("nowhere", { config: config(`https://127.0.0.1:${port}`) }),
            /configured Kubernetes cluster is unreachable: .*ECONNREFUSED/,
        );
        await assert.rejects(
            Stack.in("nowhere", { config: config(address) }),
            /configured Kubernetes cluster is unreachable: .*the server has asked for the client to provide credentials/,
        );
    });
});
