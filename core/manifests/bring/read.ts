import type { Problem } from "../../refusal";
import type { BroughtManifests, BroughtObject, Port } from "../../settings/model";
import { collect, type ManifestTree } from "../import/folder";
import { type SourceObject, textAt } from "../import/objects";
import { type ImageOwner, readBroughtImages } from "./images";
import { refuseKinds } from "./kinds";
import { refuseUnfaithful, whatIsDeployed } from "./kustomizations";
import { refuseLabels } from "./pods";
import { readOffer } from "./ports";

/** A folder of manifests as a service brings it. */
export interface Brought {
    manifests: BroughtManifests;
    /** What other services may call. */
    ports: readonly Port[];
    /** The Google service account that the pods act as. Absent: none, or more than one. */
    identity?: string;
    /** The objects with the files that they stand in. */
    sources: readonly SourceObject[];
}

/** Reads the folder of a service. What cannot be deployed as it stands there is a problem, by file and place. */
export function readBrought(tree: ManifestTree, folder: string, owner: ImageOwner): { brought: Brought; problems: Problem[] } {
    const kustomizations = new Map<string, unknown>();
    const { objects: sources, lines } = collect(whatIsDeployed(tree, kustomizations), folder);
    const problems = [
        ...lines.map(({ file, object, path, reason }): Problem => ({
            subject: [file, object, path].filter((part) => part !== undefined).join(": "),
            message: reason,
        })),
        ...refuseUnfaithful(kustomizations, sources, folder),
        ...refuseKinds(sources),
        ...refuseLabels(sources, owner.name),
    ];
    if (sources.length === 0 && problems.length === 0) {
        problems.push({ subject: folder, message: "holds no Kubernetes object; expected YAML or JSON files, or a kustomization" });
    }
    const { images, problems: unpinned } = sources.length > 0 ? readBroughtImages(owner, folder, sources) : noImages;
    const { ports, open, problems: closed } = readOffer(sources);
    const identities = new Set(sources.flatMap(({ kind, value }) => (kind === "ServiceAccount" ? (identityOf(value) ?? []) : [])));
    return {
        brought: {
            manifests: { folder, objects: sources.map(({ value }) => value as BroughtObject), images, open },
            ports,
            sources,
            ...(identities.size === 1 && { identity: [...identities][0] }),
        },
        problems: [...problems, ...unpinned, ...closed],
    };
}

const noImages = { images: {}, problems: [] };

function identityOf(account: unknown): string | undefined {
    return textAt(account, "metadata", "annotations", "iam.gke.io/gcp-service-account");
}
