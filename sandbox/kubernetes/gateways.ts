import { publicAddress } from "../providers/cloud/endpoints";
import type { ClusterClient, ClusterObject } from "./clusterClient";
import { follow } from "./follow";

/** Makes the gateway classes that GKE has, and says of gateways and their routes that they are programmed. No request ever comes. */
export async function serveGateways(client: ClusterClient, signal: AbortSignal): Promise<void> {
    for (const name of classes) {
        const gatewayClass = { apiVersion, kind: "GatewayClass", metadata: { name }, spec: { controllerName } };
        await client.createUnlessThere(`${api}/gatewayclasses`, gatewayClass);
    }
    follow<Judged>(client, `${api}/gatewayclasses`, (object) => accept(client, object), signal);
    follow<Gateway>(client, `${api}/gateways`, (gateway) => programGateway(client, gateway), signal);
    follow<Route>(client, `${api}/httproutes`, (route) => programRoute(client, route), signal);
}

interface Condition {
    type: string;
    status: string;
    observedGeneration?: number;
}

interface Judged extends ClusterObject {
    spec: { controllerName?: string };
    status?: { conditions?: Condition[] };
}

interface Gateway extends ClusterObject {
    spec: { gatewayClassName: string; listeners: { name: string }[] };
    status?: { conditions?: Condition[] };
}

interface Route extends ClusterObject {
    spec: { parentRefs?: object[] };
    status?: { parents?: { conditions: Condition[] }[] };
}

async function accept(client: ClusterClient, { metadata, spec, status }: Judged): Promise<void> {
    if (spec.controllerName !== controllerName || isTrue(status?.conditions, "Accepted", metadata.generation)) return;
    const conditions = [condition("Accepted", "Accepted", metadata.generation)];
    await client.patch(`${api}/gatewayclasses/${metadata.name}/status`, { status: { conditions } }, mergePatch);
}

async function programGateway(client: ClusterClient, { metadata, spec, status }: Gateway): Promise<void> {
    const { namespace, name, generation, uid } = metadata;
    if (!classes.includes(spec.gatewayClassName) || isTrue(status?.conditions, "Programmed", generation)) return;
    const accepted = condition("Accepted", "Accepted", generation);
    const programmed = condition("Programmed", "Programmed", generation);
    const resolved = condition("ResolvedRefs", "ResolvedRefs", generation);
    const listeners = spec.listeners.map((listener) => ({
        name: listener.name,
        attachedRoutes: 0,
        supportedKinds: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute" }],
        conditions: [accepted, programmed, resolved],
    }));
    const addresses = [{ type: "IPAddress", value: publicAddress(uid!) }];
    const path = `${api}/namespaces/${namespace}/gateways/${name}/status`;
    await client.patch(path, { status: { addresses, conditions: [accepted, programmed], listeners } }, mergePatch);
}

async function programRoute(client: ClusterClient, { metadata, spec, status }: Route): Promise<void> {
    const { namespace, name, generation } = metadata;
    const refs = spec.parentRefs ?? [];
    const judged = status?.parents ?? [];
    if (judged.length === refs.length && judged.every(({ conditions }) => isTrue(conditions, "Accepted", generation))) return;
    const conditions = [condition("Accepted", "Accepted", generation), condition("ResolvedRefs", "ResolvedRefs", generation)];
    const parents = refs.map((parentRef) => ({ parentRef, controllerName, conditions }));
    await client.patch(`${api}/namespaces/${namespace}/httproutes/${name}/status`, { status: { parents } }, mergePatch);
}

function condition(type: string, reason: string, observedGeneration: number | undefined) {
    return { type, status: "True", reason, message: "", observedGeneration, lastTransitionTime: new Date().toISOString() };
}

/** Whether it was said of the object as it is now. */
function isTrue(conditions: readonly Condition[] = [], type: string, generation: number | undefined): boolean {
    const found = conditions.find((condition) => condition.type === type);
    return found?.status === "True" && found.observedGeneration === generation;
}

const mergePatch = "merge-patch+json";
const apiVersion = "gateway.networking.k8s.io/v1";
const api = `/apis/${apiVersion}`;
const controllerName = "networking.gke.io/gateway";
const classes = [
    "gke-l7-global-external-managed",
    "gke-l7-regional-external-managed",
    "gke-l7-cross-regional-internal-managed-mc",
    "gke-l7-gxlb",
    "gke-l7-rilb",
];
