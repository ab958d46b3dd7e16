// Two hundred files more would come with the package's own index, at every `up`.
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as core from "@pulumi/kubernetes/core/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
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
    constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Microservice", name, {}, opts);
        const { rolloutMinutes = 10 } = args;
        const { serviceAccount, deployment, service, exposure, disruptionBudget } = renderService(args.service, args.context);

        const account = new core.ServiceAccount(`${name}-account`, serviceAccount, { parent: this });
        const timeout = `${rolloutMinutes}m`;
        const rollout = new apps.Deployment(name, deployment, {
            parent: this,
            dependsOn: [account],
            customTimeouts: { create: timeout, update: timeout },
        });
        if (service) {
            new core.Service(name, notAwaited(service), { parent: this });
        }
        if (exposure) {
            new core.Service(`${name}-exposure`, exposure, { parent: this, dependsOn: [rollout] });
        }
        if (disruptionBudget) {
            new policy.PodDisruptionBudget(name, disruptionBudget, { parent: this });
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
