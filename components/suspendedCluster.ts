import type { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { nameOf } from "../core/facts/keptResources";
import type { StateResource } from "../core/facts/stackState";

/**
 * Asks for what a suspended cluster has, as the state has it: nothing changes there, nothing is deleted, and once the cluster is
 * deployed to again it goes on from there.
 */
export function suspendedCluster(kept: readonly StateResource[], provider: Provider, environment: pulumi.Resource): void {
    const registered = new Map<string, pulumi.Resource>();
    for (const { urn, type, custom, inputs = {}, parent = "", dependencies = [] } of kept) {
        const own = { parent: registered.get(parent) ?? environment };
        const dependsOn = dependencies.flatMap((other) => registered.get(other) ?? []);
        const resource = custom
            ? new KeptObject(type, nameOf(urn), inputs, { ...own, provider, dependsOn })
            : new pulumi.ComponentResource(type, nameOf(urn), {}, own);
        registered.set(urn, resource);
    }
}

/** An object of any kind. */
class KeptObject extends pulumi.CustomResource {}
