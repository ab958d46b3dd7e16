import { renderDefaultDeny } from "../manifests/networkPolicy";
import { renderObjects } from "../manifests/renderObjects";
import type { RenderContext } from "../manifests/workload";
import type { Release } from "./release";

/** The objects of a release by the file that they stand in: each service's own, and those of the namespace beside them. */
export function releaseObjects(release: Release): ReadonlyMap<string, readonly object[]> {
    const context = renderContext(release);
    const services = Object.values(release.lock.catalog.services)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((service): [string, readonly object[]] => [`services/${service.name}.yaml`, renderObjects(service, context)]);
    return new Map([["default-deny.yaml", [renderDefaultDeny(context)]], ...services]);
}

function renderContext({ project, version, deploy, lock: { catalog, images }, target }: Release): RenderContext {
    return {
        ...target,
        partOf: project,
        services: catalog.services,
        image: (imageName) => `${deploy}/${imageName}@${images[imageName].digest}`,
        commit: (service) => {
            const image = images[service];
            return "commit" in image ? image.commit : undefined;
        },
        release: () => `v${version}`,
    };
}
