import { wayBack } from "../deployment/wayBack";
import type { Judgement } from "../facts/planPromotion";
import { decide } from "../promotion/decide";
import type { Plan } from "../promotion/model";
import { refs } from "../promotion/rules/rule";
import { askedText } from "../promotion/standingOverride";
import { askedRef, shortCommit } from "../promotion/words";
import type { RunRecord } from "../release/runRecord";
import { plannedObjects, recordedObjects } from "./deployedObjects";
import type { ImageChange, Outcome, PathHistory, PromotionDiff } from "./model";
import { objectChanges } from "./objectChanges";

/** The plan that would come of a request if no rule refused it. Nothing where a lock is not there. */
export function unrefusedPlan({ request, facts, decision }: Judgement): Plan | undefined {
    if ("plan" in decision) {
        return decision.plan;
    }
    if (!refs(request).every(({ ref }) => facts.locks[ref])) {
        return undefined;
    }
    const unrefused = decide(request, facts, []);
    return "plan" in unrefused ? unrefused.plan : undefined;
}

/**
 * What a promotion would do.
 *
 * @param project name of the Pulumi project
 * @param histories image → its commits. What is not in it has none
 */
export function promotionDiff(
    project: string,
    judgement: Judgement,
    plan: Plan | undefined,
    histories: Readonly<Record<string, PathHistory>> = {},
): PromotionDiff {
    const { request, facts, problems } = judgement;
    const { current } = facts;
    return {
        environment: request.environment.name,
        ...(current && {
            from: { ref: askedText({ commit: askedRef(current.request), pins: current.request.pins }), at: current.at },
        }),
        to: askedText({ commit: askedRef(request), pins: request.pins }),
        allowed: problems.length === 0,
        refusals: problems,
        ...(plan && { outcome: outcomeOf(project, judgement, plan, histories) }),
    };
}

function outcomeOf(
    project: string,
    { request, facts: { current } }: Judgement,
    plan: Plan,
    histories: Readonly<Record<string, PathHistory>>,
): Outcome {
    const { environment, catalog } = request;
    const { images, transitions, direction, migrations, pending, notes, removals = [] } = plan;
    const before = current ? recordedObjects(project, environment, current) : new Map<string, object>();
    return {
        direction,
        images: transitions.map((transition): ImageChange => {
            const planned = transition.to === undefined ? undefined : images[transition.image];
            const origin = planned && ("commit" in planned ? shortCommit(planned.commit) : planned.source.split("@")[0]);
            const history = Object.hasOwn(histories, transition.image) ? histories[transition.image] : undefined;
            return { ...transition, ...(origin !== undefined && { origin }), ...(history && { history }) };
        }),
        staying: Object.keys(images).length - transitions.filter(({ to }) => to !== undefined).length,
        objects: objectChanges(before, plannedObjects(project, catalog, plan)),
        clusters: environment.clusters.filter(({ suspended }) => !suspended).map(({ name }) => name),
        migrations: migrations.due,
        removals,
        pending,
        notes: [...notes, ...clusterNotes(plan, current)],
        wayBack: describeBack(plan),
    };
}

/** The record knows one set for all clusters: in a cluster that it does not name, more may change. */
function clusterNotes({ environment: { name, clusters } }: Plan, current: RunRecord | undefined): string[] {
    const known = new Set(current?.clusters.map(({ context }) => context));
    const suspended = clusters.filter((cluster) => cluster.suspended).map(({ context }) => context);
    const added = clusters.filter((cluster) => current && !cluster.suspended && !known.has(cluster.context));
    return [
        ...suspended.map((context) => `${context} is suspended: what it has stays as it is`),
        ...added.map(({ context }) => `${context} was not in the last run of ${name}: there, more changes than is listed`),
    ];
}

function describeBack(plan: Plan): string {
    const back = wayBack(plan);
    return "none" in back
        ? back.none
        : `A rollout that fails goes back to ${shortCommit(askedRef(back.to.request))}, healthy at ${back.to.at}.`;
}
