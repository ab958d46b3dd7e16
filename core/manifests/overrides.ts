import type { Service } from "../settings/model";

/**
 * The service as it is in one environment: what `environments` says of it replaces the service's own fields, but `env` and `files` are
 * merged name by name, in the service's own order with new names behind. Applying it twice changes nothing.
 */
export function inEnvironment(service: Service, environment: string): Service {
    const { replicas, autoscale, resources, annotations, env, files, identity } = service.environments[environment] ?? {};
    const { autoscale: bounds, ...fixed } = service;
    // A number of pods that an environment gives holds there, whatever the bounds elsewhere.
    const scaled = autoscale ?? (replicas === undefined ? bounds : undefined);
    return {
        ...fixed,
        ...(scaled && { autoscale: scaled }),
        replicas: replicas ?? service.replicas,
        resources: resources ?? service.resources,
        annotations: annotations ?? service.annotations,
        env: { ...service.env, ...env },
        ...(identity && { identity }),
        ...(files && { files: { ...service.files, ...files } }),
    };
}
