import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterClient, ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { playKubelets } from "../../sandbox/kubernetes/kubelet";
import { keepNodes } from "../../sandbox/kubernetes/nodes";
import { type Servers, startServers } from "../../sandbox/kubernetes/servers";
import { behaviourLabel, type PulledImage } from "../../sandbox/providers/kubernetes/containers";
import { digest } from "./cluster";

/** What there is to pull: image → its configuration. */
const images: Record<string, PulledImage["config"]> = {
    good: { User: "1000", Entrypoint: ["/app"] },
    crashing: { User: "1000", Entrypoint: ["/app"], Labels: { [behaviourLabel]: "crash" } },
    unready: { User: "1000", Entrypoint: ["/app"], Labels: { [behaviourLabel]: "never-ready" } },
    rooted: { User: "0", Entrypoint: ["/app"] },
};

/** An image of those above, as a pod names it. */
const named = (name: string) => `registry.example/${name}@${digest("1")}`;

describe("A node that runs nothing", function () {
    this.timeout(180_000);
    const directory = mkdtempSync(join(tmpdir(), "oneflow-node-"));
    const stopped = new AbortController();
    let servers: Servers;
    let client: ClusterClient;

    before(async () => {
        servers = await startServers({ directory });
        client = servers.as("admin");
        const { signal } = stopped;
        const pull = async (reference: string) => {
            const [, name] = /\/(\w+)@/.exec(reference)!;
            if (!(name in images)) throw new Error(`${reference}: not found`);
            return { digest: digest("1"), config: images[name] };
        };
        playKubelets({ client, pull, signal });
        await keepNodes(client, [{ name: "node-b", zone: "europe-west1-b" }], signal);
        await client.until("/api/v1/namespaces/default/serviceaccounts", (all) => all.length > 0);
    });

    after(async () => {
        stopped.abort();
        await servers.processes.stop();
        rmSync(directory, { recursive: true });
    });

    it("has a pod serve as soon as its images were pulled, and says which they were", async () => {
        await create("serving", { containers: [container("app", "good")] });
        const { status } = await settled("serving", ready);
        assert.equal(status.phase, "Running");
        assert.deepEqual(
            status.containerStatuses.map(({ name, imageID, restartCount }) => ({ name, imageID, restartCount })),
            [{ name: "app", imageID: named("good"), restartCount: 0 }],
        );
        assert.match(status.podIP!, /^10\.\d+\.\d+\.\d+$/);
    });

    it("keeps a pod waiting for its init container, and names what holds that up", async () => {
        await create("held", { initContainers: [container("first", "crashing")], containers: [container("app", "good")] });
        const { status } = await settled("held", ({ status }) => status.initContainerStatuses?.[0].restartCount === 2);
        assert.equal(status.phase, "Pending");
        assert.equal(status.initContainerStatuses![0].state.waiting?.reason, "CrashLoopBackOff");
        assert.equal(status.initContainerStatuses![0].lastState?.terminated?.exitCode, 1);
        assert.deepEqual(status.containerStatuses[0].state.waiting, { reason: "PodInitializing" });
    });

    it("starts a container once the Secret is there that it was waiting for", async () => {
        const valueFrom = { secretKeyRef: { name: "shop-db", key: "password" } };
        await create("keyed", { containers: [{ ...container("app", "good"), env: [{ name: "PASSWORD", valueFrom }] }] });
        const waiting = await settled("keyed", ({ status }) => status.containerStatuses !== undefined);
        assert.deepEqual(waiting.status.containerStatuses[0].state, {
            waiting: { reason: "CreateContainerConfigError", message: 'secret "shop-db" not found' },
        });
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "shop-db" }, stringData: { password: "x" } };
        await client.create("/api/v1/namespaces/default/secrets", secret);
        await settled("keyed", ready);
    });

    it("runs but does not serve where a probe never succeeds", async () => {
        await create("unready", { containers: [{ ...container("app", "unready"), readinessProbe: { tcpSocket: { port: 80 } } }] });
        const { status } = await settled("unready", ({ status }) => status.phase === "Running");
        assert.equal(status.containerStatuses[0].ready, false);
        assert.equal(status.conditions.find(({ type }) => type === "Ready")?.reason, "ContainersNotReady");
    });

    it("starts no image that would run as root where that is forbidden", async () => {
        const container = { name: "app", image: named("rooted"), securityContext: { runAsNonRoot: true } };
        await create("rooted", { containers: [container] });
        const { status } = await settled("rooted", ({ status }) => status.containerStatuses !== undefined);
        assert.deepEqual(status.containerStatuses[0].state.waiting, {
            reason: "CreateContainerConfigError",
            message: "container has runAsNonRoot and image will run as root (pod: rooted, container: app)",
        });
    });

    it("lets the pod of a Job end, well or not, as its image says", async () => {
        await createJob("migrates", "good");
        await createJob("fails", "crashing");
        const jobs = await client.until<Job>("/apis/batch/v1/namespaces/default/jobs", (all) =>
            all.every(({ status }) => (status.conditions ?? []).some(({ type }) => type === "Complete" || type === "Failed")),
        );
        const ends = jobs.map(({ metadata, status }) => {
            const end = status.conditions!.find(({ type }) => type === "Complete" || type === "Failed")!;
            return [metadata.name, end.type, end.reason, status.failed ?? 0];
        });
        assert.deepEqual(ends.sort(), [
            ["fails", "Failed", "BackoffLimitExceeded", 1],
            ["migrates", "Complete", "CompletionsReached", 0],
        ]);
    });

    it("lets go of a pod as soon as it is deleted", async () => {
        await create("leaving", { containers: [container("app", "good")] });
        await settled("leaving", ready);
        await client.delete(`${pods}/leaving`);
        await client.until(pods, (all) => !all.some(({ metadata }) => metadata.name === "leaving"));
    });

    const create = (name: string, spec: object) => client.create(pods, { apiVersion: "v1", kind: "Pod", metadata: { name }, spec });

    const createJob = (name: string, image: string) => {
        const template = { spec: { restartPolicy: "Never", containers: [container("job", image)] } };
        const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { backoffLimit: 0, template } };
        return client.create("/apis/batch/v1/namespaces/default/jobs", job);
    };

    /** The pod once it is as asked. */
    const settled = async (name: string, asked: (pod: Pod) => boolean): Promise<Pod> => {
        const found = await client.until<Pod>(`${pods}?fieldSelector=metadata.name%3D${name}`, (all) => all.some(asked));
        return found[0];
    };
});

const pods = "/api/v1/namespaces/default/pods";

const container = (name: string, image: string) => ({ name, image: named(image) });

const ready = ({ status }: Pod) => (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

interface ContainerState {
    name: string;
    imageID: string;
    ready: boolean;
    restartCount: number;
    state: { waiting?: { reason: string; message?: string } };
    lastState?: { terminated?: { exitCode: number } };
}

interface Pod extends ClusterObject {
    status: {
        phase: string;
        podIP?: string;
        conditions: { type: string; status: string; reason?: string }[];
        initContainerStatuses?: ContainerState[];
        containerStatuses: ContainerState[];
    };
}

interface Job extends ClusterObject {
    status: { failed?: number; conditions?: { type: string; reason?: string }[] };
}
