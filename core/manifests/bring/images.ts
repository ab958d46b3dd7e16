import type { Problem } from "../../refusal";
import { isDigest, parseReference } from "../../registry/reference";
import type { Path } from "../../settings/findings";
import type { Service, ThirdPartyImage } from "../../settings/model";
import { isBuilt } from "../import/images";
import { at, isTree, type SourceObject, type Tree } from "../import/objects";
import { splitImage, templateOf } from "../import/kustomization";
import { problemIn } from "./problem";

/** What is known of a service when its images are told apart. */
export type ImageOwner = Pick<Service, "name" | "image">;

/** Every place of an object that names an image: containers of all sorts, and volumes that are images. */
export function imagePlaces(value: Tree): Path[] {
    const template = templateOf(value);
    if (!template) {
        return [];
    }
    const spec = [...template, "spec"];
    const positions = (list: string) => {
        const found = at(value, ...spec, list);
        return Array.isArray(found) ? [...found.entries()] : [];
    };
    return [
        ...["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
            positions(list).map(([index]) => [...spec, list, index, "image"]),
        ),
        ...positions("volumes").flatMap(([index, volume]) =>
            isTree(at(volume, "image")) ? [[...spec, "volumes", index, "image", "reference"]] : [],
        ),
    ];
}

/** Whether an image of the manifests stands for the service's own. */
export function isOwnImage({ name, image }: ImageOwner, text: string): boolean {
    if (image.from === "source") {
        return !text.includes("@") && isBuilt(text, [name], {});
    }
    const own = splitImage(image.source);
    const { name: repository, digest } = splitImage(text);
    return digest === undefined ? text === name || repository === own.name : repository === own.name && digest === own.digest;
}

/**
 * The image name under which an image of the manifests is promoted: the service's own, or that of a third party, by its place in the
 * registry it comes from: `billing/envoyproxy/envoy`.
 */
export function imageNameOf(owner: ImageOwner, text: string): string {
    return isOwnImage(owner, text) ? owner.name : `${owner.name}/${beside(text)}`;
}

/** The third-party images beside the service's own, by the second part of their image name; what has no digest is a problem. */
export function readBroughtImages(
    owner: ImageOwner,
    folder: string,
    sources: readonly SourceObject[],
): { images: Record<string, ThirdPartyImage>; problems: Problem[] } {
    const images: Record<string, ThirdPartyImage> = {};
    const problems: Problem[] = [];
    let own = false;
    for (const { source, path } of sources.flatMap((source) => imagePlaces(source.value).map((path) => ({ source, path })))) {
        const text = at(source.value, ...path);
        if (typeof text !== "string" || text === "") {
            problems.push(problemIn(source, path, "missing; expected an image", writeOwn(owner)));
        } else if (isOwnImage(owner, text)) {
            own = true;
        } else {
            const problem = addImage(images, owner, text);
            problems.push(...(problem ? [problemIn(source, path, problem.message, problem.remedy)] : []));
        }
    }
    if (!own && problems.length === 0) {
        const what = owner.image.from === "source" ? `the image that ${owner.image.path} becomes` : owner.image.source;
        const message = sources.length === 0 ? "holds no Kubernetes object, in YAML or in JSON" : `no container runs ${what}`;
        problems.push({ subject: folder, message, remedy: writeOwn(owner) });
    }
    return { images, problems };
}

function addImage(
    images: Record<string, ThirdPartyImage>,
    owner: ImageOwner,
    text: string,
): { message: string; remedy?: string } | undefined {
    const { digest } = splitImage(text);
    if (!isDigest(digest)) {
        const message = `${text} has no digest, so it may be another image tomorrow; expected name@sha256:…, or ${owner.name} for the service's own`;
        return { message, remedy: `write ${text.split("@")[0]}@sha256:…; crane digest ${text.split("@")[0]} prints it` };
    }
    const broken = whatIsWrong(text);
    if (broken !== undefined) {
        return { message: broken };
    }
    const other = Object.hasOwn(images, beside(text)) ? images[beside(text)] : undefined;
    if (other && other.digest !== digest) {
        const message = `${text} and ${other.source} would be promoted as one image, ${imageNameOf(owner, text)}; expected one digest for it`;
        return { message, remedy: "write the same digest in both places" };
    }
    images[beside(text)] ??= { from: "thirdParty", source: text, digest };
    return undefined;
}

function whatIsWrong(text: string): string | undefined {
    try {
        parseReference(text);
        return undefined;
    } catch (error) {
        // What parseReference throws is its answer: a sentence on what the reference lacks.
        return (error as Error).message;
    }
}

function writeOwn({ name }: ImageOwner): string {
    return `write image: ${name} in the container that runs it`;
}

/** `envoyproxy/envoy`, `redis`: Docker Hub's own images are named without their folder there. */
function beside(text: string): string {
    return parseReference(text).repository.replace(/^library\//, "");
}
