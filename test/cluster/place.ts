import { EnvironmentNamespace } from "../../components/environmentNamespace";
import { renderDefaultDeny } from "../../core/manifests/networkPolicy";
import type { DeploymentObject, KubernetesObject } from "../../core/manifests/objects";
import { renderService, type RenderContext, type WorkloadObjects } from "../../core/manifests/workload";
import type { Digest } from "../../core/registry/reference";
import { pinnedImage } from "../../core/release/addresses";
import type { Service } from "../../core/settings/model";
import type { ClusterClient, ClusterObject, Manifest } from "../../sandbox/kubernetes/clusterClient";
import { record } from "../components/recorder";
import { environmentOf, settings, sharedCluster, usersOf } from "./cluster";

/** An environment of this project in the cluster: its namespace as the platform makes it, and those who work there. */
export class Place {
    private constructor(
        readonly environment: ReturnType<typeof environmentOf>,
        /** The API as the environment's deployer sees it. */
        readonly deployer: ClusterClient,
        /** The API as somebody sees it who may look. */
        readonly auditor: ClusterClient,
        /** The API as somebody sees it who may do everything. */
        readonly admin: ClusterClient,
    ) {}

    /** The environment's place in the cluster that all files share. Made at the first call. */
    static of(name: "dev" | "stage" | "prod"): Promise<Place> {
        if (!places.has(name)) places.set(name, Place.make(name));
        return places.get(name)!;
    }

    /** Path of a collection in the namespace, or of an object: `apps/v1`, `deployments`. */
    path(apiVersion: string, collection: string): string {
        const api = apiVersion.includes("/") ? "apis" : "api";
        return `/${api}/${apiVersion}/namespaces/${this.environment.namespace}/${collection}`;
    }

    /** The objects of a service whose images all have one digest. */
    render(service: Service, digest: Digest): WorkloadObjects {
        return renderService(
            service,
            this.context((imageName) => this.image(imageName, digest)),
        );
    }

    /** The Deployment of a service that has one. */
    renderDeployment(service: Service, digest: Digest): DeploymentObject {
        return this.render(service, digest).deployment!;
    }

    /** What holds for all services, and the objects of each, in the order in which they are applied. */
    renderAll(digestOf: (imageName: string) => Digest): KubernetesObject[] {
        const context = this.context((imageName) => this.image(imageName, digestOf(imageName)));
        const workloads = Object.values(settings.catalog.services).map((service) => renderService(service, context));
        return [...workloads.flatMap((workload) => Object.values(workload) as KubernetesObject[]), renderDefaultDeny(context)];
    }

    /** The pinned reference of an image in the environment's own tier. */
    image(imageName: string, digest: Digest): string {
        return pinnedImage(this.environment, imageName, digest);
    }

    /** Applies objects as the deployer, one after the other. */
    async apply(objects: Iterable<Manifest>): Promise<void> {
        for (const object of objects) await this.deployer.apply(object);
    }

    private context(image: (imageName: string) => string): RenderContext {
        const { name, namespace } = this.environment;
        return {
            environment: name,
            cloudProject: "acme-stage",
            namespace,
            partOf: settings.project,
            services: settings.catalog.services,
            image,
        };
    }

    private static async make(name: string): Promise<Place> {
        const cluster = await sharedCluster();
        const environment = environmentOf(name);
        const users = usersOf(environment);
        const admin = cluster.as("admin");
        const place = new Place(environment, cluster.as(users.deployer), cluster.as(users.auditor), admin);
        for (const object of await namespaceObjects(environment.namespace, users)) await admin.apply(object);
        // Until its controller has counted for the first time, a quota refuses every pod.
        await admin.until<Quota>(place.path("v1", "resourcequotas"), ([quota]) => quota?.status?.hard !== undefined);
        return place;
    }
}

/** A ResourceQuota as the API server gives it. */
export interface Quota extends ClusterObject {
    status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

const places = new Map<string, Promise<Place>>();

/** What the platform's component asks the Kubernetes provider for. */
async function namespaceObjects(namespace: string, users: ReturnType<typeof usersOf>): Promise<Manifest[]> {
    const registered = await record(() => new EnvironmentNamespace("here", { namespace, partOf: settings.project, ...users }));
    return registered
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ inputs }) => inputs as unknown as Manifest)
        .sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
}
