import { type DatabaseSchema, databaseSchemaSchema, noSchema } from "../release/databaseSchema";
import { serviceOf } from "../release/lock";
import type { Service } from "../settings/model";
import { isLocal } from "./localBuilds";
import type { PromotionFacts, PromotionRequest } from "./model";
import { movesForward } from "./movesForward";
import { refOf } from "./proposal";
import type { Judged } from "./rules/rule";

/** A version that would come to a database whose schema is past the one that it was written for. */
export interface Outdated {
    service: string;
    /** What the version declares; {@link noSchema} where it declares nothing. */
    label: string;
    reached: DatabaseSchema;
    /** Whether somebody declares that such a version can run on that schema. */
    declared: boolean;
}

/**
 * Versions that would come to a database which is past them: migrations are never undone, so they would run on the newer schema. One
 * that ran healthy here last comes too, where a rollout has migrated its database since and then failed.
 */
export function outdatedVersions(judged: Judged): Outdated[] {
    const { request, facts, images, transitions, direction } = judged;
    const changed = new Set(transitions.map(({ image }) => serviceOf(image)));
    const moved = (service: string) => facts.schemas?.[service]?.label !== facts.current?.schemas?.[service];
    const coming = [...new Set(Object.keys(images).map(serviceOf))].filter((service) => changed.has(service) || moved(service));
    return coming.sort().flatMap((service) => {
        const reached = facts.schemas?.[service];
        const label = declaredEntry(request, facts, service)?.schema;
        if (!reached || !isPast(reached, label, direction)) {
            return [];
        }
        const version = label ?? noSchema;
        return [{ service, label: version, reached, declared: canRunOn(reached, request).includes(version) }];
    });
}

/** Where each database stands once the plan has run; only of services that declare a schema, or did. */
export function schemasAfter(judged: Judged): Record<string, DatabaseSchema> {
    const { request, facts, images, direction } = judged;
    const services = [...new Set(Object.keys(images).map(serviceOf))].filter((service) => !isLocal(request.catalog, service));
    return Object.fromEntries(
        services.flatMap((service): [string, DatabaseSchema][] => {
            const reached = facts.schemas?.[service];
            const { schema: label, compatibleWith = [] } = declaredEntry(request, facts, service) ?? {};
            if (label === undefined || (reached && isPast(reached, label, direction))) {
                return reached ? [[service, reached]] : [];
            }
            // What came back says less of its schema than the newest that has it.
            if (reached?.label === label && !movesForward({ direction })) {
                return [[service, reached]];
            }
            const before = reached ? [...reached.before, ...(reached.label === label ? [] : [reached.label])] : [];
            const by = refOf(request, facts.locks, service);
            const same = reached?.label === label && equal(reached.compatibleWith, compatibleWith);
            return [[service, same ? reached : { schema: databaseSchemaSchema, service, label, compatibleWith, before, by }]];
        }),
    );
}

/** Services whose database may have a schema of its own to go by, sorted: what the registry is asked for. */
export function servicesWithSchema(request: PromotionRequest, facts: Pick<PromotionFacts, "locks" | "current">): string[] {
    const { services } = request.catalog;
    return Object.keys(services)
        .filter((service) => {
            const ran = facts.current?.catalog.services ?? {};
            const entries = [services[service], ran[service], declaredEntry(request, facts, service)];
            return entries.some((entry) => entry?.schema !== undefined);
        })
        .sort();
}

/** The entry that the version itself was built with: whatever the checkout says by now, the code was written for that schema. */
function declaredEntry(request: PromotionRequest, { locks }: Pick<PromotionFacts, "locks">, service: string): Service | undefined {
    const catalog = locks[refOf(request, locks, service)]?.catalog ?? request.catalog;
    return Object.hasOwn(catalog.services, service) ? catalog.services[service] : undefined;
}

/** Whether the database has left the version's schema behind: numbers are in order, other labels as the database went through them. */
function isPast({ label: reached, before }: DatabaseSchema, label: string | undefined, direction: Judged["direction"]): boolean {
    if (label === undefined || label === reached) {
        return label === undefined;
    }
    const numbered = /^\d+$/.test(label) && /^\d+$/.test(reached);
    return before.includes(label) || (numbered ? BigInt(label) < BigInt(reached) : direction === "rollback");
}

/**
 * By the version that brought the schema, or since then by this checkout's entry, where it is of that schema: whatever is rendered, what
 * is known of a database is what is known now.
 */
function canRunOn(
    { service, label, compatibleWith }: DatabaseSchema,
    { catalog, checkout = catalog }: PromotionRequest,
): readonly string[] {
    const here = Object.hasOwn(checkout.services, service) ? checkout.services[service] : undefined;
    return [...compatibleWith, ...(here?.schema === label ? (here.compatibleWith ?? []) : [])];
}

function equal(one: readonly string[], other: readonly string[]): boolean {
    return one.length === other.length && one.every((label, index) => label === other[index]);
}
