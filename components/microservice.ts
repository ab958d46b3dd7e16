import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { JobObject, ServiceObject } from "../core/manifests/objects";
import { renderService, type RenderContext } from "../core/manifests/workload";
import type { Service } from "../core/settings/model";

/** What a {@link Microservice} is made from. */
export interface MicroserviceArgs {
    service: Service;
    /** Environment, namespace and the pinned references of the images. */
    context: RenderContext;
    /** What must have come to its end before this one's rollout begins. @default nothing */
    after?: readonly Microservice[];
    /** How long a rollout may take. @default 10 minutes, as the Kubernetes provider itself waits */
    rolloutMinutes?: number;
}

/**
 * One service in one cluster. Its rollout is awaited: the end of it is the verdict of a promotion.
 *
 * Its objects are exactly what `core/manifests` renders, so chart, kustomization and program cannot differ.
 */
export class Microservice extends pulumi.ComponentResource {
    /** Whom its pods may call, and who may call them. It is there before the pods. */
    readonly networkPolicy: k8s.networking.v1.NetworkPolicy;

    constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Microservice", name, {}, opts);
        const { after = [], rolloutMinutes = 10 } = args;
        const objects = renderService(args.service, args.context);
        const own = { parent: this };

        const account = new k8s.core.v1.ServiceAccount(`${name}-account`, objects.serviceAccount, own);
        this.networkPolicy = new k8s.networking.v1.NetworkPolicy(name, objects.networkPolicy, own);
        const files = objects.files && new k8s.core.v1.ConfigMap(`${name}-files`, objects.files, own);

        const timeout = `${rolloutMinutes}m`;
        const ready = { parent: this, dependsOn: [...present([account, this.networkPolicy, files]), ...after] };
        const migration =
            objects.migrate &&
            new k8s.batch.v1.Job(`${name}-migrate`, againAfterFailure(objects.migrate), {
                ...ready,
                ...outlasting(objects.migrate),
            });
        const awaited = {
            parent: this,
            dependsOn: [...ready.dependsOn, ...present([migration])],
            customTimeouts: { create: timeout, update: timeout },
        };
        const rollouts = present([
            objects.deployment && new k8s.apps.v1.Deployment(name, objects.deployment, awaited),
            objects.statefulSet && new k8s.apps.v1.StatefulSet(name, objects.statefulSet, awaited),
            objects.cronJob && new k8s.batch.v1.CronJob(name, objects.cronJob, awaited),
        ]);
        if (objects.service) {
            new k8s.core.v1.Service(name, notAwaited(objects.service), own);
        }
        if (objects.headlessService) {
            new k8s.core.v1.Service(`${name}-headless`, notAwaited(objects.headlessService), own);
        }
        if (objects.exposure) {
            new k8s.core.v1.Service(`${name}-exposure`, objects.exposure, { parent: this, dependsOn: rollouts });
        }
        for (const [role, object] of Object.entries({ gateway: objects.gateway, route: objects.route })) {
            if (object) {
                new k8s.apiextensions.CustomResource(`${name}-${role}`, object, { parent: this, dependsOn: rollouts });
            }
        }
        if (objects.autoscaler) {
            new k8s.autoscaling.v2.HorizontalPodAutoscaler(name, objects.autoscaler, own);
        }
        if (objects.disruptionBudget) {
            new k8s.policy.v1.PodDisruptionBudget(name, objects.disruptionBudget, own);
        }
        if (objects.verify) {
            const checked = { parent: this, dependsOn: rollouts, ...outlasting(objects.verify) };
            new k8s.batch.v1.Job(`${name}-verify`, againAfterFailure(objects.verify), checked);
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

/** The Job, made anew where it failed: a Job that failed never runs again by itself, so no `up` could mend it. */
function againAfterFailure(job: JobObject): JobObject {
    const annotations = { ...job.metadata.annotations, "pulumi.com/replaceUnready": "true" };
    return { ...job, metadata: { ...job.metadata, annotations } };
}

/** The Job's own deadline ends it, so that its failure is told and not only that somebody lost patience. */
function outlasting({ spec }: JobObject): pulumi.CustomResourceOptions {
    return { customTimeouts: { create: `${(spec.activeDeadlineSeconds ?? 600) + 60}s` } };
}

function present<T>(values: readonly (T | undefined)[]): T[] {
    return values.filter((value) => value !== undefined);
}
