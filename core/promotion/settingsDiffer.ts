import { canonicalJson, serviceOf } from "../release/lock";
import type { Service } from "../settings/model";
import type { PromotionFacts, PromotionRequest } from "./model";
import { refOf, type Proposal } from "./proposal";
import { shortCommit } from "./words";

/** A key of a service's entry that reads otherwise in the checkout, which is rendered, than at the commit that its image comes from. */
export interface SettingDifference {
    service: string;
    /** `env.PORT`, `replicas`. */
    key: string;
    /** In this checkout's services.yaml. Absent: it has none. */
    here?: unknown;
    /** In the services.yaml of the lock's commit. Absent: it had none. */
    there?: unknown;
    /** The commit of the lock. */
    ref: string;
}

/**
 * What differs of the services whose image comes in, by service and key. What stands under `environments` belongs to the environment and
 * not to the commit, so it is not compared.
 */
export function settingsThatDiffer(
    request: PromotionRequest,
    { locks }: Pick<PromotionFacts, "locks">,
    { transitions }: Pick<Proposal, "transitions">,
): SettingDifference[] {
    const services = [...new Set(transitions.flatMap(({ image, to }) => (to === undefined ? [] : [serviceOf(image)])))];
    return services.flatMap((service) => {
        const ref = refOf(request, locks, service);
        const there = locks[ref]?.catalog.services;
        const here = request.catalog.services;
        if (!there || !Object.hasOwn(there, service) || !Object.hasOwn(here, service)) {
            return [];
        }
        return differences(rendered(here[service]), rendered(there[service]), "").map((difference) => ({
            service,
            ref,
            ...difference,
        }));
    });
}

/** What an image is built from is no setting of what runs: the lock's image runs, whatever the checkout would build. */
function rendered({ environments: _, image, ...settings }: Service): object {
    return image.from === "source" ? settings : { image, ...settings };
}

/** Each difference in a sentence, for the preview. */
export function describeDifferences(found: readonly SettingDifference[]): string[] {
    const said = (value: unknown) => (value === undefined ? "nothing" : canonicalJson(value));
    return found.map(
        ({ service, key, here, there, ref }) =>
            `${service}: ${key} is ${said(here)} in this checkout's services.yaml, which is rendered, and ${said(there)} at ${shortCommit(ref)}`,
    );
}

/** Maps are compared key by key, everything else as a whole: a list's positions mean nothing to a reader. */
function differences(here: unknown, there: unknown, key: string): { key: string; here?: unknown; there?: unknown }[] {
    if (isMap(here) && isMap(there)) {
        return [...new Set([...Object.keys(here), ...Object.keys(there)])]
            .sort()
            .flatMap((inner) => differences(here[inner], there[inner], key === "" ? inner : `${key}.${inner}`));
    }
    const same = here === there || (here !== undefined && there !== undefined && canonicalJson(here) === canonicalJson(there));
    return same ? [] : [{ key, ...(here !== undefined && { here }), ...(there !== undefined && { there }) }];
}

function isMap(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
