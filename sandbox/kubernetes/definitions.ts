import { readFile } from "node:fs/promises";
import type { DefinitionsTool } from "../toolchain/tools";
import { toolPath } from "../toolchain/toolchain";
import type { ClusterClient, ClusterObject, Manifest } from "./clusterClient";

/** Kinds that GKE knows beyond Kubernetes' own, as objects of kind CustomResourceDefinition. @throws ToolUnavailable */
export async function readDefinitions(): Promise<Manifest[]> {
    const read = async (tool: DefinitionsTool) => JSON.parse(await readFile(await toolPath(tool), "utf8")) as Manifest[];
    return [...(await read("gateway-api")), ...(await read("secrets-store")), secretSync];
}

/** Lets a cluster know kinds, and waits until it does. Those that it knows already are left alone. */
export async function define(admin: ClusterClient, definitions: readonly Manifest[]): Promise<void> {
    const { items } = await admin.get<{ items: ClusterObject[] }>(collection);
    const known = new Set(items.map(({ metadata }) => metadata.name));
    const missing = definitions.filter(({ metadata }) => !known.has(metadata.name));
    await Promise.all(missing.map((definition) => admin.create(collection, definition)));
    const asked = new Set(definitions.map(({ metadata }) => metadata.name));
    await admin.until<Definition>(
        collection,
        (all) => all.filter(({ metadata, status }) => asked.has(metadata.name) && isServed(status)).length === asked.size,
    );
}

interface Definition extends ClusterObject {
    status?: { conditions?: { type: string; status: string }[] };
}

function isServed(status: Definition["status"]): boolean {
    return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
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
