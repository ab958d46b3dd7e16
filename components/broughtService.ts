import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import * as core from "@pulumi/kubernetes/core/v1";
import * as networking from "@pulumi/kubernetes/networking/v1";
import * as pulumi from "@pulumi/pulumi";
import type { BringingService } from "../core/manifests/bring/bringingService";
import { renderBrought } from "../core/manifests/bring/render";
import type { RenderContext } from "../core/manifests/workload";
import type { BroughtObject } from "../core/settings/model";
import { withImages } from "./microservice";
import { ReachedSchema, type ReachedSchemaArgs } from "./reachedSchema";

/** What a {@link BroughtService} is made from. */
export interface BroughtServiceArgs {
    service: BringingService;
    /** Environment, namespace and the pinned references of the images. */
    context: RenderContext;
    /** What is known only later: an image reference that the context gives → what stands in its place. @default nothing */
    images?: Readonly<Record<string, pulumi.Input<string>>>;
    /** What must have come to its end before this one's rollouts begin. @default nothing */
    after?: readonly pulumi.Resource[];
    /** Where its database stands once its migration has run. @default - nothing is known of its database */
    schema?: ReachedSchemaArgs;
    /** How long a rollout may take. @default 10 minutes, as the Kubernetes provider itself waits */
    rolloutMinutes?: number;
}

/**
 * One service in one cluster that brings its own manifests. Its rollouts are awaited: their end is the verdict of a promotion.
 *
 * To Pulumi it is a Microservice like all others, so a service may come to be described by keys, and back, with its objects in place.
 */
export class BroughtService extends pulumi.ComponentResource {
    /** Whom its pods may call, and who may call them. It is there before the pods. */
    readonly networkPolicy: networking.NetworkPolicy;

    constructor(name: string, args: BroughtServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Microservice", name, {}, opts);
        const { service, images, after = [], rolloutMinutes = 10 } = args;
        const rendered = renderBrought(service, args.context);
        const objects = images ? withImages(rendered.objects, images) : rendered.objects;
        const own = { parent: this };
        const timeout = `${rolloutMinutes}m`;

        this.networkPolicy = new networking.NetworkPolicy(name, rendered.networkPolicy, own);
        const make = (object: BroughtObject, options: pulumi.CustomResourceOptions) =>
            register(resourceName(name, service.name, object), object, options);
        const inStage = (stage: Stage) => objects.filter((object) => stageOf(object) === stage);

        const needed = inStage("needed").map((object) => make(object, own));
        for (const object of inStage("beside")) {
            make(object, own);
        }
        const ready = [this.networkPolicy, ...needed, ...after];
        const reached = args.schema && [new ReachedSchema(`${name}-schema`, args.schema, { ...own, dependsOn: ready })];
        const dependsOn = [...ready, ...(reached ?? [])];
        const rollouts = inStage("rollout").map((object) =>
            make(object, { ...own, dependsOn, customTimeouts: { create: patience(object, timeout), update: timeout } }),
        );
        for (const object of inStage("entrance")) {
            make(object, { ...own, dependsOn: rollouts });
        }
        this.registerOutputs({});
    }
}

/** When an object is made: before the pods that need it, beside them, as their rollout, or once they are there to take requests. */
type Stage = "needed" | "beside" | "rollout" | "entrance";

function stageOf(object: BroughtObject): Stage {
    switch (object.kind) {
        case "Deployment":
        case "StatefulSet":
        case "CronJob":
        case "Job":
            return "rollout";
        case "Service":
            return isLoadBalancer(object) ? "entrance" : "beside";
        case "Gateway":
        case "HTTPRoute":
            return "entrance";
        case "PodDisruptionBudget":
        case "HorizontalPodAutoscaler":
            return "beside";
        default:
            return "needed";
    }
}

function isLoadBalancer({ spec }: BroughtObject): boolean {
    return (spec as { type?: unknown } | undefined)?.type === "LoadBalancer";
}

/** A Job's own deadline ends it, so that its failure is told and not only that somebody lost patience. */
function patience({ kind, spec }: BroughtObject, timeout: string): string {
    const { activeDeadlineSeconds: deadline } = (spec ?? {}) as { activeDeadlineSeconds?: unknown };
    return kind === "Job" && typeof deadline === "number" ? `${deadline + 60}s` : timeout;
}

/** The name that a described service's object of that kind and name has; else one of kind and name. */
function resourceName(component: string, service: string, { kind, metadata }: BroughtObject): string {
    const alike = metadata.name === service;
    if (alike && kind === "ServiceAccount") {
        return `${component}-account`;
    }
    const named = ["Deployment", "StatefulSet", "CronJob", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"];
    return alike && named.includes(kind) ? component : `${component}-${kind.toLowerCase()}-${metadata.name}`;
}

function register(name: string, object: BroughtObject, options: pulumi.CustomResourceOptions): pulumi.Resource {
    switch (`${object.apiVersion}/${object.kind}`) {
        // Of the core group the package says another group than the object, so a resource of any kind would be another one.
        case "v1/ServiceAccount":
            return new core.ServiceAccount(name, { ...object, apiVersion: "v1", kind: "ServiceAccount" }, options);
        case "v1/ConfigMap":
            return new core.ConfigMap(name, { ...object, apiVersion: "v1", kind: "ConfigMap" }, options);
        case "v1/Service":
            return new core.Service(
                name,
                {
                    ...(isLoadBalancer(object) ? object : annotated(object, "pulumi.com/skipAwait")),
                    apiVersion: "v1",
                    kind: "Service",
                },
                options,
            );
        // A Job that failed never runs again by itself, so no `up` could mend it.
        case "batch/v1/Job":
            return new CustomResource(name, annotated(object, "pulumi.com/replaceUnready"), options);
        default:
            return new CustomResource(name, object, options);
    }
}

/** The object with a word to Pulumi's provider. */
function annotated(object: BroughtObject, annotation: string): BroughtObject {
    const { annotations } = object.metadata as { annotations?: object | null };
    return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [annotation]: "true" } } };
}
