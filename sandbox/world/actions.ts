import { join } from "node:path";
import { type GithubServer, serveGithub } from "../github/server";
import type { Cloud } from "../providers/cloud";
import type { PullImage } from "../providers/kubernetes/kubelet";
import { serveJobProviders } from "../providers/serveJob";
import { toolDirectory } from "../toolchain/toolchain";
import type { DaemonState } from "./daemonState";
import { issuerOf } from "./google";
import type { Layout } from "./layout";
import { readWorldSettings } from "./settings";

/** What the jobs of a world find around them. */
export interface JobSurroundings {
    cloud: Cloud;
    pullImage: PullImage;
    /** Where the registry and Google Cloud listen. */
    services: Pick<DaemonState, "registry" | "google">;
    /** Port to listen on. */
    port: number;
}

/**
 * Runs the workflows of the world's GitHub. A job finds what GitHub's runner has, where the sandbox's services are, and no identity
 * but what its own token gets it.
 */
export async function serveWorldActions(
    where: Layout,
    { cloud, pullImage, services, port }: JobSurroundings,
): Promise<GithubServer> {
    const issuer = issuerOf(where);
    const { dockerHost, buildkitHost } = readWorldSettings(where);
    const builds = dockerHost !== undefined || buildkitHost !== undefined;
    return serveGithub({
        cloud,
        port,
        repositories: where.githubRepositories,
        directory: where.actions,
        ...(dockerHost === undefined ? {} : { dockerHost }),
        programs: [await toolDirectory(["pulumi", "pulumi-language-nodejs", ...(builds ? ["buildx" as const] : [])])],
        // A world's operations repository starts as a copy of this project, its lock file among the rest.
        installed: [join(__dirname, "..", "..")],
        token: (job, audience) => issuer.token(job, audience === undefined ? {} : { audience }),
        async equip({ directory }) {
            const kubeconfig = join(directory, "kubeconfig");
            const providers = await serveJobProviders({ cloud, kubeconfig, pullImage });
            const variables = {
                ...providers.environment,
                ...(buildkitHost === undefined ? {} : { BUILDKIT_HOST: buildkitHost }),
                ONEFLOW_SANDBOX_GOOGLE: services.google,
                ONEFLOW_SANDBOX_REGISTRY: services.registry,
                CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: services.google,
                ONEFLOW_SANDBOX_KUBECONFIG: kubeconfig,
                PULUMI_SKIP_UPDATE_CHECK: "true",
                PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            };
            return { variables, end: () => providers.close() };
        },
    });
}
