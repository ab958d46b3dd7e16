import { parse } from "yaml";
import { packArchive, unpackArchive } from "./archive";
import { canonicalJson, type ImageSet } from "./lock";
import { yaml } from "./manifestText";

const kustomizationFile = "kustomization.yaml";

/** What a kustomization is made from. */
export interface KustomizationParts {
    namespace: string;
    /** What image names start with. */
    registry: string;
    images: ImageSet;
    /** Path → YAML text. */
    resources: ReadonlyMap<string, string>;
}

/**
 * The kustomization's bytes: a folder for `kubectl apply -k`. Its `images` say of each what it is already, so that another registry
 * is a changed `newName`, in place or in an overlay.
 */
export function packKustomization(parts: KustomizationParts): Buffer {
    return packArchive(new Map([...parts.resources, [kustomizationFile, yaml(kustomizationOf(parts))]]));
}

/** A kustomization taken apart. */
export interface Kustomization {
    /** What its own file holds. */
    own: unknown;
    /** Path → YAML text. */
    resources: ReadonlyMap<string, string>;
}

/** @throws Error that says why the bytes are no kustomization */
export function unpackKustomization(bytes: Buffer): Kustomization {
    const resources = new Map(unpackArchive(bytes));
    const text = resources.get(kustomizationFile);
    if (text === undefined) {
        throw new Error(`it holds no ${kustomizationFile}`);
    }
    resources.delete(kustomizationFile);
    return { own: parse(text), resources };
}

/** Whether a kustomization deploys its resources as they are, in the namespace, with those images, and does nothing else. */
export function deploysAsTheyAre({ own, resources }: Kustomization, parts: Omit<KustomizationParts, "resources">): boolean {
    return canonicalJson(own) === canonicalJson(kustomizationOf({ ...parts, resources }));
}

function kustomizationOf({ namespace, registry, images, resources }: KustomizationParts): object {
    return {
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        namespace,
        resources: [...resources.keys()].sort(),
        images: Object.entries(images)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, digest]) => ({ name: `${registry}/${name}`, newName: `${registry}/${name}`, digest })),
    };
}
