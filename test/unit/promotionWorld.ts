import assert from "node:assert/strict";
import { resolveLatest } from "../../core/facts/latest";
import { gatherFacts, type Moment } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import { imageCopies } from "../../core/promotion/imageCopies";
import type { Decision, Override, Plan, PromotionRequest } from "../../core/promotion/model";
import { rules as allRules } from "../../core/promotion/rules";
import type { Judged, Rule } from "../../core/promotion/rules/rule";
import { askedRef } from "../../core/promotion/words";
import type { Problem } from "../../core/refusal";
import type { Digest } from "../../core/registry/reference";
import { copyImages } from "../../core/release/copyImages";
import { canonicalJson, isRelease, serviceOf, type LockedImage } from "../../core/release/lock";
import { newestRun, writeRun } from "../../core/release/runRecordStore";
import { MemoryRegistry } from "./memoryRegistry";
import { nextChange } from "./promotionCalendar";
import { Builds, scaled } from "./promotionBuilds";
import { beforeOf, Chronicle, digests, pick } from "./promotionChronicle";
import { catalogOf, deploy, recordOf } from "./promotionExamples";
import { type EnvironmentName, type Happening, type House, type Luck, plainHouse, type Ref } from "./promotionHappenings";
import { holdToLaws, lawOfReturn } from "./promotionLaws";

const everyImage = ["cart", "cart/wait", "checkout", "frontend", "mailer"];

/** A promotion that somebody tries. */
export interface Attempt {
    to: EnvironmentName;
    /** A commit, a release, or what is neither. */
    asked: string;
    pins: Plan["request"]["pins"];
    override?: Override;
}

/** What the rules said of an attempt. */
export interface Verdict {
    decision: Decision;
    /** All that any rule had against it, with its name: what somebody answered for as well. */
    said: readonly { rule: string; problem: Problem }[];
}

/**
 * A team's world in memory: commits that are built, environments that run, people who ask for anything, and what goes wrong.
 * oneflow's own rules gate each promotion, and what comes of it is held to the laws.
 */
export class PromotionWorld {
    readonly registry = new MemoryRegistry();
    readonly past: Chronicle;
    private readonly builds: Builds;
    private readonly config: Record<EnvironmentName, Pick<Plan["request"], "commit" | "pins"> | undefined> = {
        dev: undefined,
        stage: undefined,
        prod: undefined,
    };
    /** Config and catalog of the last deployment that ended healthy and recorded. */
    private readonly settled: Record<EnvironmentName, string> = { dev: "", stage: "", prod: "" };
    /** How many promotions were refused, and how many ended healthy in each: a world in which nothing happens proves nothing. */
    readonly tally = { refused: 0, dev: 0, stage: 0, prod: 0, hotfixes: 0, releases: 0, overridden: 0 };

    /** @param witness sees each attempt and what the rules said, before anything comes of it. @default - nobody */
    constructor(
        private readonly rules: readonly Rule[] = allRules,
        house: House = plainHouse,
        private readonly witness: (world: PromotionWorld, attempt: Attempt, verdict: Verdict) => void = () => undefined,
    ) {
        this.past = new Chronicle(house);
        this.builds = new Builds(this.past, this.registry);
    }

    async live(happening: Happening): Promise<void> {
        const { past } = this;
        switch (happening.kind) {
            case "push":
                return this.builds.push(happening);
            case "hotfix":
                return this.builds.mend(happening);
            case "release":
                return this.builds.release(past.choose(happening.commit)!);
            case "retag": {
                const names = [...past.tagged.keys()];
                if (names.length > 0) {
                    past.tagged.set(pick(names, happening.release), past.choose(happening.commit)!.sha);
                }
                return;
            }
            case "wait":
                past.seconds += happening.minutes * 60;
                return;
            case "waitUntil":
                return this.waitUntil(happening);
            case "catalog":
                return this.builds.editCatalog(pick(everyImage, happening.image));
            case "settings": {
                const service = serviceOf(pick(past.catalog, happening.service));
                past.replicas = { ...past.replicas, [service]: (past.replicas[service] ?? 1) + 1 };
                return;
            }
            case "outsider":
                return this.builds.pushOver(happening);
            case "cleanup":
                return this.builds.cleanUp(happening);
            case "promote":
                this.config[happening.to] = this.asked(happening);
                return this.deploy(happening.to, happening.luck, happening.override);
            case "again":
                return this.deploy(happening.to, happening.luck);
        }
    }

    /** Until what is waited for comes next; a deployment takes the second before it begins. */
    private waitUntil({ what, of, secondsAfter }: Happening & { kind: "waitUntil" }): void {
        const { past } = this;
        const { frozen, soakMinutes } = past.house;
        const change = what === "freeze" && frozen && nextChange(frozen.windows, past.seconds * 1000);
        const newest = past.recorded[of].at(-1);
        const moment = what === "freeze" ? change && change / 1000 : newest && newest.at + soakMinutes * 60;
        past.seconds = Math.max(past.seconds, (moment || 0) + secondsAfter - 1);
    }

    /** `pulumi up` of an environment as its config stands. */
    private async deploy(to: EnvironmentName, luck: Luck, override?: Override): Promise<void> {
        const { past } = this;
        past.seconds++;
        const config = this.config[to];
        const environment = past.environments[to];
        const commit =
            config?.commit === "latest" ? await resolveLatest(this.registry, environment, catalogOf("cart")) : config?.commit;
        if (!config || commit === undefined) {
            return;
        }
        const ran = past.running[to];
        const attempt = { to, asked: commit, pins: config.pins, ...(override && { override }) };
        const verdict = await this.judge(attempt);
        this.witness(this, attempt, verdict);
        const { decision } = verdict;
        if ("problems" in decision) {
            assert.ok(decision.problems.length > 0, "a refusal has a reason");
            this.tally.refused++;
            lawOfReturn(past, to, { commit: past.releases.get(commit) ?? commit, pins: config.pins }, decision.problems);
            return;
        }
        const settledBefore = this.settled[to] === this.situation(to, commit);
        this.settled[to] = "";
        if (await this.carryOut(to, decision.plan, luck, override)) {
            this.tally[to]++;
            if (settledBefore) {
                assert.deepEqual(past.running[to], ran, "what has settled does not move by itself");
            }
            this.settled[to] = this.situation(to, commit);
            const record = await newestRun(this.registry, environment);
            assert.deepEqual(digests(record!.images), past.running[to], "the newest record says what runs");
        }
    }

    /** What the rules say, having changed nothing. */
    private async judge({ to, asked, pins, override }: Attempt): Promise<Verdict> {
        const { past, registry } = this;
        const before = beforeOf[to];
        const request: PromotionRequest = {
            environment: past.environments[to],
            ...(before && { before: past.environments[before] }),
            catalog: scaled(past.catalog, past.replicas),
            ...(isRelease(asked) ? { commit: "", release: asked } : { commit: asked }),
            pins,
            releases: { deploy, project: "shop" },
            ...(override && { override }),
        };
        const changes = registry.changes;
        const said: { rule: string; problem: Problem }[] = [];
        const heard = this.rules.map((rule) => ({
            ...rule,
            judge: (judged: Judged) => {
                const problems = rule.judge(judged);
                said.push(...problems.map((problem) => ({ rule: rule.name, problem })));
                return problems;
            },
        }));
        const decision = decide(request, await gatherFacts(registry, request, this.moment()), heard);
        assert.equal(registry.changes, changes, "to decide changes nothing");
        return { decision, said };
    }

    /** Copies, rolls out and records, as the program does. */
    private async carryOut(to: EnvironmentName, plan: Plan, luck: Luck, override: Override | undefined): Promise<boolean> {
        const { past } = this;
        const ran = past.running[to];
        const source = past.environments[beforeOf[to] ?? to];
        const brought = plan.transitions.filter((transition) => transition.to !== undefined).map(({ image }) => image);
        try {
            await copyImages(this.registry, imageCopies(plan, source, deploy));
        } catch (error) {
            // What does not change is judged by no rule: where it was cleaned up or pushed over, the registry refuses before any rollout.
            const { message } = error as Error;
            const concerns = (name: string) => [`/${name}:`, `/${name}@`].some((part) => message.includes(part));
            assert.ok(!brought.some(concerns), `a promotion that was allowed could not be carried out: ${message}`);
            return false;
        }

        const wrong = (digest: Digest | undefined) => digest !== undefined && this.builds.broken.has(digest);
        if (luck === "rolloutFails" || plan.transitions.some((transition) => wrong(transition.to))) {
            // A rollout that fails leaves a mixed set: some services are new, some old.
            past.running[to] = { ...ran, ...Object.fromEntries(Object.entries(plan.set).slice(0, 1)) };
            return false;
        }
        // What the plan has no image for was deleted with its workload.
        past.running[to] = { ...plan.set };
        holdToLaws(past, this.registry, { to, plan, override, ran });
        this.count(to, plan);
        const known = past.healthy[to].length > 0 && plan.transitions.length === 0;
        past.healthy[to].push(plan.set);
        past.deployed[to] = plan.request;
        return known || this.record(to, plan, luck);
    }

    private count(to: EnvironmentName, { transitions, request }: Plan): void {
        const changed = transitions.length > 0;
        const { tally, past } = this;
        const mended = transitions.some(({ image, to: digest }) => digest && past.hotfixAt(request, image));
        tally.releases += changed && request.release !== undefined ? 1 : 0;
        tally.overridden += changed && request.override ? 1 : 0;
        tally.hotfixes += to === "stage" && mended ? 1 : 0;
    }

    private async record(to: EnvironmentName, plan: Plan, luck: Luck): Promise<boolean> {
        const { past, registry } = this;
        const { set, request, releases = {} } = plan;
        const at = new Date(past.seconds * 1000).toISOString().replace(".000Z", "Z");
        const images = Object.fromEntries(
            Object.entries(plan.images).map(([name, { ref: _ref, pinned: _pinned, ...locked }]) => [name, locked as LockedImage]),
        );
        const record = { ...recordOf(to, request, images, at), ...(plan.releases && { releases }) };
        let puts = 0;
        const breaksOff = luck === "recordBreaksOff" ? past.seconds % 7 : Infinity;
        registry.beforePut = (call) => {
            if (puts++ >= breaksOff) {
                throw new BrokeOff(call);
            }
        };
        try {
            await writeRun(registry, past.environments[to], record);
            past.recorded[to].push({ set, images, request, releases, at: past.seconds });
            return true;
        } catch (error) {
            if (!(error instanceof BrokeOff)) {
                throw error;
            }
            past.brokenOff[to].push(set);
            return false;
        } finally {
            registry.beforePut = () => undefined;
        }
    }

    /** The clock, and git. */
    private moment(): Moment {
        const { past } = this;
        const { shallow } = past.house;
        const find = (reference: string) => {
            if (reference === "HEAD") {
                return past.head();
            }
            const sha = past.tagged.get(reference.replace("refs/tags/", "")) ?? past.commitOf(reference)?.sha;
            return shallow && sha !== past.head() ? undefined : sha;
        };
        return {
            now: new Date(past.seconds * 1000),
            commits: {
                find: async (reference) => find(reference),
                isAncestor: async (ancestor, descendant) =>
                    past.ancestry(descendant === "HEAD" ? past.head() : descendant).includes(ancestor),
                isShallow: async () => shallow,
            },
            repository: "acme/shop",
        };
    }

    private situation(to: EnvironmentName, commit: string): string {
        const { catalog, replicas } = this.past;
        return canonicalJson({ commit, pins: this.config[to]?.pins, catalog, replicas });
    }

    private shaOf(ref: Ref, to: EnvironmentName): string {
        const { past } = this;
        switch (ref.kind) {
            case "unknown":
                return "f".repeat(40);
            case "unreleased":
                return "v9.9.9";
            case "release":
                return past.releases.size === 0 ? this.shaOf({ kind: "before" }, to) : pick([...past.releases.keys()], ref.index);
            case "malformed":
                return "a1b2c3d";
            case "latest":
                return "latest";
            case "hotfix":
                return past.commits.filter(({ hotfix }) => hotfix).at(-1)?.sha ?? this.shaOf({ kind: "before" }, to);
            case "former":
                return past.recorded[beforeOf[to] ?? to].at(-2)?.request.commit ?? this.shaOf({ kind: "before" }, to);
            case "commit":
                return past.choose(ref.index)?.sha ?? "f".repeat(40);
            case "before": {
                const before = beforeOf[to];
                const ran = before && past.deployed[before];
                return !before ? "latest" : ran ? askedRef(ran) : "f".repeat(40);
            }
        }
    }

    /** What a person writes into the config. Who promotes what runs before takes its pins along. */
    private asked({ to, ref, pins }: Happening & { kind: "promote" }): Pick<Plan["request"], "commit" | "pins"> {
        const before = beforeOf[to];
        const own = pins.map(({ service, ref: pin }) => [everyService(service), this.shaOf(pin, to)]);
        const along = ref.kind === "before" && before ? this.past.deployed[before]?.pins : {};
        return { commit: this.shaOf(ref, to), pins: { ...along, ...Object.fromEntries(own) } };
    }
}

class BrokeOff extends Error {}

function everyService(index: number): string {
    return pick([...everyImage.filter((name) => name === serviceOf(name)), "nobody"], index);
}
