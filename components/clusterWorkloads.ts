import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import type { Provider } from "@pulumi/kubernetes/provider";
import type * as pulumi from "@pulumi/pulumi";
import { bringsManifests } from "../core/manifests/bring/bringingService";
import { renderDefaultDeny } from "../core/manifests/networkPolicy";
import type { RenderContext } from "../core/manifests/workload";
import { movesForward } from "../core/promotion/movesForward";
import type { Plan } from "../core/promotion/model";
import type { Catalog } from "../core/settings/model";
import { inOrder } from "../core/settings/order";
import type { BroughtService } from "./broughtService";
import { Microservice } from "./microservice";

/** What {@link clusterWorkloads} are made from. */
export interface ClusterWorkloadsArgs {
    plan: Plan;
    /** The services that are deployed. */
    catalog: Catalog;
    context: RenderContext;
    provider: Provider;
    /** What is known only later: an image reference that the context gives → what stands in its place. @default nothing */
    images?: Readonly<Record<string, pulumi.Input<string>>>;
    /** What must be there before any of them. */
    dependsOn: readonly pulumi.Resource[];
}

/**
 * All services in one cluster, and what closes their namespace.
 *
 * @param key what their names begin with: it tells this cluster from the others
 */
export async function clusterWorkloads(
    key: string,
    { plan, catalog, context, provider, images, dependsOn }: ClusterWorkloadsArgs,
    parent: pulumi.Resource,
): Promise<pulumi.Resource[]> {
    // Loaded only where a service brings its manifests: every `up` would wait for it.
    const bringing = Object.values(catalog.services).some(bringsManifests) ? await import("./broughtService") : undefined;
    const services: Record<string, Microservice | BroughtService> = {};
    for (const service of inOrder(catalog.services)) {
        const name = `${key}-${service.name}`;
        const after = movesForward(plan) ? (service.after ?? []).flatMap((other) => services[other] ?? []) : [];
        const reached = plan.schemas?.[service.name];
        const schema = reached && { environment: plan.environment, reached };
        const args = { service, context, after, images, ...(schema && { schema }) };
        const options = { parent, provider, dependsOn: [...dependsOn] };
        const migrated = plan.migrations.done.includes(service.name);
        services[service.name] =
            bringing && bringsManifests(service)
                ? new bringing.BroughtService(name, { ...args, service }, options)
                : new Microservice(name, { ...args, migrated }, options);
    }
    const closed = new NetworkPolicy(`${key}-default-deny`, renderDefaultDeny(context), {
        parent,
        provider,
        // Where services run already, what they may do is allowed before all else is denied.
        dependsOn: Object.values(services).map(({ networkPolicy }) => networkPolicy),
    });
    return [...Object.values(services), closed];
}
