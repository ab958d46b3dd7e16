import type { Cloud } from "../cloud";
import type { KubernetesObject } from "../cloud/objects";
import { diffInputs } from "../diff";
import {
    InitializationError,
    ProviderError,
    unknown,
    type CheckRequest,
    type CheckResult,
    type CreateRequest,
    type DeleteRequest,
    type DiffRequest,
    type ProviderDouble,
    type ProviderInstance,
    type ReadRequest,
    type ResourceDiff,
    type UpdateRequest,
    type Values,
} from "../double";
import { at, isKnown, isRecord, merge, projection, text } from "../values";
import { ApiServer } from "./apiServer";
import { readKubeconfig, unreachable } from "./kubeconfig";
import { Kubelet, type PullImage } from "./kubelet";
import { kindOf, nameOf, type Kind } from "./kinds";
import { Liveness } from "./liveness";

export interface KubernetesDoubleOptions {
    /** Path or text of the kubeconfig for providers that name none. */
    kubeconfig: string;
    /** Member that a kubeconfig's user with an auth plugin stands for: whoever is logged in. */
    member: string;
    pullImage: PullImage;
    /** How long a rollout may stand still before it has failed, in milliseconds. @default 1500 */
    progressDeadline?: number;
    /** How long a container takes to be ready, in milliseconds. @default 5 */
    startup?: number;
}

/** Plays the package `kubernetes`: each provider instance talks to the cluster that its kubeconfig's context names. */
export function kubernetesDouble(cloud: Cloud, options: KubernetesDoubleOptions): ProviderDouble {
    return {
        name: "kubernetes",
        version: "4.34.2",
        diffConfig: (before, after) => diffInputs(before, after, { replaceOn: ["context", "cluster"] }),
        configure: async (config) => {
            const connection = readKubeconfig(config.kubeconfig ?? options.kubeconfig, config);
            const member = connection.token === undefined ? options.member : cloud.identify(connection.token);
            const cluster = cloud.clusterAt(connection.server);
            if (!cluster) {
                throw unreachable(`${connection.server}: dial tcp: lookup ${new URL(connection.server).hostname}: no such host`);
            }
            if (member === undefined) {
                throw unreachable("the server has asked for the client to provide credentials: Unauthorized");
            }
            const { progressDeadline = 1500, startup = 5 } = options;
            const server = new ApiServer(cloud, cluster, member);
            const kubelet = new Kubelet(server.objects, options.pullImage, cluster.nodeMember, startup);
            return new KubernetesInstance(server, new Liveness(server.objects, kubelet, progressDeadline), connection.namespace);
        },
    };
}

class KubernetesInstance implements ProviderInstance {
    constructor(
        private readonly server: ApiServer,
        private readonly liveness: Liveness,
        private readonly namespace: string,
    ) {}

    check({ token, name, olds, news, seed }: CheckRequest): CheckResult {
        const kind = kindOf(token);
        const given = text(news, "metadata.name");
        const generated = at(news, "metadata.name") === undefined;
        const metadata = {
            name: generated ? (text(olds, "metadata.name") ?? `${name}-${seed.toString("hex").slice(0, 8)}`) : (given ?? unknown),
            ...(kind.namespaced ? { namespace: this.namespace } : {}),
            ...(generated ? { annotations: { "pulumi.com/autonamed": "true" } } : {}),
        };
        const inputs = merge({ apiVersion: kind.apiVersion, kind: kind.kind, metadata }, news);
        const failures =
            at(inputs, "apiVersion") === kind.apiVersion ? [] : [{ property: "apiVersion", reason: `expected ${kind.apiVersion}` }];
        return { inputs, failures };
    }

    diff({ token, oldInputs, inputs, ignore }: DiffRequest): ResourceDiff {
        const replaceOn = ["apiVersion", "kind", "metadata.name", "metadata.namespace", ...(kindOf(token).immutable ?? [])];
        return diffInputs(oldInputs, inputs, {
            replaceOn,
            ignore,
            deleteBeforeReplace:
                nameOf(oldInputs) === nameOf(inputs) && at(oldInputs, "metadata.namespace") === at(inputs, "metadata.namespace"),
        });
    }

    async create({ token, inputs, preview }: CreateRequest) {
        const kind = kindOf(token);
        if (preview) {
            this.dryRun(kind, inputs);
            return {
                id: "",
                outputs: {
                    ...merge(inputs, { metadata: { uid: unknown, resourceVersion: unknown, creationTimestamp: unknown } }),
                    status: unknown,
                },
            };
        }
        const object = this.apply(kind, inputs, "created");
        const id = idOf(object);
        const outputs = await this.live(
            object,
            inputs,
            `resource ${id} was successfully created, but the Kubernetes API server reported that it`,
        );
        return { id, outputs };
    }

    async read({ token, id, inputs }: ReadRequest) {
        const kind = kindOf(token);
        const [name, namespace = kind.namespaced ? this.namespace : undefined] = id.split("/").reverse();
        const object = this.server.get(kind, namespace, name);
        if (!object) {
            return undefined;
        }
        const imported = {
            apiVersion: object.apiVersion,
            kind: object.kind,
            metadata: withoutSystem(object.metadata),
            ...withoutStatus(object),
        };
        return {
            id,
            inputs: Object.keys(inputs).length > 0 ? (projection(inputs, withStringData(object)) as Values) : imported,
            outputs: object,
        };
    }

    async update({ token, id, inputs, oldOutputs, preview }: UpdateRequest): Promise<Values> {
        const kind = kindOf(token);
        if (preview) {
            this.dryRun(kind, inputs);
            return { ...oldOutputs, ...inputs, metadata: { ...(oldOutputs.metadata as object), ...(inputs.metadata as object) } };
        }
        const object = this.apply(kind, inputs, "updated");
        return this.live(object, inputs, `the Kubernetes API server reported that ${JSON.stringify(id)}`);
    }

    async delete({ token, id }: DeleteRequest): Promise<void> {
        const kind = kindOf(token);
        const [name, namespace] = id.split("/").reverse();
        this.server.delete(kind, kind.namespaced ? (namespace ?? this.namespace) : undefined, name);
    }

    async invoke(token: string): Promise<Values> {
        throw new ProviderError(`the sandbox's Kubernetes has no function ${token}`);
    }

    private apply(kind: Kind, inputs: Values, done: string): KubernetesObject {
        try {
            return this.server.apply(kind, inputs);
        } catch (error) {
            if (error instanceof ProviderError) {
                const name = [at(inputs, "metadata.namespace"), nameOf(inputs)].filter(Boolean).join("/");
                throw new ProviderError(
                    `resource ${name} was not successfully ${done} by the Kubernetes API server: ${error.message}`,
                );
            }
            throw error;
        }
    }

    /** A preview asks the API server too, once all is known and the namespace is there. */
    private dryRun(kind: Kind, inputs: Values): void {
        const namespace = text(inputs, "metadata.namespace");
        const ready =
            !kind.namespaced ||
            (namespace !== undefined && this.server.objects.get("Namespace", undefined, namespace) !== undefined);
        if (isKnown(inputs) && ready) {
            this.server.judge(kind, inputs);
        }
    }

    /** The object once it has come to life. @throws InitializationError where it does not, with the object as it is */
    private async live(object: KubernetesObject, inputs: Values, subject: string): Promise<Values> {
        const reasons =
            at(object, "metadata.annotations")?.["pulumi.com/skipAwait" as never] === "true"
                ? []
                : await this.liveness.await(object);
        const { kind, metadata } = object;
        const now = this.server.objects.get(kind, metadata.namespace, metadata.name) ?? object;
        if (reasons.length > 0) {
            const headline = `${subject} failed to fully initialize or become live: '${metadata.name}' timed out waiting to be Ready`;
            throw new InitializationError(
                [headline, ...reasons.map((reason) => `  * ${reason}`)].join("\n"),
                idOf(object),
                now,
                inputs,
                [headline, ...reasons],
            );
        }
        return now;
    }
}

const idOf = ({ metadata }: KubernetesObject) =>
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;

function withoutStatus({ status: _status, metadata: _metadata, ...rest }: KubernetesObject): Values {
    return rest;
}

function withoutSystem({
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    generation: _generation,
    ...rest
}: KubernetesObject["metadata"]): Values {
    return rest;
}

/** A Secret's data once more as text: that is how programs write it, though the API server keeps it in one form only. */
function withStringData(object: KubernetesObject): Values {
    const data = Object.entries(isRecord(object.data) ? object.data : {});
    return object.kind === "Secret"
        ? {
              ...object,
              stringData: Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(String(value), "base64").toString()])),
          }
        : object;
}
