// Two hundred files more would come with the package's own index, at every `up`.
import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as autoscaling from "@pulumi/kubernetes/autoscaling/v2";
import * as batch from "@pulumi/kubernetes/batch/v1";
import * as core from "@pulumi/kubernetes/core/v1";
import * as networking from "@pulumi/kubernetes/networking/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
import * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../core/manifests/contentHash";
import type { JobObject, ServiceObject } from "../core/manifests/objects";
import { renderService, type RenderContext } from "../core/manifests/workload";
import type { Service } from "../core/settings/model";
import { ReachedSchema, type ReachedSchemaArgs } from "./reachedSchema";

/** What a {@link Microservice} is made from. */
export interface MicroserviceArgs {
    service: Service;
    /** Environment, namespace and the pinned references of the images. */
    context: RenderContext;
    /** What is known only later: an image reference that the context gives → what stands in its place. @default nothing */
    images?: Readonly<Record<string, pulumi.Input<string>>>;
    /** What must have come to its end before this one's rollout begins. @default nothing */
    after?: readonly pulumi.Resource[];
    /** Whether its `migrate` has run for this version: the Job stays as it ended, whatever the entry says now. @default false */
    migrated?: boolean;
    /** Where its database stands once its migration has run. @default - nothing is known of its database */
    schema?: ReachedSchemaArgs;
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
    readonly networkPolicy: networking.NetworkPolicy;

    constructor(name: string, args: MicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Microservice", name, {}, opts);
        const { after = [], migrated = false, rolloutMinutes = 10 } = args;
        const rendered = renderService(args.service, args.context);
        const objects = args.images ? withImages(rendered, args.images) : rendered;
        const own = { parent: this };

        const account = new core.ServiceAccount(`${name}-account`, objects.serviceAccount, own);
        this.networkPolicy = new networking.NetworkPolicy(name, objects.networkPolicy, own);
        const files = objects.files && new core.ConfigMap(`${name}-files-${contentOf(objects.files)}`, objects.files, own);

        const secrets =
            objects.secretClass &&
            new CustomResource(`${name}-secret-class-${contentOf(objects.secretClass)}`, objects.secretClass, own);
        const synced =
            objects.secretSync &&
            new CustomResource(`${name}-secret-sync-${contentOf(objects.secretSync)}`, objects.secretSync, {
                parent: this,
                dependsOn: present([account, secrets]),
            });

        const folders = args.service.volumes.filter(({ versions }) => versions !== undefined);
        const mounted = (objects.secretVolumes ?? []).map(
            (folder, index) => new CustomResource(`${name}-folder-${folders[index].name}-${contentOf(folder)}`, folder, own),
        );

        const timeout = `${rolloutMinutes}m`;
        const ready = { parent: this, dependsOn: [...present([account, this.networkPolicy, files, synced, ...mounted]), ...after] };
        const migration =
            objects.migrate &&
            new batch.Job(`${name}-migrate-${versionOf(objects.migrate)}`, againAfterFailure(objects.migrate), {
                ...ready,
                ...outlasting(objects.migrate),
                ...(migrated && { ignoreChanges: ["metadata", "spec"] }),
            });
        const reached =
            args.schema &&
            new ReachedSchema(`${name}-schema`, args.schema, {
                parent: this,
                dependsOn: [...ready.dependsOn, ...present([migration])],
            });
        const awaited = {
            parent: this,
            dependsOn: [...ready.dependsOn, ...present([migration, reached])],
            customTimeouts: { create: timeout, update: timeout },
        };
        const rollouts = present([
            objects.deployment && new apps.Deployment(name, objects.deployment, awaited),
            objects.statefulSet && new apps.StatefulSet(name, objects.statefulSet, awaited),
            objects.cronJob && new batch.CronJob(name, objects.cronJob, awaited),
        ]);
        if (objects.service) {
            new core.Service(name, notAwaited(objects.service), own);
        }
        if (objects.headlessService) {
            new core.Service(`${name}-headless`, notAwaited(objects.headlessService), own);
        }
        if (objects.exposure) {
            new core.Service(`${name}-exposure`, objects.exposure, { parent: this, dependsOn: rollouts });
        }
        for (const [role, object] of Object.entries({ gateway: objects.gateway, route: objects.route })) {
            if (object) {
                new CustomResource(`${name}-${role}`, object, { parent: this, dependsOn: rollouts });
            }
        }
        if (objects.autoscaler) {
            new autoscaling.HorizontalPodAutoscaler(name, objects.autoscaler, own);
        }
        if (objects.disruptionBudget) {
            new policy.PodDisruptionBudget(name, objects.disruptionBudget, own);
        }
        if (objects.verify) {
            // What was verified before is verified again on the way back: no Job of that name may stand there by then.
            const checked = { parent: this, dependsOn: rollouts, deleteBeforeReplace: true, ...outlasting(objects.verify) };
            new batch.Job(`${name}-verify`, againAfterFailure(objects.verify), checked);
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

/**
 * The part of an object's name that changes with its content. It stands in the resource's name too: what a promotion that failed
 * has replaced stands until one succeeds, and on the way back it could not be made a second time.
 */
function contentOf({ metadata: { name } }: { metadata: { name: string } }): string {
    return name.slice(name.lastIndexOf("-") + 1);
}

/**
 * What tells the migrations of a service's versions apart, whatever else its entry says. Each is a resource of its own: one that
 * failed leaves alone the one before it, which the way back finds as it ended, so nothing is migrated again.
 */
function versionOf({ spec }: JobObject): string {
    return contentHash(spec.template.spec.containers[0].image, 8);
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

/**
 * The objects with other images in the place of some references. Their type says text where an output may stand now: they go to
 * Pulumi's resources and nowhere else, which take either.
 */
export function withImages<T>(objects: T, images: Readonly<Record<string, pulumi.Input<string>>>): T {
    const inside = (value: unknown, key: string): unknown => {
        if (key === "image" && typeof value === "string" && Object.hasOwn(images, value)) {
            return images[value];
        }
        if (Array.isArray(value)) {
            return value.map((item) => inside(item, ""));
        }
        return typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner, name)]))
            : value;
    };
    return inside(objects, "") as T;
}

function present<T>(values: readonly (T | undefined)[]): T[] {
    return values.filter((value) => value !== undefined);
}
