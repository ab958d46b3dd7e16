import type { BroughtObject } from "../../settings/model";
import { deployedKinds } from "../deployedKinds";
import { at, isTree, type Tree, treeAt } from "../import/objects";
import { templateOf } from "../import/kustomization";
import { broughtLabels, broughtPodLabels } from "../labels";
import { renderNetworkPolicy } from "../networkPolicy";
import type { NetworkPolicyObject } from "../objects";
import { originAnnotations, type RenderContext } from "../workload";
import type { BringingService } from "./bringingService";
import { imageNameOf, imagePlaces, isOwnImage } from "./images";

/** What such a service is in Kubernetes. */
export interface BroughtObjects {
    /** Whom its pods may call, and who may call them: the one object that is oneflow's. */
    networkPolicy: NetworkPolicyObject;
    /** Its own objects, in the order in which they are applied. */
    objects: readonly BroughtObject[];
}

/**
 * The objects as they were brought, but for four things: the environment's namespace, labels, pinned images, and the commit on what
 * runs the service's own image. Equal input gives equal bytes.
 */
export function renderBrought(service: BringingService, context: RenderContext): BroughtObjects {
    const { name, manifests } = service;
    const labels = broughtLabels(name, context);
    const metadata = { name, namespace: context.namespace, labels };
    return {
        networkPolicy: renderNetworkPolicy(service, metadata, context),
        objects: [...manifests.objects].sort((a, b) => rank(a) - rank(b)).map((object) => settled(object, service, context)),
    };
}

function settled(object: BroughtObject, service: BringingService, context: RenderContext): BroughtObject {
    const { name } = service;
    const template = templateOf(object);
    const origin = runsOwnImage(object, service) ? originAnnotations(name, context) : {};
    const images = imagePlaces(object).map((path) => {
        const text = String(at(object, ...path));
        return [path, context.image(imageNameOf(service, text))] as const;
    });
    const pinned = images.reduce<Tree>((tree, [path, image]) => replaced(tree, path, image), object);
    const labelled = template ? added(pinned, [...template, "metadata", "labels"], broughtPodLabels(name, context)) : pinned;
    const named = added(labelled, ["metadata", "labels"], broughtLabels(name, context));
    const placed = replaced(named, ["metadata", "namespace"], context.namespace);
    const told = Object.keys(origin).length === 0 ? placed : added(placed, ["metadata", "annotations"], origin);
    return told as BroughtObject;
}

function runsOwnImage(object: BroughtObject, service: BringingService): boolean {
    return imagePlaces(object).some((path) => isOwnImage(service, String(at(object, ...path))));
}

function rank({ apiVersion, kind }: BroughtObject): number {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    return deployedKinds.findIndex((one) => one.group === group && one.kind === kind);
}

/** The tree with the entries in the map at the path that it does not have yet. */
function added(tree: Tree, path: readonly string[], entries: Tree): Tree {
    return replaced(tree, path, { ...treeAt(tree, ...path), ...without(entries, treeAt(tree, ...path)) });
}

function without(entries: Tree, taken: Tree): Tree {
    return Object.fromEntries(Object.entries(entries).filter(([key]) => !Object.hasOwn(taken, key)));
}

/** The tree with another value at the path; maps on the way are made where they lack. */
function replaced(tree: Tree, path: readonly (string | number)[], value: unknown): Tree {
    return within(tree, path, value) as Tree;
}

function within(tree: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
    if (key === undefined) {
        return value;
    }
    if (Array.isArray(tree)) {
        return tree.map((entry: unknown, index) => (index === key ? within(entry, rest, value) : entry));
    }
    const map = isTree(tree) ? tree : {};
    return { ...map, [key]: within(map[key], rest, value) };
}
