import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiRefused, type ApiResource, type ClusterClient } from "../../../kubernetes/clusterClient";
import { ProviderError, type Values } from "../../double";
import { at, text } from "../../values";
import { handedOver, isProviders, managedFields } from "./fieldManagers";
import type { LiveObject } from "./observed";
import { inProvidersWords } from "./refusals";

/** A kind that the API server knows. */
export interface LiveKind extends ApiResource {
    apiVersion: string;
    kind: string;
}

/** The objects of a real cluster, made and changed as the real provider does. What the server refuses is a ProviderError. */
export class LiveCluster {
    constructor(readonly client: ClusterClient) {}

    /** Nothing where the server knows no such kind: its definition may come later in the same program. @throws ProviderError */
    async kindOf(apiVersion: string, kind: string): Promise<LiveKind | undefined> {
        return this.asked(async () => {
            const resource = await this.client.resourceOf(apiVersion, kind);
            return resource && { ...resource, apiVersion, kind };
        });
    }

    /**
     * A kind whose definition was made a moment before is not known at once. As in the real provider, it is asked for some times.
     *
     * @throws ProviderError where there is no such kind
     */
    async requireKind(apiVersion: string, kind: string): Promise<LiveKind> {
        for (let pause = 100; pause < 3200; pause *= 2) {
            const found = await this.kindOf(apiVersion, kind);
            if (found) return found;
            await sleep(pause);
        }
        throw new ProviderError(
            `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}: the Kubernetes API server ` +
                "reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created",
        );
    }

    /** @throws ProviderError */
    async get(kind: LiveKind, namespace: string | undefined, name: string): Promise<LiveObject | undefined> {
        return this.asked(async () => {
            try {
                return await this.client.get<LiveObject>(this.path(kind, namespace, name));
            } catch (error) {
                if (error instanceof ApiRefused && error.code === 404) return undefined;
                throw error;
            }
        });
    }

    /**
     * Makes an object that is not there yet.
     *
     * @throws ProviderError
     */
    async create(kind: LiveKind, object: Values): Promise<LiveObject> {
        return this.asked(() => this.post(kind, object, ""));
    }

    /**
     * Server-side apply. Fields that others own stay theirs; where the object wants another value for one, it is a conflict.
     *
     * @throws ProviderError
     */
    async apply(kind: LiveKind, object: Values, fieldManager: string): Promise<LiveObject> {
        return this.asked(() => this.patch(kind, object, { fieldManager, force: isForced(object) }), fieldManager);
    }

    /**
     * Changes an object that this program made: what it and kubectl wrote by other means than server-side apply is taken over first.
     *
     * @throws ProviderError
     */
    async update(kind: LiveKind, object: Values, fieldManager: string): Promise<LiveObject> {
        await this.asked(() => this.takeOver(this.pathTo(kind, object), fieldManager));
        return this.apply(kind, object, fieldManager);
    }

    /**
     * What would come of making an object. As in the real provider, nothing is said of what the asker may not do, of an object
     * that is in the way and of a namespace that is not there yet: what makes room for it may come first.
     *
     * @throws ProviderError
     */
    async dryCreate(kind: LiveKind, object: Values): Promise<void> {
        await this.tried(() => this.post(kind, object, "&dryRun=All"), ["Forbidden", "AlreadyExists", "NotFound"]);
    }

    /** What would come of changing an object. @throws ProviderError */
    async dryUpdate(kind: LiveKind, object: Values, fieldManager: string): Promise<void> {
        await this.tried(
            async () => {
                const live = await this.client.get<LiveObject>(this.pathTo(kind, object));
                // What `update` takes over first would be in conflict here.
                const force = isForced(object) || managedFields(live).some(isProviders);
                await this.patch(kind, object, { fieldManager, force, dryRun: "All" });
            },
            ["Forbidden"],
            fieldManager,
        );
    }

    path({ apiVersion, name: resource }: LiveKind, namespace: string | undefined, name?: string): string {
        const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
        return `${group}${place}/${resource}${name === undefined ? "" : `/${name}`}`;
    }

    /** @throws ProviderError */
    async asked<T>(ask: () => Promise<T>, fieldManager?: string): Promise<T> {
        try {
            return await ask();
        } catch (error) {
            throw inProvidersWords(error, fieldManager);
        }
    }

    /** Controllers write into the object too: what they did meanwhile is no reason to fail. */
    private async takeOver(path: string, fieldManager: string): Promise<void> {
        for (;;) {
            const live = await this.client.get<LiveObject>(path);
            const fields = handedOver(managedFields(live), fieldManager);
            if (!fields) return;
            const replace = (field: string, value: unknown) => ({ op: "replace", path: `/metadata/${field}`, value });
            const patch = [replace("managedFields", fields), replace("resourceVersion", live.metadata.resourceVersion)];
            try {
                await this.client.patch(path, patch, "json-patch+json");
                return;
            } catch (error) {
                if (!(error instanceof ApiRefused && error.reason === "Conflict")) throw error;
            }
        }
    }

    private async tried(ask: () => Promise<unknown>, tolerated: readonly string[], fieldManager?: string): Promise<void> {
        await this.asked(async () => {
            try {
                await ask();
            } catch (error) {
                if (!(error instanceof ApiRefused && tolerated.includes(error.reason ?? ""))) throw error;
            }
        }, fieldManager);
    }

    private async post(kind: LiveKind, object: Values, options: string): Promise<LiveObject> {
        const collection = this.path(kind, kind.namespaced ? text(object, "metadata.namespace") : undefined);
        // The real provider's name for what it does not apply, so that its updates take over these fields too.
        const query = `fieldManager=pulumi-kubernetes&fieldValidation=Strict${options}`;
        return (await this.client.create(`${collection}?${query}`, object)) as LiveObject;
    }

    private async patch(kind: LiveKind, object: Values, options: Readonly<Record<string, string | boolean>>): Promise<LiveObject> {
        const query = Object.entries({ ...options, fieldValidation: "Strict" }).map(([key, value]) => `${key}=${value}`);
        return this.client.patch<LiveObject>(`${this.pathTo(kind, object)}?${query.join("&")}`, object, "apply-patch+yaml");
    }

    private pathTo(kind: LiveKind, object: Values): string {
        const name = text(object, "metadata.name");
        if (name === undefined) throw new ProviderError(`${kind.kind} has no metadata.name`);
        return this.path(kind, kind.namespaced ? text(object, "metadata.namespace") : undefined, name);
    }
}

/** A name for what one resource of one stack applies. It is kept in the state. */
export function newFieldManager(): string {
    return `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
}

function isForced(object: Values): boolean {
    return (at(object, "metadata.annotations") as Values | undefined)?.["pulumi.com/patchForce"] === "true";
}
