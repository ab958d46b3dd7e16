import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { freePorts } from "../freePorts";
import { Repository } from "../git/repository";
import { Cloud } from "../providers/cloud";
import { serveGithubRest } from "../providers/github/rest";
import type { PullImage } from "../providers/kubernetes/kubelet";
import { serveProviders } from "../providers/serve";
import { openPolicy, serveRegistry } from "../registry/server";
import { serveWorldActions } from "./actions";
import { serveAuthority } from "./clusterAuthority";
import { Clusters } from "./clusters";
import { kubeconfigOf } from "./credentials";
import { readDaemon, type DaemonState } from "./daemonState";
import { serveWorldGoogle } from "./google";
import { layout, type Layout } from "./layout";
import { identities, identityOf, organisation } from "./names";
import { pullAs } from "./pull";
import { registryPolicy } from "./registryPolicy";
import { readWorldSettings } from "./settings";

/** The process that plays the world: registries and provider doubles over one folder, until it is told to end. */
async function serve(where: Layout): Promise<void> {
    const cloud = new Cloud(where.cloud);
    const before = readDaemon(where);
    const registry = await serveRegistry({
        directory: where.registry,
        port: await portOf(before?.registry),
        policy: registryPolicy(cloud),
    });
    const upstream = await serveRegistry({ directory: where.upstream, port: await portOf(before?.upstream), policy: openPolicy });
    const google = await serveWorldGoogle(where, cloud, await portOf(before?.google));
    const pullImage = pullAs((member, host) => (host === registry.address ? cloud.tokenOf(member) : undefined));
    const clusters = readWorldSettings(where).kubernetes === "real" ? await realClusters(where, cloud, pullImage) : undefined;
    const providers: Record<string, string> = {};
    for (const stack of ["platform", ...organisation.environments]) {
        providers[identityOf(stack)] = await providersFor(stack, where, cloud, pullImage, clusters);
    }
    const actions = await serveWorldActions(where, {
        cloud,
        pullImage,
        services: { registry: registry.address, google: google.address },
        port: await portOf(before?.actions),
    });
    endFirst(() => actions.close());
    const github = await serveGithubRest({
        cloud,
        git: (repository) => new Repository(where.github(repository)),
        token: githubToken(where),
        login: "admin",
        onPush: (push) => void actions.actions.handle(push).catch(console.error),
        port: await portOf(before?.github),
    });
    const state: DaemonState = {
        pid: process.pid,
        registry: registry.address,
        upstream: upstream.address,
        google: google.address,
        github: github.address,
        actions: actions.address,
        providers,
        startedAt: new Date().toISOString(),
    };
    // Whoever waits for the file must not read half of it.
    writeFileSync(`${where.daemon}.next`, JSON.stringify(state, null, 2));
    renameSync(`${where.daemon}.next`, where.daemon);
}

/** Brings up the control planes that ran when the world was last there, and lets them end in order when it ends. */
async function realClusters(where: Layout, cloud: Cloud, pullImage: PullImage): Promise<Clusters> {
    const clusters = new Clusters(cloud, where.kubernetes, await serveAuthority(cloud), pullImage);
    endFirst(() => clusters.stop());
    await clusters.resume();
    return clusters;
}

/** An environment's deployer finds the Kubernetes provider alone: a promotion that asked for another would fail. */
async function providersFor(
    stack: string,
    where: Layout,
    cloud: Cloud,
    pullImage: PullImage,
    clusters: Clusters | undefined,
): Promise<string> {
    const identity = identityOf(stack);
    const served = await serveProviders({
        cloud,
        member: identities()[identity],
        kubeconfig: kubeconfigOf(where, identity),
        pullImage,
        clusters,
        ...(stack === "platform" ? { github: { token: githubToken(where), owner: organisation.owner } } : {}),
    });
    return stack === "platform" ? served.environment.PULUMI_DEBUG_PROVIDERS : `kubernetes:${served.ports.kubernetes}`;
}

/** Of the administrator: nobody else may change what a repository is. */
function githubToken({ githubToken }: Layout): string {
    return readFileSync(githubToken, "utf8");
}

/** The port that a server had before: its address stands in files and images. The first time one that no connection is given. */
async function portOf(before: string | undefined): Promise<number> {
    return before === undefined ? (await freePorts(1))[0] : Number(before.split(":").at(-1));
}

/** What has to end in order before the process does, the last first. */
const ends: (() => Promise<unknown>)[] = [];

function endFirst(end: () => Promise<unknown>): void {
    ends.unshift(end);
}

async function endAll(): Promise<void> {
    for (const end of ends) await end();
}

process.on("SIGTERM", () => void endAll().finally(() => process.exit(0)));
void serve(layout(process.argv[2]));
