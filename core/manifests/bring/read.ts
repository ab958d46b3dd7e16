import type { Problem } from "../../refusal";
import type { BroughtManifests, BroughtObject, Port } from "../../settings/model";
import { collect, type ManifestTree } from "../import/folder";
import type { Line, SourceObject } from "../import/objects";
import { readIdentity } from "./accounts";
import { type ImageOwner, readBroughtImages } from "./images";
import { refuseKinds } from "./kinds";
import { refuseUnfaithful, whatIsDeployed } from "./kustomizations";
import { refuseLabels } from "./pods";
import { readOffer } from "./ports";
import { refuseUnrestricted } from "./restricted";

/** A folder of manifests as a service brings it. */
export interface Brought {
    manifests: BroughtManifests;
    /** What other services may call. */
    ports: readonly Port[];
    /** The Google service account that the pods act as. Absent: none. */
    identity?: string;
    /** The objects with the files that they stand in. */
    sources: readonly SourceObject[];
}

/** Reads the folder of a service. What cannot be deployed as it stands there is a problem, by file and place. */
export function readBrought(tree: ManifestTree, folder: string, owner: ImageOwner): { brought: Brought; problems: Problem[] } {
    const kustomizations = new Map<string, unknown>();
    const { objects: sources, lines } = collect(whatIsDeployed(tree, kustomizations), folder);
    const { images, problems: unpinned } = readBroughtImages(owner, folder, sources);
    const { ports, open, problems: closed } = readOffer(sources);
    const { problems: unknown, ...identity } = readIdentity(sources, owner.name);
    return {
        brought: {
            manifests: { folder, objects: sources.map(({ value }) => value as BroughtObject), images, open },
            ports,
            sources,
            ...identity,
        },
        problems: [
            ...lines.filter((line) => !isField(line, kustomizations)).map(problemOf),
            ...refuseUnfaithful(kustomizations, sources, folder),
            ...refuseKinds(sources),
            ...refuseLabels(sources, owner.name),
            ...refuseUnrestricted(sources),
            ...unpinned,
            ...closed,
            ...unknown,
        ],
    };
}

/** Whether the line is about a field of a kustomization that is not applied: those are told for all kustomizations alike. */
function isField({ file, path }: Line, kustomizations: ReadonlyMap<string, unknown>): boolean {
    return kustomizations.has(file) && path !== undefined && !path.startsWith("resources[");
}

function problemOf({ file, object, path, reason, instead }: Line): Problem {
    const subject = [file, object, path].filter((part) => part !== undefined).join(": ");
    return instead === undefined
        ? { subject, message: reason }
        : { subject, message: `stands in ${instead} too`, remedy: "delete one of the two" };
}
