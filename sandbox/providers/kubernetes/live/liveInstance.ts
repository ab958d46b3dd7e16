import { setTimeout as sleep } from "node:timers/promises";
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
} from "../../double";
import { isKnown, merge, text } from "../../values";
import { completeInputs, idOf, inputChanges, isAnnotated, kindOfToken, placeOf } from "../inputs";
import { awaiters } from "./awaiters";
import { awaitLife, verdictNow, type Outcome } from "./awaiting";
import { deleteObject } from "./deletion";
import { newFieldManager, type LiveCluster, type LiveKind } from "./liveCluster";
import { importedInputs, liveInputs } from "./liveInputs";
import { conditionOf, type Awaiter, type LiveObject } from "./observed";

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
    constructor(
        private readonly cluster: LiveCluster,
        private readonly options: LiveInstanceOptions,
    ) {}

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
        const { name, namespace } = placeOf(id);
        const object =
            kind && (await this.cluster.get(kind, kind.namespaced ? (namespace ?? this.options.namespace) : undefined, name));
        if (!object) return undefined;
        const isImport = Object.keys(inputs).length === 0;
        const found = {
            id,
            inputs: isImport ? importedInputs(object) : liveInputs(inputs, object),
            outputs: outputsOf(object, managerOf(outputs)),
        };
        const reasons = isImport ? [] : await this.troubles(kind, object);
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

    /** The object with its new inputs. @throws InitializationError where it is refused: the real provider keeps the inputs, and the next update tries again */
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
        const outcome = await this.outcome(kind, object, timeoutSeconds);
        const outputs = outputsOf(outcome.object, fieldManager);
        if (outcome.reasons.length === 0) return outputs;
        const { name } = object.metadata;
        const how = outcome.failed
            ? `Resource '${name}' was created but failed to initialize`
            : `'${name}' timed out waiting to be Ready`;
        const headline = `${subject} failed to fully initialize or become live: ${how}`;
        throw initializationError(headline, outcome.reasons, { id: idOf(object), outputs, inputs });
    }

    private async outcome(kind: LiveKind, object: LiveObject, timeoutSeconds = defaultTimeoutSeconds): Promise<Outcome> {
        const awaiter = awaiterOf(kind, object);
        if (!awaiter) return { object, reasons: [], failed: false };
        const collection = this.cluster.path(kind, object.metadata.namespace);
        const patience = { timeout: timeoutSeconds * 1000, standstill: this.options.standstill };
        return this.cluster.asked(() => awaitLife(this.cluster.client, object, collection, awaiter, patience));
    }

    /** What has gone wrong with an object. Nothing where it is live, or may be on its way. */
    private async troubles(kind: LiveKind, object: LiveObject): Promise<readonly string[]> {
        const awaiter = awaiterOf(kind, object);
        if (!awaiter) return [];
        const {
            live,
            failed,
            stuck = {},
            reasons,
        } = await this.cluster.asked(() => verdictNow(this.cluster.client, object, awaiter));
        return !live && (failed || Object.keys(stuck).length > 0) ? reasons : [];
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

    /** A kind whose definition was made a moment before is not known at once. As in the real provider, it is asked for some times. */
    private async kind(token: string): Promise<LiveKind> {
        for (let pause = 100; pause < 3200; pause *= 2) {
            const kind = await this.findKind(token);
            if (kind) return kind;
            await sleep(pause);
        }
        const named = kindOfToken(token);
        throw new ProviderError(
            `no matches for kind ${JSON.stringify(named.kind)} in version ${JSON.stringify(named.apiVersion)}: the Kubernetes API server ` +
                "reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created",
        );
    }
}

function awaiterOf({ apiVersion, kind }: LiveKind, object: LiveObject): Awaiter | undefined {
    return isAnnotated(object, "pulumi.com/skipAwait") ? undefined : awaiters[`${apiVersion}/${kind}`];
}

function initializationError(
    headline: string,
    reasons: readonly string[],
    { id, outputs, inputs }: { id: string; outputs: Values; inputs: Values },
): InitializationError {
    const message = [headline, ...reasons.map((reason) => `  * ${reason}`)].join("\n");
    return new InitializationError(message, id, outputs, inputs, [headline, ...reasons]);
}

/** What the state keeps of an object: all but who set which field, and under which name this resource applies its own. */
function outputsOf({ metadata, ...object }: LiveObject, fieldManager: string): Values {
    const { managedFields: _managedFields, ...rest } = metadata as LiveObject["metadata"] & { managedFields?: unknown };
    return { ...object, metadata: rest, [fieldManagerKey]: fieldManager };
}

function managerOf(outputs: Values): string {
    return text(outputs, fieldManagerKey) ?? newFieldManager();
}

/** Where the real provider keeps it. */
const fieldManagerKey = "__fieldManager";
const replaceUnready = "pulumi.com/replaceUnready";
const policies: Readonly<Record<string, string>> = { orphan: "Orphan", background: "Background" };
const defaultTimeoutSeconds = 600;
