import type { Port, Route } from "../settings/model";
import type { GatewayObject, ObjectMetadata, RouteObject } from "./objects";

/** The way of a host's requests to a service, and the Gateway that it hangs on, where it is the service's own. */
export function renderRoute(
    service: string,
    { host, gateway }: Route,
    [{ port }]: readonly Port[],
    metadata: ObjectMetadata,
): { gateway?: GatewayObject; route: RouteObject } {
    const own = "tls" in gateway ? renderGateway(host, gateway, metadata) : undefined;
    const parent = "tls" in gateway ? { name: metadata.name } : { ...gateway };
    return {
        ...(own && { gateway: own }),
        route: {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "HTTPRoute",
            metadata,
            spec: { parentRefs: [parent], hostnames: [host], rules: [{ backendRefs: [{ name: service, port }] }] },
        },
    };
}

/** It listens for HTTPS alone: nothing is served without its certificate. */
function renderGateway(
    hostname: string,
    { tls, class: gatewayClassName }: Extract<Route["gateway"], { tls: string }>,
    metadata: ObjectMetadata,
): GatewayObject {
    return {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "Gateway",
        metadata,
        spec: {
            gatewayClassName,
            listeners: [
                {
                    name: "https",
                    hostname,
                    port: 443,
                    protocol: "HTTPS",
                    tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: tls }] },
                    allowedRoutes: { namespaces: { from: "Same" } },
                },
            ],
        },
    };
}
