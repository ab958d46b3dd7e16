import type { KubernetesObject } from "../cloud/objects";
import {
    InitializationError,
    ProviderError,
    unknown,
    type CheckRequest,
    type CheckResult,
    type CreateRequest,
    type DeleteRequest,
    type DiffRequest,
    type ProviderInstance,
    type ReadRequest,
    type ResourceDiff,
    type UpdateRequest,
    type Values,
} from "../double";
import { at, isKnown, isRecord, merge, projection, text } from "../values";
import { Forbidden } from "./access";
import type { ApiServer } from "./apiServer";
import { completeInputs, idOf, inputChanges, isAnnotated, placeOf } from "./inputs";
import { isComplete } from "./job";
import { kindOf, nameOf, qualified, type Kind } from "./kinds";
import type { Liveness } from "./liveness";

/** A provider instance whose cluster is played from the cloud's files: API server, controllers and nodes. */
export class PlayedInstance implements ProviderInstance {
    constructor(
        private readonly server: ApiServer,
        private readonly liveness: Liveness,
        /** Namespace for objects that name none. */
        private readonly namespace: string,
        /** Whether what is there already is taken over where a program makes it. */
        private readonly upsert: boolean,
    ) {}

    check(request: CheckRequest): CheckResult {
        return completeInputs(request, kindOf(request.token), this.namespace);
    }

    diff(request: DiffRequest): ResourceDiff {
        const changes = inputChanges(request);
        return isAnnotated(request.inputs, replaceUnready) && this.isUnready(request)
            ? { ...changes, changes: { ...changes.changes, ...madeAnew } }
            : changes;
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
        const object = this.made(kind, inputs);
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
        const { name, namespace = this.namespace } = placeOf(id);
        const object = this.server.get(kind, kind.namespaced ? namespace : undefined, name);
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
        const object = this.asked(inputs, "updated", () => this.server.apply(kind, inputs));
        return this.live(object, inputs, `the Kubernetes API server reported that ${JSON.stringify(id)}`);
    }

    async delete({ token, id }: DeleteRequest): Promise<void> {
        const kind = kindOf(token);
        const { name, namespace = this.namespace } = placeOf(id);
        this.server.delete(kind, kind.namespaced ? namespace : undefined, name);
    }

    async invoke(token: string): Promise<Values> {
        throw new ProviderError(`the sandbox's Kubernetes has no function ${token}`);
    }

    private made(kind: Kind, inputs: Values): KubernetesObject {
        return this.asked(inputs, "created", () => {
            const name = nameOf(inputs);
            const namespace = kind.namespaced ? text(inputs, "metadata.namespace") : undefined;
            if (!this.upsert && this.server.objects.get(kind.kind, namespace, name)) {
                throw new ProviderError(`${qualified(kind)} ${JSON.stringify(name)} already exists`);
            }
            return this.server.apply(kind, inputs);
        });
    }

    private asked(inputs: Values, done: string, ask: () => KubernetesObject): KubernetesObject {
        try {
            return ask();
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

    /**
     * A preview asks the API server too, once all is known and the namespace is there. Who may only look is told what the program
     * says: the real provider takes a refused dry run for none.
     */
    private dryRun(kind: Kind, inputs: Values): void {
        const namespace = text(inputs, "metadata.namespace");
        const ready =
            !kind.namespaced ||
            (namespace !== undefined && this.server.objects.get("Namespace", undefined, namespace) !== undefined);
        if (!isKnown(inputs) || !ready) return;
        try {
            this.server.judge(kind, inputs);
        } catch (error) {
            if (!(error instanceof Forbidden)) throw error;
        }
    }

    /** Whether a Job stands where it could only be made anew. The real provider looks at no other kind. */
    private isUnready({ token, id }: DiffRequest): boolean {
        const kind = kindOf(token);
        const { name, namespace = this.namespace } = placeOf(id);
        const object = kind.kind === "Job" ? this.server.get(kind, namespace, name) : undefined;
        return object !== undefined && !isComplete(object);
    }

    /** The object once it has come to life. @throws InitializationError where it does not, with the object as it is */
    private async live(object: KubernetesObject, inputs: Values, subject: string): Promise<Values> {
        const { reasons, failed } = isAnnotated(object, "pulumi.com/skipAwait")
            ? { reasons: [], failed: false }
            : await this.liveness.await(object);
        const { kind, metadata } = object;
        const now = this.server.objects.get(kind, metadata.namespace, metadata.name) ?? object;
        if (reasons.length > 0) {
            const how = failed
                ? `Resource '${metadata.name}' was created but failed to initialize`
                : `'${metadata.name}' timed out waiting to be Ready`;
            const headline = `${subject} failed to fully initialize or become live: ${how}`;
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

const replaceUnready = "pulumi.com/replaceUnready";
const madeAnew = { [`metadata.annotations["${replaceUnready}"]`]: { kind: "update", replace: true } } as const;
