import { Provider } from "@pulumi/kubernetes/provider";
import type * as pulumi from "@pulumi/pulumi";

/**
 * The provider of a cluster that kubeconfig reaches, pinned to one context.
 *
 * Which files hold the context is the machine's affair: the SDK would write the value of `KUBECONFIG` into the inputs, so
 * the same stack would differ from one machine to the next. The provider's own process reads the variable anyway, as
 * kubectl does, lists of files included.
 */
export function clusterProvider(name: string, context: string, opts: pulumi.ResourceOptions): Provider {
    return new Provider(name, { context }, { ...opts, transformations: [withoutKubeconfig] });
}

/** The same provider while its cluster is left out: that it does not answer stops nobody, a refresh included. */
export function suspendedProvider(name: string, context: string, opts: pulumi.ResourceOptions): Provider {
    return new Provider(name, { context, skipUpdateUnreachable: true }, { ...opts, transformations: [withoutKubeconfig] });
}

const withoutKubeconfig: pulumi.ResourceTransformation = ({ props, opts }) => {
    const { kubeconfig: _ofThisMachine, ...kept } = props as Record<string, unknown>;
    return { props: kept, opts };
};
