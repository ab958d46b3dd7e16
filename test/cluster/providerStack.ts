import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterClient, ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { Cloud } from "../../sandbox/providers/cloud";
import { InitializationError, type ProviderInstance, type ResourceDiff, type Values } from "../../sandbox/providers/double";
import { kubernetesDouble } from "../../sandbox/providers/kubernetes/double";
import { sharedCluster } from "./cluster";

/** Types of resources, by what tests call them. */
export const types = {
    namespace: "kubernetes:core/v1:Namespace",
    configMap: "kubernetes:core/v1:ConfigMap",
    secret: "kubernetes:core/v1:Secret",
    service: "kubernetes:core/v1:Service",
    quota: "kubernetes:core/v1:ResourceQuota",
    claim: "kubernetes:core/v1:PersistentVolumeClaim",
    pod: "kubernetes:core/v1:Pod",
    deployment: "kubernetes:apps/v1:Deployment",
    statefulSet: "kubernetes:apps/v1:StatefulSet",
    daemonSet: "kubernetes:apps/v1:DaemonSet",
    job: "kubernetes:batch/v1:Job",
    autoscaler: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    definition: "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
};

/** What the engine's state keeps of a resource. */
interface Kept {
    token: string;
    id: string;
    inputs: Values;
    outputs: Values;
}

interface StackOptions {
    /** Of the namespace. */
    labels?: object;
    /** Of the provider. */
    config?: Record<string, string>;
    /** How long a pod may be kept from starting, in milliseconds. */
    progressDeadline?: number;
}

/** Resources that a provider instance made in a namespace of the shared control plane, kept as the engine keeps them. */
export class Stack {
    private readonly kept = new Map<string, Kept>();

    private constructor(
        readonly namespace: string,
        private readonly provider: ProviderInstance,
        /** The API as the administrator sees it. */
        readonly admin: ClusterClient,
    ) {}

    /** A stack with its namespace. */
    static async in(namespace: string, { labels = {}, config = {}, progressDeadline = 200 }: StackOptions = {}): Promise<Stack> {
        const { kubeconfig, as } = await sharedCluster();
        const directory = mkdtempSync(join(tmpdir(), "oneflow-provider-"));
        try {
            const double = kubernetesDouble(new Cloud(directory), {
                ...{ kubeconfig, member: "user:nobody@acme.example", progressDeadline },
                pullImage: () => assert.fail("a real kubelet pulls by itself"),
            });
            const stack = new Stack(namespace, await double.configure({ namespace, ...config }), as("admin"));
            await stack.up(types.namespace, { metadata: { name: namespace, labels } });
            return stack;
        } finally {
            rmSync(directory, { recursive: true });
        }
    }

    /** Makes a resource, or changes it to what is given. @returns its outputs */
    async up(token: string, news: Values, timeoutSeconds = 60): Promise<Values> {
        const { key, before, inputs } = await this.checked(token, news);
        const request = { token, inputs, preview: false, timeoutSeconds };
        try {
            const after = before
                ? { id: before.id, outputs: await this.provider.update({ ...request, ...old(before) }) }
                : await this.provider.create(request);
            this.kept.set(key, { token, inputs, ...after });
            return after.outputs;
        } catch (error) {
            if (error instanceof InitializationError) this.kept.set(key, { token, inputs, id: error.id, outputs: error.outputs });
            throw error;
        }
    }

    /** The lines of why a resource did not come to life. Names of pods are shortened to what their owner is called. */
    async failure(token: string, news: Values, timeoutSeconds?: number): Promise<string[]> {
        try {
            await this.up(token, news, timeoutSeconds);
        } catch (error) {
            if (!(error instanceof InitializationError)) throw error;
            return error.reasons.map((reason) =>
                reason.replace(/^(Pod [a-z]+(?:-[a-z]+)*?)(?:-[a-z0-9]{8,10})?-[a-z0-9]{5}:/, "$1-*:"),
            );
        }
        assert.fail("it came to life");
    }

    async preview(token: string, news: Values): Promise<void> {
        const { before, inputs } = await this.checked(token, news);
        const request = { token, inputs, preview: true };
        await (before ? this.provider.update({ ...request, ...old(before) }) : this.provider.create(request));
    }

    async diff(token: string, news: Values): Promise<ResourceDiff> {
        const { before, inputs } = await this.checked(token, news);
        return this.provider.diff({ token, inputs, ignore: [], ...old(before!) });
    }

    /** Reads a resource into the state. @returns its inputs as they stand in the cluster, nothing where it is gone */
    async refresh(token: string, name: string): Promise<Values | undefined> {
        const kept = this.kept.get(keyOf(token, name))!;
        const read = await this.provider.read(kept);
        if (read) this.kept.set(keyOf(token, name), { token, ...read });
        return read?.inputs;
    }

    async delete(token: string, name: string, timeoutSeconds = 60): Promise<void> {
        const kept = this.kept.get(keyOf(token, name))!;
        await this.provider.delete({ ...kept, timeoutSeconds });
        this.kept.delete(keyOf(token, name));
    }

    /** Path of a collection in the namespace, or of an object: `apps/v1`, `deployments/cart`. */
    path(apiVersion: string, place: string): string {
        return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/namespaces/${this.namespace}/${place}`;
    }

    /** Changes an object as somebody else, by what he says of it. */
    async byHand(path: string, change: object, manager: string): Promise<ClusterObject> {
        return this.admin.patch(`${path}?fieldManager=${manager}`, change, "merge-patch+json");
    }

    private async checked(token: string, news: Values) {
        const name = (news.metadata as { name: string }).name;
        const before = this.kept.get(keyOf(token, name));
        const seed = Buffer.alloc(32, 7);
        const { inputs, failures = [] } = await this.provider.check({
            token,
            name,
            news,
            seed,
            ...(before ? { olds: before.inputs } : {}),
        });
        assert.deepEqual(failures, []);
        return { key: keyOf(token, name), before, inputs };
    }
}

const keyOf = (token: string, name: string) => `${token} ${name}`;
const old = ({ id, inputs, outputs }: Kept) => ({ id, oldInputs: inputs, oldOutputs: outputs });

/** A workload's spec whose pods run an image; the pods are as Pod Security wants them. */
export function workload(app: string, image: string, further: Values = {}): Values {
    const labels = { app };
    return { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(image) }, ...further };
}

export function podSpec(image: string): Values {
    const container = {
        ...{ name: "server", image, resources: { requests: { cpu: "10m", memory: "16Mi" } } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    };
    return {
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
        containers: [container],
    };
}

/** File with the certificate of a control plane's authority, from its kubeconfig. */
export function authorityOf(kubeconfig: string): string {
    return readKubeconfig(kubeconfig).clusters[0].cluster["certificate-authority"];
}

/** Token of a user of a control plane, from its kubeconfig. */
export function tokenOf(kubeconfig: string, user: string): string {
    return readKubeconfig(kubeconfig).users.find(({ name }) => name === user)!.user.token;
}

function readKubeconfig(kubeconfig: string) {
    return JSON.parse(readFileSync(kubeconfig, "utf8")) as {
        clusters: { cluster: { "certificate-authority": string } }[];
        users: { name: string; user: { token: string } }[];
    };
}
