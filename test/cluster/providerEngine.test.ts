import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterClient } from "../../sandbox/kubernetes/clusterClient";
import { Cloud } from "../../sandbox/providers/cloud";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import { type ProviderServer, serveProvider } from "../../sandbox/providers/server";
import { type EngineProject, engineProject } from "../engine/project";
import { faultyImages, sharedCluster } from "./cluster";
import { type Pod, serves } from "./observed";

const [good, better] = ["images.example/cart:1", "images.example/cart:2"];

describe("A program on the real engine, over a real API server", function () {
    this.timeout(300_000);
    const directory = mkdtempSync(join(tmpdir(), "oneflow-cloud-"));
    let admin: ClusterClient;
    let served: ProviderServer;
    let project: EngineProject;
    const serving = async () => {
        const { items } = await admin.get<{ items: Pod[] }>("/api/v1/namespaces/engine/pods?labelSelector=app%3Dcart");
        return items.filter(serves).map(({ spec }) => spec.containers[0].image);
    };
    const up = async (images: { cart: string; migrate: string }, ...options: string[]) => {
        project.write(program(images));
        return project.pulumi("up", "--yes", "--skip-preview", ...options);
    };

    before(async () => {
        const { kubeconfig, as } = await sharedCluster();
        admin = as("admin");
        const double = kubernetesDouble(new Cloud(directory), {
            ...{ kubeconfig, member: "user:nobody@acme.example", progressDeadline: 200 },
            pullImage: () => assert.fail("a real kubelet pulls by itself"),
        });
        served = await serveProvider(double);
        project = await engineProject({ environment: { PULUMI_DEBUG_PROVIDERS: `kubernetes:${served.port}` } });
    });
    after(async () => {
        await served?.close();
        project?.remove();
        rmSync(directory, { recursive: true });
    });

    it("is previewed before its namespace is there, then made in order", async () => {
        project.write(program({ cart: good, migrate: good }));
        const { code, text } = await project.pulumi("up", "--yes");

        assert.equal(code, 0, text);
        assert.deepEqual(await serving(), [good, good]);
        assert.match(text, /ready: 2/);
    });

    it("changes nothing when nothing changed, a look into the cluster included", async () => {
        const { code, text } = await up({ cart: good, migrate: good }, "--refresh", "--expect-no-changes");

        assert.equal(code, 0, text);
    });

    it("fails where the rollout does, names the cause at its end, and tries again what failed", async () => {
        const failed = await up({ cart: faultyImages.crashing, migrate: good });

        assert.notEqual(failed.code, 0);
        assert.match(
            failed.text,
            /the Kubernetes API server reported that "engine\/cart" failed to fully initialize or become live/,
        );
        assert.match(
            failed.text,
            /Pod cart-\S+: containers with unready status: \[server\] -- \[CrashLoopBackOff\] .* \(image images\.example\/crashing:1\)/,
        );
        assert.deepEqual(await serving(), [good, good]);

        const again = await up({ cart: faultyImages.crashing, migrate: good }, "--refresh");
        assert.notEqual(again.code, 0, again.text);
        assert.equal((await up({ cart: better, migrate: good })).code, 0);
        assert.deepEqual(await serving(), [better, better]);
    });

    it("stops at a Job that fails, before what waits for it, and makes it anew at the next try", async () => {
        const failed = await up({ cart: good, migrate: faultyImages.failing });
        assert.notEqual(failed.code, 0);
        assert.match(failed.text, /\[BackoffLimitExceeded\] Job has reached the specified backoff limit/);
        assert.match(failed.text, /completed with exit code 1: relation "orders" does not exist/);
        assert.deepEqual(await serving(), [better, better]);

        const job = await admin.get("/apis/batch/v1/namespaces/engine/jobs/migrate");
        assert.notEqual((await up({ cart: good, migrate: faultyImages.failing })).code, 0);
        const another = await admin.get("/apis/batch/v1/namespaces/engine/jobs/migrate");
        assert.notEqual(another.metadata.uid, job.metadata.uid);
        const mended = await up({ cart: good, migrate: better });
        assert.equal(mended.code, 0, mended.text);
        assert.deepEqual(await serving(), [good, good]);
    });

    it("leaves nothing behind", async () => {
        const { code, text } = await project.pulumi("destroy", "--yes", "--skip-preview");

        assert.equal(code, 0, text);
        const { items } = await admin.get<{ items: { metadata: { name: string } }[] }>("/api/v1/namespaces");
        assert.equal(
            items.some(({ metadata }) => metadata.name === "engine"),
            false,
        );
    });
});

/** A migration, and a service that waits for it. */
function program({ cart, migrate }: { cart: string; migrate: string }): string {
    return `
import * as k8s from "@pulumi/kubernetes";

const space = new k8s.core.v1.Namespace("engine", { metadata: { name: "engine" } });
const namespace = space.metadata.name;
const flags = new k8s.core.v1.ConfigMap("flags", { metadata: { name: "flags", namespace }, data: { banner: "on" } });
const migration = new k8s.batch.v1.Job("migrate", {
    metadata: { name: "migrate", namespace, annotations: { "pulumi.com/replaceUnready": "true" } },
    spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: "Never", containers: [{ name: "migrate", image: "${migrate}" }] } },
    },
}, { customTimeouts: { create: "1m" } });
const labels = { app: "cart" };
const deployment = new k8s.apps.v1.Deployment("cart", {
    metadata: { name: "cart", namespace },
    spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: { metadata: { labels }, spec: { containers: [{ name: "server", image: "${cart}", resources: { limits: { cpu: "1000m" } } }] } },
    },
}, { dependsOn: [migration, flags] });
new k8s.core.v1.Service("cart", { metadata: { name: "cart", namespace }, spec: { selector: labels, ports: [{ port: 7070 }] } }, { dependsOn: deployment });

export const ready = deployment.status.readyReplicas;
`;
}
