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
    ) {
        super(message);
        this.name = "ApiRefused";
    }
}

interface Answer {
    body: unknown;
    /** What the server had to say although it obeyed. */
    warnings: string[];
}

/** The Kubernetes API as one user sees it. */
export class ClusterClient {
    private readonly agent: Agent;
    private readonly discovered = new Map<string, Promise<string>>();

    constructor(
        /** `https://127.0.0.1:PORT` */
        readonly address: string,
        certificateAuthority: string,
        private readonly token: string,
    ) {
        this.agent = new Agent({ keepAlive: true, ca: readFileSync(certificateAuthority) });
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

    /** @throws ApiRefused */
    async delete(path: string): Promise<void> {
        await this.send("DELETE", path);
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
        const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        const key = `${group} ${kind}`;
        if (!this.discovered.has(key)) this.discovered.set(key, this.pluralOf(group, kind));
        const plural = await this.discovered.get(key)!;
        return `${group}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}/${name}`;
    }

    /**
     * The objects of a collection as they are now, and again after each change. Ends when the caller stops looking.
     *
     * @throws ApiRefused
     */
    async *states<T extends ClusterObject>(collection: string): AsyncGenerator<readonly T[]> {
        const list = await this.get<{ metadata: { resourceVersion: string }; items: T[] }>(collection);
        const objects = new Map(list.items.map((item) => [item.metadata.uid, item]));
        yield [...objects.values()];
        const join = collection.includes("?") ? "&" : "?";
        const path = `${collection}${join}watch=true&resourceVersion=${list.metadata.resourceVersion}`;
        const response = await this.open("GET", path);
        try {
            for await (const line of createInterface(response)) {
                const { type, object } = JSON.parse(line) as { type: string; object: T };
                if (type === "ERROR") throw new Error(`the watch of ${collection} ended: ${line}`);
                if (type === "DELETED") objects.delete(object.metadata.uid);
                else objects.set(object.metadata.uid, object);
                yield [...objects.values()];
            }
        } finally {
            response.destroy();
        }
        throw new Error(`the watch of ${collection} ended`);
    }

    /** Waits until a collection looks as asked. @returns what it looked like then */
    async until<T extends ClusterObject>(collection: string, asked: (objects: readonly T[]) => boolean): Promise<readonly T[]> {
        for await (const objects of this.states<T>(collection)) if (asked(objects)) return objects;
        throw new Error(`the watch of ${collection} ended`);
    }

    private async pluralOf(group: string, kind: string): Promise<string> {
        const { resources } = await this.get<{ resources: { name: string; kind: string }[] }>(group);
        const found = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
        if (!found) throw new Error(`${this.address}${group} knows no ${kind}`);
        return found.name;
    }

    private async send(method: string, path: string, body?: object, contentType?: string): Promise<Answer> {
        const response = await this.open(method, path, body, contentType);
        const text = await textOf(response);
        const warnings = [response.headers.warning ?? []].flat().map((warning) => /"(.*)"/.exec(warning)?.[1] ?? warning);
        return { body: text.startsWith("{") ? JSON.parse(text) : text, warnings };
    }

    /** Sends a request. @returns the answer, of which the body is still to be read @throws ApiRefused */
    private async open(method: string, path: string, body?: object, contentType = "application/json"): Promise<IncomingMessage> {
        const headers = { authorization: `Bearer ${this.token}`, accept: "application/json", "content-type": contentType };
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            const sent = request(`${this.address}${path}`, { method, headers, agent: this.agent }, resolve);
            sent.once("error", reject).end(body && JSON.stringify(body));
        });
        const code = response.statusCode ?? 0;
        if (code >= 200 && code < 300) return response;
        const text = await textOf(response);
        const message = text.startsWith("{") ? (JSON.parse(text) as { message: string }).message : text;
        throw new ApiRefused(code, message);
    }
}

async function textOf(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
}
