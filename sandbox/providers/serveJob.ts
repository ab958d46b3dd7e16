import type { Cloud } from "./cloud";
import { kubernetesDouble, type KubernetesDoubleOptions } from "./kubernetes/double";
import { serveProvider } from "./server";

export interface JobProvidersOptions extends Omit<KubernetesDoubleOptions, "member"> {
    cloud: Cloud;
}

export interface JobProviders {
    /** What the engine has to find in its environment. */
    readonly environment: { PULUMI_DEBUG_PROVIDERS: string };
    close(): Promise<void>;
}

/**
 * Serves a workflow's job the one package that an environment's stack needs. Whom it serves it has from the token in the job's
 * kubeconfig alone, which is read whenever a provider is configured: the job can do what its own identity can, and nothing else.
 */
export async function serveJobProviders({ cloud, ...options }: JobProvidersOptions): Promise<JobProviders> {
    const kubernetes = await serveProvider(kubernetesDouble(cloud, options));
    return { environment: { PULUMI_DEBUG_PROVIDERS: `kubernetes:${kubernetes.port}` }, close: () => kubernetes.close() };
}
