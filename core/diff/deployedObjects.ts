import { renderDefaultDeny } from "../manifests/networkPolicy";
import { renderObjects } from "../manifests/renderObjects";
import type { RenderContext } from "../manifests/workload";
import type { Plan } from "../promotion/model";
import { imageRepository, pinnedImage } from "../release/addresses";
import { catalogImages, type LockedImage } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import type { Catalog, Environment } from "../settings/model";
import type { Objects } from "./objectChanges";

/** The objects of the newest healthy run, as this program renders them today from what the run recorded. */
export function recordedObjects(
    project: string,
    environment: Environment,
    { catalog, images, namespace, migrated = [] }: RunRecord,
): Objects {
    return objectsOf(project, { ...environment, namespace }, catalog, images, (service) => migrated.includes(service));
}

/** The objects that a plan would deploy. */
export function plannedObjects(project: string, catalog: Catalog, { environment, images, pending, migrations }: Plan): Objects {
    const services = Object.fromEntries(Object.entries(catalog.services).filter(([name]) => !pending.includes(name)));
    const migrates = (service: string) => migrations.due.includes(service) || migrations.done.includes(service);
    return objectsOf(project, environment, { services }, images, migrates, catalog);
}

function objectsOf(
    project: string,
    environment: Environment,
    deployed: Catalog,
    images: Readonly<Record<string, LockedImage>>,
    migrates: (service: string) => boolean,
    catalog = deployed,
): Objects {
    const context: RenderContext = {
        environment: environment.name,
        cloudProject: environment.project,
        namespace: environment.namespace,
        partOf: project,
        services: inNameOrder(catalog.services),
        image: (name) =>
            Object.hasOwn(images, name)
                ? pinnedImage(environment, name, images[name].digest)
                : unpinned(environment, catalog, name),
        commit: (service) => {
            const image = Object.hasOwn(images, service) ? images[service] : undefined;
            return image && "commit" in image ? image.commit : undefined;
        },
        migrates,
    };
    const objects = [
        renderDefaultDeny(context),
        ...Object.values(deployed.services).flatMap((service) => renderObjects(service, context)),
    ];
    return new Map(objects.map((object) => [nameOf(object), object]));
}

/** Of what a working copy builds, and of what is not mirrored yet, no digest in the tier is known. */
function unpinned(environment: Environment, catalog: Catalog, name: string): string {
    const image = catalogImages(catalog)[name];
    return image?.from === "thirdParty" ? image.source : imageRepository(environment, name);
}

function nameOf(object: object): string {
    const { kind, metadata } = object as { kind: string; metadata: { name: string } };
    return `${kind} ${metadata.name}`;
}

/** A record does not keep the order of the services, in which callers and called are listed: it would look like a change. */
function inNameOrder(services: Catalog["services"]): Catalog["services"] {
    return Object.fromEntries(Object.entries(services).sort(([a], [b]) => (a < b ? -1 : 1)));
}
