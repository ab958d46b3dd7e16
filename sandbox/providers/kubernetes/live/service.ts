import { at, isRecord, records } from "../../values";
import { collectionBeside, type Awaiter, type LiveObject } from "./observed";

/** A Service is live once it has its address, if it asks for one, and no pod behind it is on its way to being ready. */
export const service: Awaiter = {
    beside: (object) => ({
        slices: collectionBeside(
            object,
            "discovery.k8s.io/v1",
            "endpointslices",
            `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${object.metadata.name}`)}`,
        ),
    }),
    judge: (object, { slices }) => {
        const hasAddress =
            at(object, "spec.type") !== "LoadBalancer" || records(at(object, "status.loadBalancer.ingress")).length > 0;
        const endpoints = slices.now.flatMap((slice) => records(slice.endpoints));
        const isReady = (endpoint: unknown) => at(endpoint, "conditions.ready") === true;
        const isSettled = !selectsPods(object) || (endpoints.length > 0 && endpoints.every(isReady));
        if (hasAddress && isSettled) {
            return { live: true, reasons: [] };
        }
        return {
            live: false,
            reasons: [
                ...(isSettled ? [] : [endpoints.some(isReady) ? "Not all Pods that the Service targets are ready" : noPods]),
                ...(hasAddress ? [] : ["Service was not allocated an IP address; does your cloud provider support this?"]),
            ],
            // Nobody may be meant to stand behind it yet.
            settling: hasAddress && endpoints.length === 0,
        };
    },
};

function selectsPods({ spec }: LiveObject): boolean {
    const selector = at(spec, "selector");
    return (
        isRecord(selector) &&
        Object.keys(selector).length > 0 &&
        at(spec, "clusterIP") !== "None" &&
        at(spec, "type") !== "ExternalName"
    );
}

const noPods =
    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods";
