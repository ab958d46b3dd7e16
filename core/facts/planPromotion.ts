import { OciRegistry } from "../registry/client";
import type { Registry } from "../registry/model";
import type { Problem } from "../refusal";
import { decide, refusal, refuseUnset, refuseVanished } from "../promotion/decide";
import { describeLocal, describeNothing, describePlan, describeWayBack } from "../promotion/describe";
import { localServices, planWithoutCommit } from "../promotion/localBuilds";
import type { Decision, Plan, PromotionFacts, PromotionRequest } from "../promotion/model";
import { describeStale, standingOverride } from "../promotion/standingOverride";
import { isRelease } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import { newestRun } from "../release/runRecordStore";
import type { Catalog, Environment, Settings } from "../settings/model";
import { catalogRun, describeCatalogOf, refuseOtherSet } from "./catalogOf";
import { requireContexts } from "./kubeconfig";
import { commitsIn } from "../build/commits";
import { overrideOf } from "./process";
import { resolveLatest } from "./latest";
import { gatherFacts } from "./promotionFacts";

/** What comes of an environment's config, decided before any resource is registered. */
export interface Outcome {
    /** What will run. Absent: nothing is deployed, and {@link words} say why. */
    plan?: Plan;
    /** For the reader of the preview, in lines. */
    words: string;
    /** The services that are rendered, where they are those of an earlier run. Absent: the checkout's. */
    catalog?: Catalog;
}

/** What the decision reads besides the settings. */
export interface Surroundings {
    /** @default the registries that the settings name, with the credentials of this machine */
    registry?: Registry;
    /** Environment variables, for `KUBECONFIG`, `ONEFLOW_OVERRIDE` and `ONEFLOW_REASON`. @default those of this process */
    variables?: NodeJS.ProcessEnv;
    /** The checkout of the operations repository. @default the current one */
    directory?: string;
    /** @default now */
    now?: Date;
}

/** What was asked for, what is known, and what is said against it. */
export interface Judgement {
    request: PromotionRequest;
    facts: PromotionFacts;
    decision: Decision;
    /** All reasons why it is refused. Empty: it is allowed, on a machine that reaches the clusters. */
    problems: readonly Problem[];
}

/**
 * Reads the facts and judges what an environment's config asks for.
 *
 * @throws Refusal with all reasons; RegistryError where a registry does not answer
 */
export async function planPromotion(
    settings: Settings,
    environment: Environment,
    surroundings: Surroundings = {},
): Promise<Outcome> {
    const { registry = new OciRegistry(), variables = process.env } = surroundings;
    const { catalog } = settings;
    if (environment.commit === undefined) {
        return nothing(registry, environment, catalog, refuseUnset, variables);
    }
    const commit = environment.commit === "latest" ? await resolveLatest(registry, environment, catalog) : environment.commit;
    if (commit === undefined) {
        return nothing(registry, environment, catalog, refuseVanished, variables);
    }
    const judgement = await judgePromotion(settings, environment, commit, { ...surroundings, registry });
    const { request, decision } = judgement;
    const problems = [...judgement.problems, ...requireContexts(environment, variables)];
    if ("problems" in decision || problems.length > 0) {
        throw refusal(environment, problems);
    }
    return {
        plan: decision.plan,
        ...(environment.catalogOf !== undefined && { catalog: request.catalog }),
        words: [
            describePlan(decision.plan),
            describeCatalogOf(environment),
            describeStale(environment),
            describeWayBack(decision.plan, request.catalog),
        ]
            .filter(Boolean)
            .join("\n"),
    };
}

/**
 * Reads the facts and judges, without refusing: whoever only looks is told all of it.
 *
 * @param commit what the environment asks for, a commit or a release, `latest` resolved
 * @throws RegistryError where a registry does not answer
 */
export async function judgePromotion(
    settings: Settings,
    environment: Environment,
    commit: string,
    { registry = new OciRegistry(), variables = process.env, directory = process.cwd(), now = new Date() }: Surroundings = {},
): Promise<Judgement> {
    const then = await catalogRun(registry, environment);
    const { catalog } = then ?? settings;
    const release = isRelease(commit) ? commit : undefined;
    const before = settings.environments.find(({ name }) => name === environment.promotesFrom);
    const override = overrideOf(variables) ?? standingOverride(environment);
    const request: PromotionRequest = {
        environment,
        before,
        catalog,
        ...(then && { checkout: settings.catalog }),
        ...(release === undefined ? { commit } : { commit: "", release }),
        pins: environment.pins,
        releases: { deploy: settings.delivery.deploy, project: settings.project },
        ...(environment.signed && { signers: settings.delivery.signing?.publicKeys ?? [] }),
        ...(override && { override }),
    };
    const { repository } = settings.delivery.operations;
    const facts = await gatherFacts(registry, request, { now, commits: commitsIn(directory), repository });
    const decision = decide(request, facts);
    const problems = [...("problems" in decision ? decision.problems : []), ...refuseOtherSet(environment, then, decision)];
    const released = release === undefined ? undefined : facts.locks[release]?.source.commit;
    return { request: { ...request, ...(released !== undefined && { commit: released }) }, facts, decision, problems };
}

/** Nothing to deploy, but what the working copy builds, is fine while nothing runs; else it would delete everything. */
async function nothing(
    registry: Registry,
    environment: Environment,
    catalog: Catalog,
    refuse: (environment: Environment, current: RunRecord) => Problem,
    variables: NodeJS.ProcessEnv,
): Promise<Outcome> {
    const current = await newestRun(registry, environment);
    if (current) {
        throw refusal(environment, [refuse(environment, current)]);
    }
    if (localServices(catalog).length === 0) {
        return { words: describeNothing(environment, catalog) };
    }
    const problems = requireContexts(environment, variables);
    if (problems.length > 0) {
        throw refusal(environment, problems);
    }
    const plan = planWithoutCommit(environment, catalog);
    return { plan, words: describeLocal(plan) };
}
