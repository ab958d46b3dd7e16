import {
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
} from "../../double";
import { isKnown, merge, text } from "../../values";
import { completeInputs, idOf, inputChanges, isAnnotated, kindOfToken, placeOf } from "../inputs";
import { deleteObject } from "./deletion";
import { defaultTimeoutSeconds, Life } from "./life";
import { newFieldManager, type LiveCluster, type LiveKind } from "./liveCluster";
import { importedInputs, liveInputs } from "./liveInputs";
import { conditionOf, type LiveObject } from "./observed";
import { initializationError, managerOf, outputsOf } from "./state";

export interface LiveInstanceOptions {
    /** Namespace for objects that name none. */
    namespace: string;
    /** Whether what is there already is taken over where a program makes it. */
    upsert: boolean;
    /** How long a pod may be kept from starting before its rollout has failed, in milliseconds. */
    standstill: number;
}

/** A provider instance that works against a real API server, as the real provider does. */
export class LiveInstance implements ProviderInstance {
    private readonly life: Life;

    constructor(
        private readonly cluster: LiveCluster,
        private readonly options: LiveInstanceOptions,
    ) {
        this.life = new Life(cluster, options.standstill);
    }

    async check(request: CheckRequest): Promise<CheckResult> {
        const named = kindOfToken(request.token);
        const { namespaced = true } = (await this.cluster.kindOf(named.apiVersion, named.kind)) ?? {};
        return completeInputs(request, { ...named, namespaced }, this.options.namespace);
    }

    async diff(request: DiffRequest): Promise<ResourceDiff> {
        const changes = inputChanges(request);
        return isAnnotated(request.inputs, replaceUnready) && (await this.isUnready(request))
            ? {
                  changes: { ...changes.changes, [`metadata.annotations["${replaceUnready}"]`]: { kind: "update", replace: true } },
                  deleteBeforeReplace: changes.deleteBeforeReplace,
              }
            : changes;
    }

    async create({ token, inputs, preview, timeoutSeconds }: CreateRequest) {
        if (preview) {
            const kind = await this.findKind(token);
            if (kind && isKnown(inputs)) await this.cluster.dryCreate(kind, inputs);
            const system = { uid: unknown, resourceVersion: unknown, creationTimestamp: unknown };
            return { id: "", outputs: { ...merge(inputs, { metadata: system }), status: unknown } };
        }
        const kind = await this.kind(token);
        const fieldManager = newFieldManager();
        const object = await this.made(kind, inputs, fieldManager);
        const subject = `resource ${idOf(object)} was successfully created, but the Kubernetes API server reported that it`;
        return { id: idOf(object), outputs: await this.live(kind, object, inputs, { subject, fieldManager, timeoutSeconds }) };
    }

    async read({ token, id, inputs, outputs }: ReadRequest) {
        const kind = await this.findKind(token);
        const object = kind && (await this.find(kind, id));
        if (!object) return undefined;
        const isImport = Object.keys(inputs).length === 0;
        const found = {
            id,
            inputs: isImport ? importedInputs(object) : liveInputs(inputs, object),
            outputs: outputsOf(object, managerOf(outputs)),
        };
        const reasons = isImport ? [] : await this.life.troubles(kind, object);
        if (reasons.length > 0) {
            const headline = `Resource '${object.metadata.name}' was created but failed to initialize`;
            throw initializationError(headline, reasons, found);
        }
        return found;
    }

    async update({ token, id, inputs, oldOutputs, preview, timeoutSeconds }: UpdateRequest): Promise<Values> {
        const kind = await this.kind(token);
        const fieldManager = managerOf(oldOutputs);
        if (preview) {
            if (isKnown(inputs)) await this.cluster.dryUpdate(kind, inputs, fieldManager);
            return { ...oldOutputs, ...inputs, metadata: { ...(oldOutputs.metadata as object), ...(inputs.metadata as object) } };
        }
        const subject = `the Kubernetes API server reported that ${JSON.stringify(id)}`;
        const object = await this.changed(kind, inputs, { id, subject, fieldManager });
        return this.live(kind, object, inputs, { subject, fieldManager, timeoutSeconds });
    }

    async delete({ token, id, timeoutSeconds = defaultTimeoutSeconds }: DeleteRequest): Promise<void> {
        const kind = await this.findKind(token);
        const object = kind && (await this.find(kind, id));
        if (!object) return;
        const annotations = object.metadata.annotations ?? {};
        const propagationPolicy = policies[annotations["pulumi.com/deletionPropagationPolicy"]?.toLowerCase()] ?? "Foreground";
        const collection = this.cluster.path(kind, object.metadata.namespace);
        const timeout = timeoutSeconds * 1000;
        await this.cluster.asked(() => deleteObject(this.cluster.client, collection, object, { propagationPolicy, timeout }));
    }

    async invoke(token: string): Promise<Values> {
        throw new ProviderError(`the sandbox's Kubernetes has no function ${token}`);
    }

    private async made(kind: LiveKind, inputs: Values, fieldManager: string): Promise<LiveObject> {
        try {
            return this.options.upsert
                ? await this.cluster.apply(kind, inputs, fieldManager)
                : await this.cluster.create(kind, inputs);
        } catch (error) {
            if (!(error instanceof ProviderError)) throw error;
            const place = [text(inputs, "metadata.namespace"), text(inputs, "metadata.name")].filter(Boolean).join("/");
            throw new ProviderError(
                `resource ${place} was not successfully created by the Kubernetes API server: ${error.message}`,
            );
        }
    }

    /**
     * The object with its new inputs.
     *
     * @throws InitializationError where it is refused: as with the real provider the state keeps the inputs, and the next update tries again
     */
    private async changed(
        kind: LiveKind,
        inputs: Values,
        { id, subject, fieldManager }: { id: string; subject: string; fieldManager: string },
    ): Promise<LiveObject> {
        try {
            return await this.cluster.update(kind, inputs, fieldManager);
        } catch (error) {
            if (!(error instanceof ProviderError)) throw error;
            const object = await this.find(kind, id);
            if (!object) throw error;
            const headline = `${subject} failed to fully initialize or become live: ${error.message}`;
            throw initializationError(headline, [], { id, inputs, outputs: outputsOf(object, fieldManager) });
        }
    }

    /** The outputs of the object once it has come to life. @throws InitializationError where it does not, with the object as it is */
    private async live(
        kind: LiveKind,
        object: LiveObject,
        inputs: Values,
        { subject, fieldManager, timeoutSeconds }: { subject: string; fieldManager: string; timeoutSeconds?: number },
    ): Promise<Values> {
        const outcome = await this.life.wait(kind, object, timeoutSeconds);
        const outputs = outputsOf(outcome.object, fieldManager);
        if (outcome.live) return outputs;
        const { name } = object.metadata;
        const how = outcome.failed
            ? `Resource '${name}' was created but failed to initialize`
            : `'${name}' timed out waiting to be Ready`;
        const headline = `${subject} failed to fully initialize or become live: ${how}`;
        throw initializationError(headline, outcome.reasons, { id: idOf(object), outputs, inputs });
    }

    /** Whether a Job is there that has not come to its end. The real provider looks at no other kind. */
    private async isUnready({ token, id }: DiffRequest): Promise<boolean> {
        const kind = await this.findKind(token);
        const object = kind?.kind === "Job" ? await this.find(kind, id) : undefined;
        return object !== undefined && !conditionOf(object, "Complete")?.holds;
    }

    private find(kind: LiveKind, id: string): Promise<LiveObject | undefined> {
        const { name, namespace = this.options.namespace } = placeOf(id);
        return this.cluster.get(kind, kind.namespaced ? namespace : undefined, name);
    }

    private findKind(token: string): Promise<LiveKind | undefined> {
        const { apiVersion, kind } = kindOfToken(token);
        return this.cluster.kindOf(apiVersion, kind);
    }

    private kind(token: string): Promise<LiveKind> {
        const { apiVersion, kind } = kindOfToken(token);
        return this.cluster.requireKind(apiVersion, kind);
    }
}

const replaceUnready = "pulumi.com/replaceUnready";
const policies: Readonly<Record<string, string>> = { orphan: "Orphan", background: "Background" };
