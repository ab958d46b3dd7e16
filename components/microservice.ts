import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceObject } from "../core/manifests/objects";
import { renderService, type RenderContext } from "../core/manifests/workload";
import type { Service } from "../core/settings/model";

/** What a {@link Microservice} is made from. */
export interface MicroserviceArgs {
    service: Service;
    /** Environment, namespace and the pinned references of the images. */
    context: RenderContext;
    /** How long a rollout may take. @default 10 minutes, as the Kubernetes provider itself waits */
    rolloutMinutes?: number;
}

/**
 * One service in one cluster. The Deployment's rollout is awaited: its end is the verdict of a promotion.
 *
 * Its objects are exactly what `core/manifests` renders, so chart, kustomization and program cannot differ.
 */
export class Microservice extends pulumi.ComponentResource {
    /** Whom its pods may call, and who may call them. It is there before the pods. */
    readonly networkPolicy: k8s.networking.v1.NetworkPolicy;

    constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Microservice", name, {}, opts);
        const { rolloutMinutes = 10 } = args;
        const { serviceAccount, networkPolicy, files, deployment, service, exposure, disruptionBudget } = renderService(
            args.service,
            args.context,
        );

        const account = new k8s.core.v1.ServiceAccount(`${name}-account`, serviceAccount, { parent: this });
        this.networkPolicy = new k8s.networking.v1.NetworkPolicy(name, networkPolicy, { parent: this });
        const mounted = files ? [new k8s.core.v1.ConfigMap(`${name}-files`, files, { parent: this })] : [];
        const timeout = `${rolloutMinutes}m`;
        const rollout = new k8s.apps.v1.Deployment(name, deployment, {
            parent: this,
            dependsOn: [account, this.networkPolicy, ...mounted],
            customTimeouts: { create: timeout, update: timeout },
        });
        if (service) {
            new k8s.core.v1.Service(name, notAwaited(service), { parent: this });
        }
        if (exposure) {
            new k8s.core.v1.Service(`${name}-exposure`, exposure, { parent: this, dependsOn: [rollout] });
        }
        if (disruptionBudget) {
            new k8s.policy.v1.PodDisruptionBudget(name, disruptionBudget, { parent: this });
        }
        this.registerOutputs({});
    }
}

/**
 * The Service without the wait for its pods. The rollout tells whether they come; Services that wait for pods take the
 * engine's places for parallel work, and eight of them would keep every Deployment from starting.
 */
export function notAwaited<Service extends ServiceObject>(service: Service): Service {
    const annotations = { ...service.metadata.annotations, "pulumi.com/skipAwait": "true" };
    return { ...service, metadata: { ...service.metadata, annotations } };
}
