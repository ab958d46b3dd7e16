import assert from "node:assert/strict";
import { OciRegistry } from "../../core/registry/client";
import { isDigest, type Digest } from "../../core/registry/reference";
import type { RunRecord } from "../../core/release/runRecord";
import { newestRun } from "../../core/release/runRecordStore";
import { columns } from "../columns";
import { ClusterClient } from "../kubernetes/clusterClient";
import type { ControlPlaneAddress } from "../providers/cloud";
import { imagesOf, isReady, type Pod } from "../providers/cloud/objects";
import { tokenOf } from "../world/credentials";
import { organisation, type EnvironmentName } from "../world/names";
import type { World } from "../world/world";

/**
 * What runs in an environment, by what its ready pods pulled: service → digest. Read from the cluster's API server, as the
 * administrator, where there is one.
 */
export async function running(world: World, environment: EnvironmentName): Promise<Record<string, Digest>> {
    const { project, region, namespace, clusters } = world.environment(environment);
    const cluster = world.cloud.clusters().find(({ key }) => key === `${project}/${region}/${clusters[0].name}`);
    if (!cluster) {
        return {};
    }
    const pods = cluster.controlPlane
        ? imagesOf(await livePods(world, cluster.controlPlane, namespace))
        : world.cloud.objects(cluster.key).running(namespace);
    return Object.fromEntries(
        Object.entries(pods).map(([service, containers]) => {
            const images = Object.values(containers).flat();
            assert.equal(
                images.length,
                1,
                `${service} runs ${images.length} different images in ${environment}: ${images.join(", ")}`,
            );
            return [service, digestOf(images[0])];
        }),
    );
}

/** The pods of a real cluster that serve: ready, and on their way to nowhere. */
async function livePods(world: World, { address, certificateAuthority }: ControlPlaneAddress, namespace: string): Promise<Pod[]> {
    const client = new ClusterClient(address, certificateAuthority, tokenOf(world.layout, "administrator"));
    const { items } = await client.get<{ items: Pod[] }>(`/api/v1/namespaces/${namespace}/pods`);
    return items.filter(
        (pod) => pod.status.conditions !== undefined && isReady(pod) && pod.metadata.deletionTimestamp === undefined,
    );
}

/** The environment's newest healthy run record, read from the registry as the auditor. */
export function recorded(world: World, environment: EnvironmentName): Promise<RunRecord | undefined> {
    return newestRun(registryAs(world, "auditor"), world.environment(environment));
}

/** The registry with the credentials of one identity. */
export function registryAs(world: World, identity: string): OciRegistry {
    const password = tokenOf(world.layout, identity);
    return new OciRegistry({
        credentials: {
            for: () => Promise.resolve({ username: "oauth2accesstoken", password, source: `the token of ${identity}` }),
        },
    });
}

/** Service × environment, as it runs. */
export async function board(world: World): Promise<string> {
    const environments = await Promise.all(organisation.environments.map((name) => running(world, name)));
    const services = Object.keys(world.catalog().services);
    const rows = services.map((service) => [
        service,
        ...environments.map((column, index) => {
            const digest = column[service];
            const same = index > 0 && digest !== undefined && digest === environments[index - 1][service];
            return digest ? `${shortDigest(digest)}${same ? " =" : ""}` : "—";
        }),
    ]);
    return columns([["service", ...organisation.environments], ...rows], "   ");
}

export function shortDigest(digest: Digest): string {
    return digest.slice("sha256:".length, "sha256:".length + 12);
}

function digestOf(imageId: string): Digest {
    const digest = imageId.split("@")[1];
    assert.ok(isDigest(digest), `${imageId} names no digest`);
    return digest;
}
