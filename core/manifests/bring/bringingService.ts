import type { BroughtManifests, Service } from "../../settings/model";

/** A service that brings its own manifests. */
export type BringingService = Service & { manifests: BroughtManifests };

export function bringsManifests(service: Service): service is BringingService {
    return service.manifests !== undefined;
}
