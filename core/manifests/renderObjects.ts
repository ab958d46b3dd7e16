import type { Service } from "../settings/model";
import { bringsManifests } from "./bring/bringingService";
import { renderBrought } from "./bring/render";
import { renderService, type RenderContext } from "./workload";

/** All objects of a service, described or brought, in the order in which they are applied. */
export function renderObjects(service: Service, context: RenderContext): object[] {
    if (!bringsManifests(service)) {
        return Object.values(renderService(service, context)).flat();
    }
    const { networkPolicy, objects } = renderBrought(service, context);
    return [networkPolicy, ...objects];
}
