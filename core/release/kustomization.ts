import { packArchive } from "./archive";
import type { ImageSet } from "./lock";
import { yaml } from "./manifestText";

export const kustomizationFile = "kustomization.yaml";

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
export function packKustomization({ namespace, registry, images, resources }: KustomizationParts): Buffer {
    const kustomization = {
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        namespace,
        resources: [...resources.keys()].sort(),
        images: Object.entries(images)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, digest]) => ({ name: `${registry}/${name}`, newName: `${registry}/${name}`, digest })),
    };
    return packArchive(new Map([...resources, [kustomizationFile, yaml(kustomization)]]));
}
