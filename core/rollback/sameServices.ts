import { canonicalJson } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import type { Catalog } from "../settings/model";

/**
 * Whether a checkout's catalog renders the services of a run as they were rendered then. What the checkout has besides, that run had no
 * images of.
 */
export function rendersAsThen({ catalog: then, images }: Pick<RunRecord, "catalog" | "images">, now: Catalog): boolean {
    const same = Object.entries(then.services).every(
        ([name, service]) => Object.hasOwn(now.services, name) && canonicalJson(now.services[name]) === canonicalJson(service),
    );
    return same && Object.keys(now.services).every((name) => Object.hasOwn(then.services, name) || !Object.hasOwn(images, name));
}
