import { ProviderError, type Values } from "../double";
import { clusterKinds } from "./cluster";
import { identityKinds } from "./identity";
import type { GcpKind, GcpStorage, Place } from "./kind";
import { networkKinds } from "./network";
import { registryKinds } from "./registry";
import { secretKinds } from "./secret";
import { storageKinds } from "./storage";

const kinds = new Map(
    [...networkKinds, ...clusterKinds, ...registryKinds, ...identityKinds, ...secretKinds, ...storageKinds].map((kind) => [
        kind.token,
        kind,
    ]),
);

/** @throws ProviderError where the sandbox does not play it */
export function kindOf(token: string): GcpKind {
    const kind = kinds.get(token);
    if (!kind) {
        throw new ProviderError(
            `the sandbox's gcp has no resource ${token}: it plays ${[...kinds.keys()].map((known) => known.split(":").at(-1)).join(", ")}`,
        );
    }
    return kind;
}

/** How a kind is kept: most are a record under their name. */
export function storageOf(kind: GcpKind): GcpStorage {
    const found = (values: Values, place: Place) => place.cloud.resource(kind.name(values, place)) !== undefined;
    return (
        kind.storage ?? {
            conflicts: found,
            found,
            write: (outputs, place) => place.cloud.store.put(kind.name(outputs, place), outputs),
            remove: (outputs, place) => {
                place.cloud.store.deleteAll(kind.name(outputs, place));
                place.cloud.store.deleteAll(`policies/${kind.name(outputs, place)}`);
            },
        }
    );
}

/** Services are enabled and disabled, all else is created and deleted. */
export const serviceVerb = (kind: GcpKind, verb: "create" | "update" | "delete") =>
    kind.token === "gcp:projects/service:Service" ? { create: "enable", update: "enable", delete: "disable" }[verb] : verb;
