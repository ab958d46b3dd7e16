import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { DefinitionsTool } from "../toolchain/tools";
import { toolPath } from "../toolchain/toolchain";
import { ApiRefused, type ClusterClient, type ClusterObject, type Manifest } from "./clusterClient";

/** Kinds that GKE knows beyond Kubernetes' own, as objects of kind CustomResourceDefinition. @throws ToolUnavailable */
export async function readDefinitions(): Promise<Manifest[]> {
    const read = async (tool: DefinitionsTool) => JSON.parse(await readFile(await toolPath(tool), "utf8")) as Manifest[];
    return [...(await read("gateway-api")), ...(await read("secrets-store")), secretSync];
}

/** Lets a cluster know kinds, and waits until they can be used. Those that it knows already are left alone. */
export async function define(admin: ClusterClient, definitions: readonly Manifest[]): Promise<void> {
    const { items } = await admin.get<{ items: ClusterObject[] }>(collection);
    const known = new Set(items.map(({ metadata }) => metadata.name));
    const missing = definitions.filter(({ metadata }) => !known.has(metadata.name));
    await Promise.all(missing.map((definition) => admin.create(collection, definition)));
    const asked = new Set(definitions.map(({ metadata }) => metadata.name));
    const isEstablished = ({ metadata, status }: Definition) =>
        asked.has(metadata.name) &&
        (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
    const all = await admin.until<Definition>(collection, (found) => found.filter(isEstablished).length === asked.size);
    await Promise.all(all.filter(isEstablished).map((definition) => untilUsable(admin, definition)));
}

interface Definition extends ClusterObject {
    spec: { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] };
    status?: { conditions?: { type: string; status: string }[] };
}

/** An established kind is refused for another moment, of whose end the server says nothing. */
async function untilUsable(admin: ClusterClient, { spec: { group, names, versions } }: Definition): Promise<void> {
    for (const { name } of versions.filter(({ served }) => served)) {
        while (!(await answers(admin, `/apis/${group}/${name}/${names.plural}?limit=1`))) await pause(50);
    }
}

async function answers(admin: ClusterClient, path: string): Promise<boolean> {
    try {
        await admin.get(path);
        return true;
    } catch (error) {
        // Not known yet, being initialised, not ready.
        if (error instanceof ApiRefused && [404, 429, 503].includes(error.code)) return false;
        throw error;
    }
}

const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** GKE's own kind. Google publishes no definition of it, so this one only tells it from others and takes whatever it says. */
const secretSync = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "secretsyncs.secret-sync.gke.io" },
    spec: {
        group: "secret-sync.gke.io",
        scope: "Namespaced",
        names: { kind: "SecretSync", listKind: "SecretSyncList", plural: "secretsyncs", singular: "secretsync" },
        versions: [
            {
                name: "v1",
                served: true,
                storage: true,
                schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
                subresources: { status: {} },
            },
        ],
    },
};
