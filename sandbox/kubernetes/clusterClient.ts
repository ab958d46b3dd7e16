import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";

/** What all objects have that the API server answers with. */
export interface ClusterObject {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        uid?: string;
        generation?: number;
        resourceVersion?: string;
        deletionTimestamp?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
}

/** What can be sent: an object as its kind says. */
export interface Manifest {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
}

/** An answer of the API server that is no success. */
export class ApiRefused extends Error {
    constructor(
        /** HTTP status: 403 for what a user may not do and for what admission refuses, 422 for what is not valid. */
        readonly code: number,
        /** The server's own words. */
        message: string,
        /** The kind of refusal: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Invalid`. Absent where no API server answered. */
        readonly reason?: string,
    ) {
        super(message);
        this.name = "ApiRefused";
    }
}

/** How a client shows who it is without a token. Both as PEM. */
export interface ClientCertificate {
    certificate: string;
    key: string;
}

/** A kind as the API server names it in its paths. */
export interface ApiResource {
    /** `deployments` */
    name: string;
    namespaced: boolean;
}

interface Answer {
    body: unknown;
    /** What the server had to say although it obeyed. */
    warnings: string[];
}

/** The Kubernetes API as one user sees it. */
export class ClusterClient {
    private readonly agent: Agent;
    private readonly discovered = new Map<string, Promise<ApiResource[]>>();
    private readonly authorization: { authorization?: string };

    constructor(
        /** `https://127.0.0.1:PORT` */
        readonly address: string,
        /** As PEM, or the file that holds it. @default - the authorities that Node knows */
        certificateAuthority: string | undefined,
        /** Bearer token, or what stands for one. */
        user: string | ClientCertificate,
    ) {
        const ca = certificateAuthority?.includes("-----BEGIN") ? certificateAuthority : readIfNamed(certificateAuthority);
        const client = typeof user === "string" ? {} : { cert: user.certificate, key: user.key };
        this.agent = new Agent({ keepAlive: true, ca, ...client });
        this.authorization = typeof user === "string" ? { authorization: `Bearer ${user}` } : {};
    }

    /** @throws ApiRefused */
    async get<T = ClusterObject>(path: string): Promise<T> {
        return (await this.send("GET", path)).body as T;
    }

    /**
     * @param path of the collection
     * @throws ApiRefused
     */
    async create(path: string, object: object): Promise<ClusterObject> {
        return (await this.send("POST", path, object)).body as ClusterObject;
    }

    /**
     * Like {@link create}, but one that is there already is left as it is.
     *
     * @param path of the collection
     * @throws ApiRefused
     */
    async createUnlessThere(path: string, object: object): Promise<void> {
        try {
            await this.create(path, object);
        } catch (error) {
            if (!(error instanceof ApiRefused && error.reason === "AlreadyExists")) throw error;
        }
    }

    /**
     * @param options such as `{ propagationPolicy: "Foreground" }`. @default the kind's own
     * @throws ApiRefused
     */
    async delete(path: string, options?: object): Promise<void> {
        await this.send("DELETE", path, options);
    }

    /**
     * @param path of the object, with the request's options as its query: `…?fieldManager=me&dryRun=All`
     * @param type of the patch: `apply-patch+yaml`, `merge-patch+json`, `json-patch+json`
     * @throws ApiRefused
     */
    async patch<T = ClusterObject>(path: string, body: object, type: string): Promise<T> {
        return (await this.send("PATCH", path, body, `application/${type}`)).body as T;
    }

    /**
     * Server-side apply, as oneflow. Fields of other managers are taken over.
     *
     * @returns what the server warned of
     * @throws ApiRefused
     */
    async apply(object: Manifest): Promise<string[]> {
        const path = await this.pathOf(object);
        const { warnings } = await this.send(
            "PATCH",
            `${path}?fieldManager=oneflow&force=true`,
            object,
            "application/apply-patch+yaml",
        );
        return warnings;
    }

    /** Path of an object, from what the server says of its kind. @throws Error where it knows no such kind */
    async pathOf({ apiVersion, kind, metadata: { name, namespace } }: Manifest): Promise<string> {
        const resource = await this.resourceOf(apiVersion, kind);
        if (!resource) throw new Error(`${this.address}${groupPath(apiVersion)} knows no ${kind}`);
        return `${groupPath(apiVersion)}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${resource.name}/${name}`;
    }

    /** What the server calls a kind. Nothing where it knows no such kind, which is asked again each time. @throws ApiRefused */
    async resourceOf(apiVersion: string, kind: string): Promise<ApiResource | undefined> {
        const group = groupPath(apiVersion);
        const find = (resources: readonly ApiResource[] = []) =>
            (resources as (ApiResource & { kind: string })[]).find((one) => one.kind === kind && !one.name.includes("/"));
        const known = find(await this.discovered.get(group));
        if (known) return known;
        const asked = this.resourcesOf(group);
        this.discovered.set(group, asked);
        try {
            return find(await asked);
        } catch (error) {
            this.discovered.delete(group);
            throw error;
        }
    }

    /**
     * The objects of a collection as they are now, and again after each change. Ends when the caller stops looking.
     *
     * @param signal stops the look also while nothing changes
     * @throws ApiRefused
     */
    async *states<T extends ClusterObject>(collection: string, signal?: AbortSignal): AsyncGenerator<readonly T[]> {
        const list = await this.get<{ metadata: { resourceVersion: string }; items: T[] }>(collection);
        const objects = new Map(list.items.map((item) => [item.metadata.uid, item]));
        yield [...objects.values()];
        const join = collection.includes("?") ? "&" : "?";
        const path = `${collection}${join}watch=true&resourceVersion=${list.metadata.resourceVersion}`;
        if (signal?.aborted) return;
        const response = await this.open("GET", path);
        const lines = createInterface(response);
        // A reader of lines hears of the end of its input, not of its destruction.
        const stop = () => {
            lines.close();
            response.destroy();
        };
        signal?.addEventListener("abort", stop);
        try {
            if (signal?.aborted) return;
            for await (const line of lines) {
                const { type, object } = JSON.parse(line) as { type: string; object: T };
                if (type === "ERROR") throw new Error(`the watch of ${collection} ended: ${line}`);
                if (type === "DELETED") objects.delete(object.metadata.uid);
                else objects.set(object.metadata.uid, object);
                yield [...objects.values()];
            }
        } catch (error) {
            if (!signal?.aborted) throw error;
        } finally {
            signal?.removeEventListener("abort", stop);
            response.destroy();
        }
        if (!signal?.aborted) throw new Error(`the watch of ${collection} ended`);
    }

    /** Waits until a collection looks as asked. @returns what it looked like then */
    async until<T extends ClusterObject>(collection: string, asked: (objects: readonly T[]) => boolean): Promise<readonly T[]> {
        for await (const objects of this.states<T>(collection)) if (asked(objects)) return objects;
        throw new Error(`the watch of ${collection} ended`);
    }

    private async resourcesOf(group: string): Promise<ApiResource[]> {
        try {
            return (await this.get<{ resources: ApiResource[] }>(group)).resources;
        } catch (error) {
            if (error instanceof ApiRefused && error.code === 404) return [];
            throw error;
        }
    }

    private async send(method: string, path: string, body?: object, contentType?: string): Promise<Answer> {
        const response = await this.open(method, path, body, contentType);
        const text = await textOf(response);
        const warnings = [response.headers.warning ?? []].flat().map((warning) => /"(.*)"/.exec(warning)?.[1] ?? warning);
        return { body: text.startsWith("{") ? JSON.parse(text) : text, warnings };
    }

    /** Sends a request. @returns the answer, of which the body is still to be read @throws ApiRefused */
    private async open(method: string, path: string, body?: object, contentType = "application/json"): Promise<IncomingMessage> {
        const sentBody = body && Buffer.from(JSON.stringify(body));
        // Node alone says nothing of the length of what a DELETE carries.
        const length = sentBody ? { "content-length": sentBody.length } : {};
        const headers = { ...this.authorization, ...length, accept: "application/json", "content-type": contentType };
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            const sent = request(`${this.address}${path}`, { method, headers, agent: this.agent }, resolve);
            sent.once("error", reject).end(sentBody);
        });
        const code = response.statusCode ?? 0;
        if (code >= 200 && code < 300) return response;
        const text = await textOf(response);
        if (!text.startsWith("{")) throw new ApiRefused(code, text);
        const { message, reason } = JSON.parse(text) as { message: string; reason?: string };
        throw new ApiRefused(code, message, reason);
    }
}

function groupPath(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function readIfNamed(file: string | undefined): Buffer | undefined {
    return file === undefined ? undefined : readFileSync(file);
}

async function textOf(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
}
