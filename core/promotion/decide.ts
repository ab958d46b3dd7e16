import { Refusal, type Problem } from "../refusal";
import { isCommit, isRelease, serviceOf, type Lock } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import { askedAgain } from "../release/union";
import type { Catalog, Environment } from "../settings/model";
import { outdatedVersions, schemasAfter } from "./databaseSchemas";
import { isLocal, localNotes, localServices } from "./localBuilds";
import { migrationsOf } from "./migrations";
import type { Decision, Plan, PromotionFacts, PromotionRequest } from "./model";
import { directionOf, propose, refOf } from "./proposal";
import { rules as allRules } from "./rules";
import { brings, isHotfix, type Judged, refs, type Rule } from "./rules/rule";
import { describeDifferences, settingsThatDiffer } from "./settingsDiffer";
import { askedRef, list, requestCommands, shortCommit } from "./words";

/**
 * Decides what will run, or says all reasons why nothing may change. Pure: what it is given is all that it knows.
 *
 * Rules judge what changes: a request for what runs already is always allowed.
 */
export function decide(request: PromotionRequest, facts: PromotionFacts, rules: readonly Rule[] = allRules): Decision {
    const proposal = propose(request, facts);
    const judged: Judged = { ...proposal, request, facts, direction: directionOf(proposal, facts) };
    const found = rules.flatMap((rule) => rule.judge(judged).map((problem) => ({ rule, problem })));
    const held = found.filter(({ rule }) => !answeredFor(rule, request));
    if (held.length > 0) {
        return { problems: held.map(({ problem }) => problem) };
    }
    return { plan: planOf(judged, [...new Set(found.map(({ rule }) => rule.name))]) };
}

/** Whether somebody takes it upon themselves that this rule does not hold for once. */
function answeredFor({ name, overridable }: Rule, { override }: PromotionRequest): boolean {
    return overridable === true && override !== undefined && override.rules.includes(name);
}

/**
 * The plan of a promotion that is allowed.
 *
 * @throws Refusal with all reasons where it is not
 */
export function requirePlan(request: PromotionRequest, facts: PromotionFacts): Plan {
    const decision = decide(request, facts);
    if ("problems" in decision) {
        throw refusal(request.environment, decision.problems);
    }
    return decision.plan;
}

/** The report of a promotion that was refused. */
export function refusal({ name }: Pick<Environment, "name">, problems: readonly Problem[]): Refusal {
    return new Refusal(`Promotion to ${name} refused, nothing was changed`, problems);
}

/** Why an environment that runs something does not take an unset `commit`: it would delete every workload. */
export function refuseUnset({ name }: Pick<Environment, "name" | "tier">, current: RunRecord): Problem {
    return wouldDeleteAll(
        name,
        current,
        `is unset, while ${name} runs ${shortCommit(askedRef(current.request))} since ${current.at}.`,
    );
}

/** Why an environment that runs something does not follow a `latest` that names nothing any more. */
export function refuseVanished({ name, tier }: Pick<Environment, "name" | "tier">, current: RunRecord): Problem {
    return wouldDeleteAll(
        name,
        current,
        `is latest, but ${tier} has no latest lock any more, while ${name} runs ${shortCommit(askedRef(current.request))} since ${current.at}.`,
    );
}

function wouldDeleteAll(environment: string, current: RunRecord, cause: string): Problem {
    return {
        subject: "commit",
        message: `${cause}\nTo deploy nothing would be to delete every workload, which is never done in passing.`,
        remedy: `${requestCommands(environment, current.request).join(" && ")}   # keeps what runs\nto delete everything: pulumi destroy -s ${environment}`,
    };
}

/** @param overridden the rules that would have refused it */
function planOf(judged: Judged, overridden: readonly string[]): Plan {
    const { request, facts, images, set, key, transitions, pending, direction } = judged;
    const { current } = facts;
    const removals = transitions.filter(({ to }) => to === undefined).map(({ image }) => image);
    const override = overridden.length > 0 && { rules: overridden, reason: request.override!.reason.trim() };
    const local = localServices(request.catalog);
    const schemas = schemasAfter(judged);
    const released = request.release === undefined ? undefined : facts.locks[request.release]?.source.commit;
    const releases = releasesOf(judged);
    const locks = [...(released === undefined ? [] : [released]), ...refs(request).map(({ ref }) => ref)].flatMap(
        (ref): [string, Lock][] => (isCommit(ref) && facts.locks[ref] ? [[ref, facts.locks[ref]]] : []),
    );
    return {
        environment: request.environment,
        request: {
            commit: released ?? request.commit,
            ...(request.release !== undefined && { release: request.release }),
            pins: request.pins,
            ...(override && { override }),
        },
        direction,
        images,
        set,
        key,
        transitions,
        migrations: migrationsOf(judged),
        ...(Object.keys(schemas).length > 0 && { schemas }),
        pending,
        ...(local.length > 0 && { local }),
        ...(removals.length > 0 && { removals }),
        ...(Object.keys(releases).length > 0 && { releases }),
        locks: Object.fromEntries(locks),
        notes: [
            ...(override ? [`Overridden: ${list(override.rules)}, because: ${override.reason}`] : []),
            ...pinNotes(judged),
            ...proofNotes(judged),
            ...(request.before ? describeDifferences(settingsThatDiffer(request, facts, judged)) : []),
            ...pendingNotes(judged),
            ...removalNotes(judged),
            ...schemaNotes(judged),
            ...localNotes(local),
        ],
        ...(current && { current: { request: askedNow(current, request.catalog), set: current.set, at: current.at } }),
    };
}

/** An image keeps the release that it came with: one that stays is not changed because another release has it too. */
function releasesOf({ images, transitions, facts: { current } }: Judged): Record<string, string> {
    const coming = new Set(transitions.map(({ image }) => image));
    return Object.fromEntries(
        Object.entries(images).flatMap(([name, { ref }]) => {
            const release = coming.has(name) ? ref : current?.releases?.[name];
            return isRelease(release) ? [[name, release] as const] : [];
        }),
    );
}

function askedNow({ request, catalog }: RunRecord, now: Catalog): RunRecord["request"] {
    return request.release === undefined ? { ...request, commit: askedAgain(request.commit, catalog, now) } : request;
}

function pinNotes({ request }: Judged): string[] {
    const asked = askedRef(request);
    return Object.entries(request.pins)
        .filter(([service, ref]) => ref !== asked && !isLocal(request.catalog, service))
        .map(([service, ref]) => `${service} is pinned to ${shortCommit(ref)}, not ${shortCommit(asked)}`);
}

/** What the order was proved by, where it is not that this very set ran in the environment before. */
function proofNotes(judged: Judged): string[] {
    const { request, facts, key, wholeKey, undeployed, images } = judged;
    const { before, pins } = request;
    if (!before || !brings(judged) || facts.ranBefore.has(key)) {
        return [];
    }
    const mended = refs(request).filter(({ ref }) => isHotfix(judged, ref) && Object.values(images).some((one) => one.ref === ref));
    if (mended.length > 0 && !facts.ranBefore.has(wholeKey)) {
        return mended.map(({ ref }) => {
            const { release } = facts.locks[ref]!.source;
            return `${shortCommit(ref)} is a hotfix${release ? ` of ${release}` : ""}: it did not run in ${before.name}`;
        });
    }
    if (facts.ranBefore.has(wholeKey)) {
        return [`The set ran in ${before.name} together with ${list(undeployed)}`];
    }
    return Object.keys(pins).length > 0
        ? [`The set is mixed by pins: it never ran in ${before.name} as a whole, but each image that changes did`]
        : [];
}

/** What runs on a newer schema than it was written for. */
function schemaNotes(judged: Judged): string[] {
    return outdatedVersions(judged).map(
        ({ service, label, reached }) =>
            `${service} of schema ${label} runs on schema ${reached.label}, which its database is at: a migration is never undone`,
    );
}

function pendingNotes({ request, facts, pending, transitions }: Judged): string[] {
    const leaving = new Set(transitions.filter(({ to }) => to === undefined).map(({ image }) => image));
    return pending
        .filter((service) => !leaving.has(service))
        .map((service) => {
            const ref = refOf(request, facts.locks, service);
            // A repository that was never built has no commit in the union.
            const cause = ref === "" ? "its repository was not built yet" : `${shortCommit(ref)} has no image of it`;
            return `${service} is pending: ${cause}, so it is not deployed`;
        });
}

function removalNotes({ request, facts, transitions, undeployed }: Judged): string[] {
    const { catalog, environment } = request;
    const leaving = transitions.filter(({ to }) => to === undefined).map(({ image }) => image);
    return [
        ...leaving.map((image) =>
            Object.hasOwn(catalog.services, serviceOf(image))
                ? image === serviceOf(image)
                    ? `${image} leaves ${environment.name}: ${shortCommit(refOf(request, facts.locks, image))} does not have it`
                    : `${image} leaves ${environment.name}: ${serviceOf(image)} does not use it any more`
                : `${image} leaves ${environment.name}: services.yaml does not have it any more`,
        ),
        ...undeployed
            .filter((image) => !leaving.includes(image))
            .map(
                (image) =>
                    `${image} is not deployed: ${shortCommit(refOf(request, facts.locks, image))} has it, this checkout's services.yaml does not`,
            ),
    ];
}
