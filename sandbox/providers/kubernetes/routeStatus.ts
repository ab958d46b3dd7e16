import { publicAddress } from "../cloud/endpoints";
import type { KubernetesObject } from "../cloud/objects";
import { at, records } from "../values";

/** What GKE's controller says of a Gateway of one of its classes, or of a route. No request ever comes. */
export function routeStatus({ kind, metadata, spec }: KubernetesObject): unknown {
    const conditions = (...types: string[]) =>
        types.map((type) => ({
            ...{ type, status: "True", reason: type, message: "", observedGeneration: metadata.generation },
            lastTransitionTime: metadata.creationTimestamp,
        }));
    if (kind === "HTTPRoute") {
        const judged = { controllerName: "networking.gke.io/gateway", conditions: conditions("Accepted", "ResolvedRefs") };
        return { parents: records(at(spec, "parentRefs")).map((parentRef) => ({ parentRef, ...judged })) };
    }
    return String(at(spec, "gatewayClassName")).startsWith("gke-l7-")
        ? {
              addresses: [{ type: "IPAddress", value: publicAddress(metadata.uid) }],
              conditions: conditions("Accepted", "Programmed"),
              listeners: records(at(spec, "listeners")).map(({ name }) => ({
                  name,
                  attachedRoutes: 0,
                  supportedKinds: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute" }],
                  conditions: conditions("Accepted", "Programmed", "ResolvedRefs"),
              })),
          }
        : undefined;
}
