import { at } from "../values";
import { type Place, readClass } from "./secretReads";

/** GKE's driver for folders from Secret Manager: why it mounts nothing of a class for a Kubernetes account; nothing where it does. */
export function secretMounts(place: Place) {
    return (namespace: string | undefined, account: string, className: string): string | undefined => {
        const { resource } = place.cluster;
        if (resource === undefined || at(place.cloud.resource(resource), "secretManagerConfig.enabled") !== true) {
            return "driver name secrets-store-gke.csi.k8s.io not found in the list of registered CSI drivers";
        }
        const read = readClass(place, namespace, account, className);
        return typeof read === "string" ? read : undefined;
    };
}
