import type { Cloud } from "./cloud";
import { dockerDouble } from "./docker/double";
import { gcpDouble } from "./gcp/double";
import type { ClusterHost } from "./gcp/kind";
import { githubDouble } from "./github/double";
import { kubernetesDouble, type KubernetesDoubleOptions } from "./kubernetes/double";
import { serveProvider } from "./server";

export interface ServeProvidersOptions extends KubernetesDoubleOptions {
    cloud: Cloud;
    /** Whom the packages work for where nothing else says it. */
    member: string;
    /** @default - none: GitHub answers 401 */
    github?: { token: string; owner: string };
    /** Runs what stands behind clusters that the gcp double makes. @default - nothing does: the Kubernetes double plays them */
    clusters?: ClusterHost;
    /** Address of a docker daemon. @default `unix:///var/run/docker.sock` */
    dockerHost?: string;
}

export type PackageName = "gcp" | "kubernetes" | "github" | "docker";

export interface ServedProviders {
    /** What the engine has to find in its environment. */
    readonly environment: { PULUMI_DEBUG_PROVIDERS: string };
    readonly ports: Readonly<Record<PackageName, number>>;
    /** How many instances of a package were configured so far: a promotion must configure no gcp, github or docker. */
    configured(name: PackageName): number;
    close(): Promise<void>;
}

/** Serves the packages gcp, kubernetes, github and docker over one world, each on a free port of the loopback. */
export async function serveProviders({
    cloud,
    github = undefined,
    dockerHost,
    clusters,
    ...kubernetes
}: ServeProvidersOptions): Promise<ServedProviders> {
    const servers = {
        gcp: await serveProvider(gcpDouble(cloud, kubernetes.member, clusters)),
        kubernetes: await serveProvider(kubernetesDouble(cloud, kubernetes)),
        github: await serveProvider(githubDouble(cloud, github ?? {})),
        docker: await serveProvider(dockerDouble(dockerHost === undefined ? {} : { host: dockerHost })),
    };
    const { gcp, docker } = servers;
    const ports = { gcp: gcp.port, kubernetes: servers.kubernetes.port, github: servers.github.port, docker: docker.port };
    return {
        environment: {
            PULUMI_DEBUG_PROVIDERS: Object.entries(ports)
                .map(([name, port]) => `${name}:${port}`)
                .join(","),
        },
        ports,
        configured: (name) => servers[name].configured(),
        close: async () => {
            await Promise.all(Object.values(servers).map((server) => server.close()));
        },
    };
}
