import { templateOf } from "./kustomization";
import { at, isTree, type SourceObject, textAt, type Tree, treeAt, treesAt } from "./objects";

/** What runs, and the objects around it that belong to it. One of them becomes one entry of the catalog. */
export interface Workload {
    /** Name of the entry: the Service's, by which others call it; else the workload's own. */
    name: string;
    object: SourceObject;
    /** Where the pods are described in it. */
    template: readonly string[];
    pod: Tree;
    /** The container that is the service itself. */
    container: Tree;
    /** The Service that others in the cluster call. */
    inside?: SourceObject;
    /** The Service that brings traffic from outside. */
    outside?: SourceObject;
    /** The Service that gives each pod of a StatefulSet its name, where it is not the one that others call. */
    headless?: SourceObject;
    account?: SourceObject;
    scaler?: SourceObject;
    budget?: SourceObject;
    policies: readonly SourceObject[];
    routes: readonly SourceObject[];
    /** The Gateway of the manifests that the first of them hangs on. */
    gateway?: SourceObject;
}

export const workloadKinds = ["Deployment", "StatefulSet", "CronJob"];

export function gatherWorkloads(objects: readonly SourceObject[]): Workload[] {
    return objects.filter(({ kind }) => workloadKinds.includes(kind)).flatMap((object) => gather(object, objects) ?? []);
}

/** Whether a selector of labels finds the workload's pods; one without labels finds nothing here. */
export function selects(selector: unknown, { object, template }: Pick<Workload, "object" | "template">): boolean {
    const labels = treeAt(object.value, ...template, "metadata", "labels");
    const wanted = isTree(selector) ? Object.entries(selector) : [];
    return wanted.length > 0 && wanted.every(([label, value]) => labels[label] === value);
}

function gather(object: SourceObject, objects: readonly SourceObject[]): Workload | undefined {
    const template = templateOf(object.value);
    const containers = template ? treesAt(object.value, ...template, "spec", "containers") : [];
    if (!template || containers.length === 0) {
        return undefined;
    }
    const near = objects.filter(({ namespace }) => namespace === object.namespace || !namespace || !object.namespace);
    const ofKind = (kind: string) => near.filter((other) => other.kind === kind);
    const finds =
        (...selector: string[]) =>
        (other: SourceObject) =>
            selects(at(other.value, ...selector), { object, template });
    const pod = treeAt(object.value, ...template, "spec");

    const services = ofKind("Service").filter(finds("spec", "selector"));
    const external = services.filter(({ value }) => textAt(value, "spec", "type") === "LoadBalancer");
    const internal = services.filter((service) => !external.includes(service));
    const inside = preferred(internal, object.name) ?? external[0];
    const outside = external.find((service) => service !== inside) ?? external[0];
    const name = inside?.name ?? object.name;
    const routes = [...ofKind("Ingress"), ...ofKind("HTTPRoute"), ...ofKind("GRPCRoute")];
    const led = routes.filter(({ value }) => services.some((service) => backends(value).includes(service.name)));
    const scaled = (scaler: SourceObject) =>
        textAt(scaler.value, "spec", "scaleTargetRef", "kind") === object.kind &&
        textAt(scaler.value, "spec", "scaleTargetRef", "name") === object.name;
    return {
        name,
        object,
        template,
        pod,
        container: containers.find((container) => [object.name, name].includes(String(container.name))) ?? containers[0],
        inside,
        outside,
        headless: internal.find((service) => service !== inside && service.name === textAt(object.value, "spec", "serviceName")),
        account: ofKind("ServiceAccount").find(
            (account) => account.name === (textAt(pod, "serviceAccountName") ?? textAt(pod, "serviceAccount")),
        ),
        scaler: ofKind("HorizontalPodAutoscaler").find(scaled),
        budget: ofKind("PodDisruptionBudget").find(finds("spec", "selector", "matchLabels")),
        policies: ofKind("NetworkPolicy").filter(finds("spec", "podSelector", "matchLabels")),
        routes: led,
        gateway: ofKind("Gateway").find(
            (gateway) => gateway.name === textAt(treesAt(led[0]?.value, "spec", "parentRefs")[0], "name"),
        ),
    };
}

function preferred(services: readonly SourceObject[], name: string): SourceObject | undefined {
    const headless = ({ value }: SourceObject) => textAt(value, "spec", "clusterIP") === "None";
    const usual = services.filter((service) => !headless(service));
    return usual.find((service) => service.name === name) ?? usual[0] ?? services[0];
}

/** Names of the Services that an Ingress or a route leads to. */
export function backends(value: Tree): string[] {
    const ofRules = treesAt(value, "spec", "rules").flatMap((rule) => [
        ...treesAt(rule, "http", "paths").map((path) => textAt(path, "backend", "service", "name")),
        ...treesAt(rule, "backendRefs").map((reference) => textAt(reference, "name")),
    ]);
    return [textAt(value, "spec", "defaultBackend", "service", "name"), ...ofRules].filter((name) => name !== undefined);
}
