import type { Service } from "../settings/model";

/**
 * The service as it is in one environment: what `environments` says of it replaces the service's own fields, but `env` is merged
 * name by name, in the service's own order with new names behind. Applying it twice changes nothing.
 */
export function inEnvironment(service: Service, environment: string): Service {
    const { replicas, resources, annotations, env } = service.environments[environment] ?? {};
    return {
        ...service,
        replicas: replicas ?? service.replicas,
        resources: resources ?? service.resources,
        annotations: annotations ?? service.annotations,
        env: { ...service.env, ...env },
    };
}
