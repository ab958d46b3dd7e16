import { wayBack, type WayBack } from "../deployment/wayBack";
import type { Plan } from "../promotion/model";
import { askedRef } from "../promotion/words";
import { Refusal } from "../refusal";
import { RegistryError, type Registry } from "../registry/model";
import { listedRuns, pullRun } from "../release/runRecordStore";
import { rendersAsThen } from "../rollback/sameServices";
import type { Settings } from "../settings/model";
import { planPromotion, type Surroundings } from "./planPromotion";

/**
 * What a failed rollout goes back to, held to the rules as every deployment is: a database that was migrated ends the
 * way before it is begun. Services are rendered as they were when they were healthy, where the checkout's are others by now:
 * nobody is there to look whether the old images bear the new settings.
 *
 * @param plan what failed
 */
export async function judgedWayBack(
    registry: Registry,
    settings: Settings,
    plan: Plan,
    surroundings: Omit<Surroundings, "registry"> = {},
): Promise<WayBack> {
    const back = wayBack(plan);
    if ("none" in back) {
        return back;
    }
    const { to } = back;
    const { catalogOf: _failed, override: _answered, ...environment } = plan.environment;
    try {
        const catalogOf = await servicesOf(registry, settings, plan, to.set);
        const then = catalogOf === undefined ? {} : { catalogOf };
        const wanted = { ...environment, commit: askedRef(to.request), pins: to.request.pins, ...then };
        await planPromotion(settings, wanted, { ...surroundings, registry });
        return { to: { ...to, ...then } };
    } catch (error) {
        if (error instanceof Refusal) {
            const reasons = error.problems.map(({ subject, message }) => `${subject}: ${message}`);
            return { none: ["The way back to what ran before is refused:", ...reasons].join("\n") };
        }
        if (error instanceof RegistryError) {
            // Whether it may go back is not known; trying it tells, and changes nothing where it may not.
            return back;
        }
        throw error;
    }
}

/** The run whose services are to be rendered: the newest healthy one, where the checkout's are others. */
async function servicesOf(
    registry: Registry,
    { catalog }: Settings,
    { environment }: Plan,
    set: string,
): Promise<string | undefined> {
    for await (const { tag, address, keyStart } of listedRuns(registry, environment)) {
        const same = !set.startsWith(keyStart) || rendersAsThen(await pullRun(registry, address), catalog);
        return same ? undefined : tag;
    }
    return undefined;
}
