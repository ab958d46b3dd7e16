import { renameSync, writeFileSync } from "node:fs";
import { Cloud } from "../providers/cloud";
import { serveProviders } from "../providers/serve";
import { openPolicy, serveRegistry } from "../registry/server";
import { kubeconfigOf, tokenOf } from "./credentials";
import { readDaemon, type DaemonState } from "./daemonState";
import { layout, type Layout } from "./layout";
import { identities, identityOf, organisation } from "./names";
import { pullAs } from "./pull";
import { registryPolicy } from "./registryPolicy";

/** The process that plays the world: registries and provider doubles over one folder, until it is told to end. */
async function serve(where: Layout): Promise<void> {
    const cloud = new Cloud(where.cloud);
    const before = readDaemon(where);
    const registry = await serveRegistry({
        directory: where.registry,
        port: portOf(before?.registry),
        policy: registryPolicy(cloud),
    });
    const upstream = await serveRegistry({ directory: where.upstream, port: portOf(before?.upstream), policy: openPolicy });
    const providers: Record<string, string> = {};
    for (const stack of ["platform", ...organisation.environments]) {
        providers[identityOf(stack)] = await providersFor(where, cloud, stack);
    }
    const state: DaemonState = {
        pid: process.pid,
        registry: registry.address,
        upstream: upstream.address,
        providers,
        startedAt: new Date().toISOString(),
    };
    // Whoever waits for the file must not read half of it.
    writeFileSync(`${where.daemon}.next`, JSON.stringify(state, null, 2));
    renameSync(`${where.daemon}.next`, where.daemon);
}

/** An environment's deployer finds the Kubernetes provider alone: a promotion that asked for another would fail. */
async function providersFor(where: Layout, cloud: Cloud, stack: string): Promise<string> {
    const identity = identityOf(stack);
    const members = identities();
    const served = await serveProviders({
        cloud,
        member: members[identity],
        kubeconfig: kubeconfigOf(where, identity),
        pullImage: pullAs((member) => {
            const name = Object.keys(members).find((known) => members[known] === member);
            return name && tokenOf(where, name);
        }),
        ...(stack === "platform" ? { github: { token: "sandbox", owner: organisation.owner } } : {}),
    });
    return stack === "platform" ? served.environment.PULUMI_DEBUG_PROVIDERS : `kubernetes:${served.ports.kubernetes}`;
}

function portOf(address: string | undefined): number {
    return address === undefined ? 0 : Number(address.split(":")[1]);
}

process.on("SIGTERM", () => process.exit(0));
void serve(layout(process.argv[2]));
