import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Values } from "../../sandbox/providers/double";
import { readKubeconfig } from "../../sandbox/providers/kubernetes/kubeconfig";
import { handedOver, type ManagedFields } from "../../sandbox/providers/kubernetes/live/fieldManagers";
import { deployment } from "../../sandbox/providers/kubernetes/live/deployment";
import { liveInputs } from "../../sandbox/providers/kubernetes/live/liveInputs";
import { type LiveObject, selectedBy } from "../../sandbox/providers/kubernetes/live/observed";
import { podTrouble } from "../../sandbox/providers/kubernetes/live/podTrouble";

const live = (fields: object): LiveObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "cart-x" }, ...fields });

describe("Inputs read back from a cluster", () => {
    const read = (spec: Values, there: Values) => liveInputs({ spec }, live({ spec: there })).spec;

    it("are the program's where the API server writes the same in another way, or leaves out what says nothing", () => {
        const spec = { cpu: "1000m", memory: "1024Mi", egress: [], suspend: false, value: "", podSelector: {} };
        assert.deepEqual(read(spec, { cpu: "1", memory: "1Gi", podSelector: {} }), spec);
    });

    it("show a changed value, and leave out one that was taken away", () => {
        assert.deepEqual(read({ replicas: 2, paused: true }, { replicas: 5 }), { replicas: 5 });
    });

    it("tell two protocols of one port apart", () => {
        const dns = [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
        ];
        assert.deepEqual(read({ ports: dns }, { ports: dns }), { ports: dns });
        const implied = [{ port: 53 }, { port: 53, protocol: "UDP" }];
        assert.deepEqual(read({ ports: implied }, { ports: [...dns].reverse() }), { ports: implied });
    });

    it("leave out items that others added to a list that several may own, wherever they stand", () => {
        const mine = { name: "server", env: [{ name: "A", value: "1" }] };
        const there = [
            { name: "proxy" },
            {
                name: "server",
                env: [
                    { name: "Z", value: "0" },
                    { name: "A", value: "2" },
                ],
            },
        ];
        assert.deepEqual(read({ containers: [mine] }, { containers: there }), {
            containers: [{ name: "server", env: [{ name: "A", value: "2" }] }],
        });
    });

    it("show an item that somebody added to a list of one owner", () => {
        assert.deepEqual(read({ args: ["a"] }, { args: ["a", "b"] }), { args: ["a", "b"] });
    });
});

describe("What is wrong with a pod", () => {
    const trouble = (status: object) => podTrouble(live({ status }));
    const container = (state: object, further: object = {}) => ({
        name: "server",
        image: "cart:1",
        ready: false,
        state,
        ...further,
    });

    it("is nothing while it only starts, is ready, or has done its work", () => {
        assert.equal(trouble({ phase: "Pending" }), undefined);
        assert.equal(trouble({ containerStatuses: [container({ waiting: { reason: "ContainerCreating" } })] }), undefined);
        assert.equal(trouble({ conditions: [{ type: "Ready", status: "True" }] }), undefined);
        assert.equal(trouble({ phase: "Succeeded", containerStatuses: [container({ terminated: { exitCode: 0 } })] }), undefined);
    });

    it("is its init container where that does not come to its end", () => {
        const init = { name: "schema", image: "schema:1", ready: false, state: { terminated: { exitCode: 3, reason: "Error" } } };
        const waiting = container({ waiting: { reason: "PodInitializing" } });
        assert.deepEqual(trouble({ initContainerStatuses: [init], containerStatuses: [waiting] }), {
            reason: 'Pod cart-x: containers with unready status: [schema] -- [Error] container "schema" completed with exit code 3 (image schema:1)',
        });
    });

    it("is what it waits for and how it ended before, with its last words", () => {
        const lastState = { terminated: { exitCode: 137, reason: "OOMKilled", message: "heap\n" } };
        const held = container({ waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } }, { lastState });
        assert.deepEqual(trouble({ containerStatuses: [held] }), {
            reason: 'Pod cart-x: containers with unready status: [server] -- [CrashLoopBackOff] back-off 10s; [OOMKilled] container "server" completed with exit code 137: heap (image cart:1)',
            obstacle: "held",
        });
    });
});

describe("A Deployment that missed its deadline", () => {
    it("may still come to life: where it goes back, its status says so of the generation before, for a moment", () => {
        const conditions = [
            { type: "Available", status: "True" },
            { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" },
        ];
        const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 1, availableReplicas: 1, conditions };
        const object = { ...live({ spec: { replicas: 1 }, status }), kind: "Deployment" };
        const nothing = { now: [], gone: [] };
        assert.deepEqual(deployment.judge(object, { pods: nothing, replicaSets: nothing }, 0).stuck, { progress: "held" });
    });
});

describe("The owners of an object's fields", () => {
    const entry = (manager: string, operation: "Apply" | "Update", fieldsV1: object, subresource?: string) =>
        ({
            manager,
            operation,
            apiVersion: "apps/v1",
            fieldsType: "FieldsV1",
            fieldsV1,
            ...(subresource ? { subresource } : {}),
        }) as ManagedFields;

    it("stay who they are where neither the provider nor kubectl set any by other means", () => {
        assert.equal(
            handedOver(
                [entry("pulumi-kubernetes-1", "Apply", {}), entry("kubelet", "Update", {}, "status")],
                "pulumi-kubernetes-1",
            ),
            undefined,
        );
    });

    it("become one for what the provider made and people edited, and controllers keep theirs", () => {
        const scaled = entry("kubectl", "Update", { "f:spec": { "f:replicas": {} } }, "scale");
        const handed = handedOver(
            [
                entry("me", "Apply", { "f:spec": { "f:paused": {} } }),
                entry("pulumi-kubernetes", "Update", { "f:spec": { "f:template": {} } }),
                entry("kubectl-edit", "Update", { "f:metadata": { "f:labels": {} } }),
                scaled,
                entry("operator", "Apply", { "f:spec": { "f:strategy": {} } }),
            ],
            "me",
        )!;
        assert.deepEqual(
            handed.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1]),
            [
                ["me", "Apply", { "f:spec": { "f:paused": {}, "f:template": {} }, "f:metadata": { "f:labels": {} } }],
                ["kubectl", "Update", scaled.fieldsV1],
                ["operator", "Apply", { "f:spec": { "f:strategy": {} } }],
            ],
        );
    });
});

describe("The selector of a workload", () => {
    it("finds its pods by labels and expressions", () => {
        const matchExpressions = [
            { key: "tier", operator: "In", values: ["a", "b"] },
            { key: "old", operator: "DoesNotExist" },
        ];
        const query = selectedBy(live({ spec: { selector: { matchLabels: { app: "cart" }, matchExpressions } } }));
        assert.equal(decodeURIComponent(query), "labelSelector=app=cart,tier in (a,b),!old");
    });
});

describe("A kubeconfig", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-kubeconfig-"));
    after(() => rmSync(directory, { recursive: true }));
    const file = (name: string, content: string) => (writeFileSync(join(directory, name), content), join(directory, name));
    const config = (cluster: object, user: object) =>
        JSON.stringify({
            clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443", ...cluster } }],
            users: [{ name: "u", user }],
            contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
            "current-context": "x",
        });
    const encoded = (text: string) => Buffer.from(text).toString("base64");

    it("says who asks and whom, in itself or in files beside it", () => {
        file("ca.crt", "authority");
        file("token", "secret\n");
        const inFiles = file("config", config({ "certificate-authority": "ca.crt" }, { tokenFile: "token" }));
        const inItself = config(
            { "certificate-authority-data": encoded("authority") },
            { "client-certificate-data": encoded("certificate"), "client-key-data": encoded("key") },
        );

        const common = { server: "https://127.0.0.1:6443", namespace: "shop", certificateAuthority: "authority" };
        assert.deepEqual(readKubeconfig(inFiles, {}), { ...common, token: "secret" });
        assert.deepEqual(readKubeconfig(inItself, {}), { ...common, certificate: { certificate: "certificate", key: "key" } });
    });

    it("is refused where its user has nothing to show", () => {
        assert.throws(() => readKubeconfig(config({}, {}), {}), /the user has neither token nor client certificate nor exec/);
    });
});
