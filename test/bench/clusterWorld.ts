import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { ClusterClient, type ClusterObject, type Manifest } from "../../sandbox/kubernetes/clusterClient";
import { Delivery } from "../../sandbox/story/delivery";
import { tokenOf } from "../../sandbox/world/credentials";
import { World } from "../../sandbox/world/world";
import { project, succeeded } from "./benchWorld";

/** A world with one environment, dev, on a real control plane. Nothing was deployed yet. */
export interface ClusterWorld {
    world: World;
    delivery: Delivery;
    /** The cluster in a deployer's kubeconfig. */
    context: string;
    /** The API as the administrator sees it. */
    admin: ClusterClient;
}

export async function clusterWorld(root: string): Promise<ClusterWorld> {
    const world = await World.create(root, project, { kubernetes: "real" });
    const delivery = new Delivery(world, project);
    provisionOnlyDev(world.layout.operations);
    succeeded(await delivery.up("platform"));
    world.fetchCredentials();
    const { project: cloudProject, region, clusters } = world.environment("dev");
    const { controlPlane } = world.cloud.clusters().find(({ key }) => key === `${cloudProject}/${region}/${clusters[0].name}`)!;
    const { address, certificateAuthority } = controlPlane!;
    const admin = new ClusterClient(address, certificateAuthority, tokenOf(world.layout, "administrator"));
    return { world, delivery, context: clusters[0].context, admin };
}

/** Two control planes more would take their share of the processor from what is measured. */
function provisionOnlyDev(operations: string): void {
    const file = join(operations, "Pulumi.platform.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", "acme-shop:platform", "environments"], ["dev"]);
    writeFileSync(file, document.toString());
}

/** Makes a namespace with the labels, the quota and the rights that another has. */
export async function copyNamespace(admin: ClusterClient, from: string, to: string): Promise<void> {
    await admin.create("/api/v1/namespaces", copyOf(await admin.get(`/api/v1/namespaces/${from}`), to));
    for (const collection of [rolesIn, bindingsIn, quotasIn]) {
        const { items, apiVersion, kind } = await admin.get<List>(collection(from));
        for (const item of items) {
            const object = { ...item, apiVersion, kind: kind.replace(/List$/, "") };
            await admin.create(collection(to), copyOf(object, item.metadata.name));
        }
    }
    // Until its controller has counted for the first time, a quota refuses every pod.
    await admin.until<ClusterObject & { status?: { hard?: object } }>(quotasIn(to), (quotas) =>
        quotas.every(({ status }) => status?.hard !== undefined),
    );
}

interface List {
    apiVersion: string;
    kind: string;
    items: ClusterObject[];
}

const rolesIn = (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`;
const bindingsIn = (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
const quotasIn = (namespace: string) => `/api/v1/namespaces/${namespace}/resourcequotas`;

function copyOf(object: ClusterObject & { status?: unknown }, name: string): Manifest {
    const { status: _ofTheOther, metadata, ...kept } = object;
    return { ...kept, metadata: { name, labels: metadata.labels } as Manifest["metadata"] };
}
