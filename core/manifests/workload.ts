import type { Catalog, Exposure, Port, Service } from "../settings/model";
import { renderAutoscaler } from "./autoscaler";
import { renderCronJob } from "./cronJob";
import { renderDeployment } from "./deployment";
import { labelSelector, objectLabels, podSelector } from "./labels";
import { renderFiles } from "./files";
import { renderJob } from "./job";
import { renderNetworkPolicy } from "./networkPolicy";
import type {
    AutoscalerObject,
    ConfigMapObject,
    CronJobObject,
    DeploymentObject,
    DisruptionBudgetObject,
    GatewayObject,
    JobObject,
    NetworkPolicyObject,
    ObjectMetadata,
    RouteObject,
    SecretProviderClassObject,
    SecretSyncObject,
    ServiceAccountObject,
    ServiceObject,
    StatefulSetObject,
} from "./objects";
import { inEnvironment } from "./overrides";
import { renderRoute } from "./route";
import { renderSecretVersions } from "./secretVersions";
import { renderSecretVolumes } from "./secretVolumes";
import { renderHeadlessService, renderStatefulSet } from "./statefulSet";

/** Where a service is rendered for. */
export interface RenderContext {
    /** Name of the environment: its overrides apply. */
    environment: string;
    /** Google Cloud project of the environment: its Secret Manager is meant. */
    cloudProject: string;
    /** Kubernetes namespace of every object. */
    namespace: string;
    /** Name of the project that the services are part of. */
    partOf: string;
    /** All services of the catalog: whom a service may call, and who calls it, is known from them. */
    services: Catalog["services"];
    /** The reference, pinned by digest, of an image name: a service's name, or `<service>/<init container>`. */
    image(imageName: string): string;
    /** The commit that a service's image was built from. Absent, or no answer: the object says none. */
    commit?(service: string): string | undefined;
    /** The release that a service's image came with, `v1.4.0`. Absent, or no answer: the object says none. */
    release?(service: string): string | undefined;
    /** Whether a service's image moves forward, so that its `migrate` runs. @default it does, for all */
    migrates?(service: string): boolean;
}

/** What a service is in Kubernetes, by role. An absent role is an absent key, so `Object.values` is what there is to apply, in order. */
export interface WorkloadObjects {
    serviceAccount: ServiceAccountObject;
    /** Whom the pods may call, and who may call them. */
    networkPolicy: NetworkPolicyObject;
    /** The files of the container. Its name changes with what is in it, so pods that run keep the files that they started with. */
    files?: ConfigMapObject;
    /** What of Secret Manager the service's variables hold. Named as {@link WorkloadObjects.secretSync}. */
    secretClass?: SecretProviderClassObject;
    /** What makes a Secret of it. Its name changes with the versions, as that of `files` does. */
    secretSync?: SecretSyncObject;
    /** What of Secret Manager its folders hold. Absent where none does. */
    secretVolumes?: readonly SecretProviderClassObject[];
    /** What must succeed before the pods are replaced. */
    migrate?: JobObject;
    /** Of a service or a worker. */
    deployment?: DeploymentObject;
    statefulSet?: StatefulSetObject;
    cronJob?: CronJobObject;
    /** What the other services call. Absent where the service has no port. */
    service?: ServiceObject;
    /** What gives each pod of a stateful service a name of its own. */
    headlessService?: ServiceObject;
    /** What brings traffic from outside the cluster. */
    exposure?: ServiceObject;
    /** The Gateway that a service has for itself. */
    gateway?: GatewayObject;
    /** The way of a host's requests to the service. */
    route?: RouteObject;
    /** What decides how many pods there are. Absent where `replicas` does. */
    autoscaler?: AutoscalerObject;
    /** Absent where one replica runs: a budget could only forbid to drain its node. */
    disruptionBudget?: DisruptionBudgetObject;
    /** What must succeed once the pods are replaced. */
    verify?: JobObject;
}

/** Name of the annotation with the commit that a Deployment's image was built from. */
export const commitAnnotation = "oneflow.dev/commit";

/** Name of the annotation with the release that a Deployment's image came with. */
export const releaseAnnotation = "oneflow.dev/release";

/** Name of the annotation with the Google service account that a Kubernetes one may act as. */
export const identityAnnotation = "iam.gke.io/gcp-service-account";

/**
 * A service as Kubernetes objects, with the overrides of the context's environment applied.
 *
 * Objects and the container are named as the service; the exposing Service as the settings say. Names are taken as valid: the
 * settings refuse others. The pods meet the Pod Security Standard `restricted`. Equal input gives equal bytes.
 */
export function renderService(service: Service, context: RenderContext): WorkloadObjects {
    if (service.manifests) {
        throw new Error(`${service.name} brings its own manifests: renderObjects knows both ways`);
    }
    const here = inEnvironment(service, context.environment);
    const { name, kind, ports, expose, replicas, autoscale, migrate, verify, identity } = here;
    const metadata = (objectName: string): ObjectMetadata => ({
        name: objectName,
        namespace: context.namespace,
        labels: objectLabels(name, context),
    });
    // What is built from a working copy is no promotion: nothing is migrated, nothing is verified.
    const promoted = service.build !== "local";
    const files = renderFiles(here, metadata);
    const secretVolumes = renderSecretVolumes(here, metadata, context.cloudProject);
    const origin = originAnnotations(name, context);
    const annotations = Object.keys(origin).length === 0 ? {} : { annotations: origin };
    return {
        serviceAccount: {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { ...metadata(name), ...(identity && { annotations: { [identityAnnotation]: identity } }) },
            automountServiceAccountToken: false,
        },
        networkPolicy: renderNetworkPolicy(here, metadata(name), context),
        ...(files && { files }),
        ...renderSecretVersions(here, metadata, context.cloudProject),
        ...(secretVolumes.length > 0 && { secretVolumes }),
        ...(migrate &&
            promoted &&
            (context.migrates?.(name) ?? true) && { migrate: renderJob("migrate", here, migrate, metadata, context) }),
        // The commit stands on the workload alone: on the pod template it would restart pods whose image did not change.
        ...renderPods(here, { ...metadata(name), ...annotations }, context),
        ...(ports.length > 0 && { service: renderPorts("ClusterIP", metadata(name), name, ports) }),
        ...(kind === "stateful" && { headlessService: renderHeadlessService(here, metadata) }),
        ...(expose?.route
            ? renderRoute(name, expose.route, expose.ports, metadata(expose.name))
            : expose && { exposure: renderPorts("LoadBalancer", exposed(expose, metadata(expose.name)), name, expose.ports) }),
        ...(autoscale && { autoscaler: renderAutoscaler(here, autoscale, metadata(name)) }),
        ...((autoscale?.max ?? replicas) > 1 && { disruptionBudget: renderDisruptionBudget(metadata(name), name) }),
        ...(verify && promoted && { verify: renderJob("verify", here, verify, metadata, context) }),
    };
}

/** What an object says of where the image that it runs comes from. */
export function originAnnotations(service: string, context: Pick<RenderContext, "commit" | "release">): Record<string, string> {
    const [commit, release] = [context.commit?.(service), context.release?.(service)];
    return {
        ...(commit !== undefined && { [commitAnnotation]: commit }),
        ...(release !== undefined && { [releaseAnnotation]: release }),
    };
}

/** What makes the pods, and makes them anew. */
function renderPods(
    service: Service,
    metadata: ObjectMetadata,
    context: RenderContext,
): Pick<WorkloadObjects, "deployment" | "statefulSet" | "cronJob"> {
    switch (service.kind) {
        case "stateful":
            return { statefulSet: renderStatefulSet(service, metadata, context) };
        case "cron":
            return { cronJob: renderCronJob(service, service.schedule!, metadata, context) };
        default:
            return { deployment: renderDeployment(service, metadata, context) };
    }
}

function exposed({ type }: Exposure, metadata: ObjectMetadata): ObjectMetadata {
    return type === "internal" ? { ...metadata, annotations: { "networking.gke.io/load-balancer-type": "Internal" } } : metadata;
}

function renderPorts(
    type: "ClusterIP" | "LoadBalancer",
    metadata: ObjectMetadata,
    name: string,
    ports: readonly Port[],
): ServiceObject {
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata,
        spec: {
            type,
            selector: podSelector(name),
            ports: ports.map(({ name: portName, port, target }) => ({ name: portName, port, targetPort: target, protocol: "TCP" })),
        },
    };
}

function renderDisruptionBudget(metadata: ObjectMetadata, name: string): DisruptionBudgetObject {
    return {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata,
        // `maxUnavailable` stays right when somebody scales by hand. A pod that is not ready protects nothing, so it may go.
        spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: labelSelector(name) },
    };
}
