import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import type { Pod } from "../../sandbox/providers/cloud/objects";
import { InitializationError, type ProviderInstance, type ResourceDiff, type Values } from "../../sandbox/providers/double";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import type { PulledImage } from "../../sandbox/providers/kubernetes/kubelet";
import { merge, records, at } from "../../sandbox/providers/values";

const admin = "user:admin@acme.example";
const key = "acme-dev/europe-west1/shop";
const resource = "projects/acme-dev/locations/europe-west1/clusters/shop";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const config = `
current-context: gke
contexts: [{ name: gke, context: { cluster: gke, user: me } }]
clusters: [{ name: gke, cluster: { server: "https://gke-1.europe-west1.gke.goog" } }]
users: [{ name: me, user: { exec: { command: gke-gcloud-auth-plugin } } }]
`;

/** Images of the tests: how the containers behave that are made from them. One that is not among them cannot be pulled. */
export const image = (behaviour: "good" | "better" | "crash" | "crash:migrate" | "never-ready" | "gone") =>
    `registry.example/develop/${behaviour.replace(":", "-")}@${digest({ good: "a", better: "b", crash: "c", "crash:migrate": "d", "never-ready": "e", gone: "f" }[behaviour])}`;
const images = new Map(
    (["good", "better", "crash", "crash:migrate", "never-ready"] as const).map((behaviour) => [
        image(behaviour),
        {
            ...{ User: "1000", Entrypoint: ["/app"] },
            ...(["good", "better"].includes(behaviour) ? {} : { Labels: { "dev.oneflow.sandbox.behaviour": behaviour } }),
        } satisfies PulledImage["config"],
    ]),
);

/** A GKE cluster that is played from files, with the namespace `shop`, and a provider's resources in it. */
export class PlayedCluster {
    private readonly kept = new Map<string, { token: string; id: string; inputs: Values; outputs: Values }>();

    private constructor(
        private readonly directory: string,
        private readonly cloud: Cloud,
        private readonly provider: ProviderInstance,
    ) {}

    /** With settings of the cluster, and of the provider. */
    static async start(
        settings: Values = { enableAutopilot: true },
        configuration: Record<string, string> = {},
    ): Promise<PlayedCluster> {
        const directory = mkdtempSync(join(tmpdir(), "oneflow-cluster-"));
        const cloud = new Cloud(directory);
        cloud.addProject({ id: "acme-dev", number: "1001", owner: admin });
        cloud.store.put(resource, {
            controlPlaneEndpointsConfig: {
                dnsEndpointConfig: { endpoint: "gke-1.europe-west1.gke.goog", allowExternalTraffic: true },
            },
            ...settings,
        });
        const pullImage = async (reference: string) => {
            const found = images.get(reference);
            if (!found) {
                throw new Error("not found");
            }
            return { digest: reference.split("@")[1], config: found };
        };
        const options = { kubeconfig: config, member: admin, pullImage, progressDeadline: 5, startup: 0 };
        const cluster = new PlayedCluster(
            directory,
            cloud,
            await kubernetesDouble(cloud, options).configure({ namespace: "shop", ...configuration }),
        );
        await cluster.up("core/v1:Namespace", { metadata: { name: "shop" } });
        return cluster;
    }

    get objects() {
        return this.cloud.objects(key);
    }

    /** Makes a resource, or changes or replaces it, as the engine would; a resource is what has its type and name. */
    async up(type: string, news: Values): Promise<Values> {
        const token = `kubernetes:${type}`;
        const name = String(at(news, "metadata.name"));
        const place = `${token} ${name}`;
        const old = this.kept.get(place);
        const { inputs } = await this.provider.check({ token, name, olds: old?.inputs, news, seed: Buffer.alloc(32) });
        const diff = old && (await this.diff(place, inputs));
        if (old && diff && Object.values(diff.changes).some(({ replace }) => replace)) {
            assert.equal(diff.deleteBeforeReplace, true);
            await this.provider.delete({ token, id: old.id, outputs: old.outputs } as never);
            this.kept.delete(place);
        }
        const there = this.kept.get(place);
        try {
            const made = there
                ? {
                      id: there.id,
                      outputs: await this.provider.update({ ...there, inputs, oldOutputs: there.outputs, preview: false } as never),
                  }
                : await this.provider.create({ token, inputs, preview: false });
            this.kept.set(place, { token, inputs, ...made });
            return made.outputs;
        } catch (error) {
            if (error instanceof InitializationError) {
                this.kept.set(place, { token, inputs, id: error.id, outputs: error.outputs });
            }
            throw error;
        }
    }

    /** Why a resource did not come to life, line by line; what is random in the names of pods is a star. */
    async failure(type: string, news: Values): Promise<string[]> {
        try {
            await this.up(type, news);
        } catch (error) {
            assert.ok(error instanceof InitializationError, String(error));
            return error.reasons.map((reason) => reason.replace(/(Pod [a-z-]+-)[b-t]{5}(?=:)/, "$1*"));
        }
        return assert.fail("it came to life");
    }

    /** What would change in a resource that is there. */
    diffOf(type: string, name: string): Promise<ResourceDiff> {
        const place = `kubernetes:${type} ${name}`;
        return Promise.resolve(this.diff(place, this.kept.get(place)!.inputs));
    }

    async down(type: string, name: string): Promise<void> {
        const place = `kubernetes:${type} ${name}`;
        const { token, id, outputs } = this.kept.get(place)!;
        await this.provider.delete({ token, id, outputs } as never);
        this.kept.delete(place);
    }

    /** Takes a resource out of what the engine knows: it stays in the cluster. */
    forget(type: string, name: string): void {
        this.kept.delete(`kubernetes:${type} ${name}`);
    }

    /** Pod → image and phase. */
    pods(): Record<string, string> {
        const pods = this.objects.list<Pod>("Pod", "shop").map(({ metadata, spec, status }) => {
            const [{ image: reference }] = records(spec.containers) as { image: string }[];
            return [metadata.name, `${reference.split("@")[0].split("/").at(-1)} ${status.phase}`] as const;
        });
        return Object.fromEntries(pods);
    }

    remove(): void {
        rmSync(this.directory, { recursive: true, force: true });
    }

    private diff(place: string, inputs: Values) {
        const { token, id, inputs: oldInputs, outputs: oldOutputs } = this.kept.get(place)!;
        return this.provider.diff({ token, id, oldInputs, oldOutputs, inputs, ignore: [] });
    }
}

/** A pod's spec of one container, with what differs laid over it. */
export function podSpec(reference: string, { container = {}, pod = {} }: { container?: Values; pod?: Values } = {}): Values {
    return { containers: [merge({ name: "server", image: reference }, container)], ...pod };
}
