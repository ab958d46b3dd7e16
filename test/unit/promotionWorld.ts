import assert from "node:assert/strict";
import { gatherFacts, resolveLatest } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import type { Plan } from "../../core/promotion/model";
import { rules as allRules } from "../../core/promotion/rules";
import type { Rule } from "../../core/promotion/rules/rule";
import type { Digest } from "../../core/registry/reference";
import { imageRepository, lockRepository, type Tier } from "../../core/release/addresses";
import { copyImages } from "../../core/release/copyImages";
import { canonicalJson, lockArtifactType, serviceOf, type ImageSet, type LockedImage } from "../../core/release/lock";
import { serializeLock } from "../../core/release/lockDocument";
import { pushLock } from "../../core/release/lockStore";
import { newestRun, writeRun } from "../../core/release/runRecordStore";
import type { Environment } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, environmentOf, lockOf, recordOf } from "./promotionExamples";

export type EnvironmentName = "dev" | "stage" | "prod";

/** What may happen. Numbers are taken modulo whatever there is to choose from. */
export type Happening =
    | { kind: "push"; changed: readonly number[]; broken: boolean; forgetful: boolean }
    | { kind: "catalog"; image: number }
    | { kind: "promote"; to: EnvironmentName; ref: Ref; pins: readonly { service: number; ref: Ref }[]; luck: Luck }
    | { kind: "again"; to: EnvironmentName; luck: Luck }
    | { kind: "outsider"; service: number; commit: number }
    | { kind: "cleanup"; service: number; commit: number };

/** The ref that a person asks for: what the environment before asks for, some commit, `latest` (dev), or nonsense. */
export type Ref = { kind: "before" | "latest" | "unknown" | "malformed" } | { kind: "commit"; index: number };

/** How a deployment ends where the images themselves are sound. */
export type Luck = "healthy" | "rolloutFails" | "recordBreaksOff";

const names: readonly EnvironmentName[] = ["dev", "stage", "prod"];
const everyImage = ["cart", "cart/wait", "checkout", "frontend", "mailer"];
const [dev, stage, prod] = names.map(environmentOf);
const environments: Record<EnvironmentName, Environment> = { dev, stage, prod };
const beforeOf: Record<EnvironmentName, EnvironmentName | undefined> = { dev: undefined, stage: "dev", prod: "stage" };

/**
 * A team's world in memory: commits that are built, environments that run, people who ask for anything, and what goes wrong.
 * oneflow's own rules gate each promotion; the laws, which every step is held to, read only what the world did and call no rule.
 */
export class PromotionWorld {
    readonly registry = new MemoryRegistry();
    /** Commits in the order of their pushes: what each was built to. */
    private readonly commits: { sha: string; images: Record<string, LockedImage> }[] = [];
    /** What the checkout's services.yaml has. */
    private catalog = ["cart", "checkout", "frontend"];
    private readonly broken = new Set<Digest>();
    private readonly config: Record<EnvironmentName, Plan["request"] | undefined> = {
        dev: undefined,
        stage: undefined,
        prod: undefined,
    };
    /** What the newest healthy deployment was asked for. */
    private readonly deployed: Partial<Record<EnvironmentName, Plan["request"]>> = {};
    private readonly running: Record<EnvironmentName, Record<string, Digest>> = { dev: {}, stage: {}, prod: {} };
    /** Every set that was healthy, oldest first. */
    private readonly healthy: Record<EnvironmentName, ImageSet[]> = { dev: [], stage: [], prod: [] };
    /** Config and catalog of the last deployment that ended healthy and recorded. */
    private readonly settled: Record<EnvironmentName, string> = { dev: "", stage: "", prod: "" };
    private seconds = 0;
    /** How many promotions were refused, and how many ended healthy in each: a world in which nothing happens proves nothing. */
    readonly tally = { refused: 0, dev: 0, stage: 0, prod: 0 };

    constructor(private readonly rules: readonly Rule[] = allRules) {}

    async live(happening: Happening): Promise<void> {
        switch (happening.kind) {
            case "push":
                return this.push(happening);
            case "catalog":
                return this.editCatalog(everyImage[happening.image % everyImage.length]);
            case "outsider":
                return this.pushOver(happening);
            case "cleanup":
                return this.cleanUp(happening);
            case "promote":
                this.config[happening.to] = this.asked(happening);
                return this.deploy(happening.to, happening.luck);
            case "again":
                return this.deploy(happening.to, happening.luck);
        }
    }

    /** A push of develop: unchanged services keep their digest and get one more tag, changed ones are built, `latest` moves. */
    private async push({ changed, broken, forgetful }: Happening & { kind: "push" }): Promise<void> {
        const sha = (this.commits.length + 1).toString(16).padStart(40, "a");
        const parent = this.commits[this.commits.length - 1]?.images ?? {};
        const touched = new Set(changed.map((index) => this.catalog[index % this.catalog.length]));
        const images: Record<string, LockedImage> = {};
        for (const name of this.catalog) {
            const repository = imageRepository(dev, name);
            const kept = touched.has(name) ? undefined : parent[name];
            if (kept && (await this.registry.resolve(`${repository}@${kept.digest}`))) {
                images[name] = kept;
                await this.registry.tag(repository, kept.digest, sha);
            } else {
                images[name] = { commit: sha, digest: this.registry.putImage(repository, `${name} of ${sha}`, [sha]) };
                if (broken) {
                    this.broken.add(images[name].digest);
                }
            }
        }
        this.commits.push({ sha, images });
        const lock = lockOf(sha, images, catalogOf(...this.catalog));
        if (forgetful) {
            const { [this.catalog[0]]: _forgotten, ...rest } = images;
            const content = serializeLock({ ...lock, images: rest });
            await this.registry.pushArtifact(lockRepository(dev, "acme/shop"), { artifactType: lockArtifactType, content }, [sha]);
        } else {
            await pushLock(this.registry, dev, lock, { latest: true });
        }
    }

    /** A service, or cart's init container, is added to the checkout's services.yaml or taken out of it. */
    private editCatalog(name: string): void {
        const has = this.catalog.includes(name);
        const edited = has ? this.catalog.filter((other) => serviceOf(other) !== name && other !== name) : [...this.catalog, name];
        const sound = edited.filter((other) => edited.includes(serviceOf(other))).sort();
        this.catalog = sound.length === 0 ? this.catalog : sound;
    }

    /** Somebody pushes an image of their own over a commit's tag in `develop`, the one tier whose tags can move. */
    private pushOver({ service, commit }: { service: number; commit: number }): void {
        const chosen = this.choose(commit);
        if (chosen) {
            const name = pick(Object.keys(chosen.images), service);
            this.registry.putImage(imageRepository(dev, name), `somebody's ${name} ${this.seconds}`, [chosen.sha], { move: true });
        }
    }

    private cleanUp({ service, commit }: { service: number; commit: number }): void {
        const chosen = this.choose(commit);
        if (chosen) {
            const name = pick(Object.keys(chosen.images), service);
            this.registry.delete(imageRepository(dev, name), chosen.images[name].digest);
        }
    }

    /** `pulumi up` of an environment as its config stands. */
    private async deploy(to: EnvironmentName, luck: Luck): Promise<void> {
        const config = this.config[to];
        const environment = environments[to];
        const commit =
            config?.commit === "latest" ? await resolveLatest(this.registry, environment, catalogOf("cart")) : config?.commit;
        if (!config || commit === undefined) {
            return;
        }
        const before = beforeOf[to];
        const request = {
            environment,
            before: before && environments[before],
            catalog: catalogOf(...this.catalog),
            commit,
            pins: config.pins,
        };
        const bytes = this.registry.contents();
        const ran = { ...this.running[to] };
        const decision = decide(request, await gatherFacts(this.registry, request), this.rules);
        assert.deepEqual(this.registry.contents(), bytes, "to decide changes nothing");
        if ("problems" in decision) {
            assert.ok(decision.problems.length > 0, "a refusal has a reason");
            this.tally.refused++;
            return;
        }
        const settledBefore = this.settled[to] === this.situation(to, commit);
        this.settled[to] = "";
        const carriedOut = await this.carryOut(to, decision.plan, luck);
        if (carriedOut) {
            this.tally[to]++;
            if (settledBefore) {
                assert.deepEqual(this.running[to], ran, "what has settled does not move by itself");
            }
            this.settled[to] = this.situation(to, commit);
            const record = await newestRun(this.registry, environment);
            assert.deepEqual(digests(record!.images), this.running[to], "the newest record says what runs");
        }
    }

    /** Copies, rolls out and records, as the program does. */
    private async carryOut(to: EnvironmentName, plan: Plan, luck: Luck): Promise<boolean> {
        const environment = environments[to];
        const ran = { ...this.running[to] };
        const source = environments[beforeOf[to] ?? to];
        const brought = plan.transitions.filter((transition) => transition.to !== undefined).map(({ image }) => image);
        try {
            await copyImages(this.registry, {
                from: address(source),
                to: address(environment),
                images: plan.set,
                tags: Object.fromEntries(Object.entries(plan.images).map(([name, { ref }]) => [name, ref])),
                locks: Object.fromEntries(Object.keys(plan.locks).map((sha) => [sha, "acme/shop"])),
            });
        } catch (error) {
            // What does not change is judged by no rule: where it was cleaned up or pushed over, the registry refuses before any rollout.
            const { message } = error as Error;
            const concerns = (name: string) => [`/${name}:`, `/${name}@`].some((part) => message.includes(part));
            assert.ok(!brought.some(concerns), `a promotion that was allowed could not be carried out: ${message}`);
            return false;
        }

        const wrong = (digest: Digest | undefined) => digest !== undefined && this.broken.has(digest);
        const fails = luck === "rolloutFails" || plan.transitions.some((transition) => wrong(transition.to));
        // A rollout that fails leaves a mixed set: some services are new, some old.
        const changes = fails ? Object.entries(plan.set).slice(0, 1) : Object.entries(plan.set);
        this.running[to] = { ...this.running[to], ...Object.fromEntries(changes) };
        if (fails) {
            return false;
        }
        // What the plan has no image for was deleted with its workload.
        this.running[to] = { ...plan.set };
        const set = this.running[to];
        const known = this.healthy[to].length > 0 && plan.transitions.length === 0;
        this.lawOfIdentity(to, plan.request, ran);
        this.lawOfOrder(to, set, Object.keys(plan.request.pins).length > 0);
        this.healthy[to].push(set);
        this.deployed[to] = plan.request;
        return known || this.record(to, plan, luck);
    }

    private async record(to: EnvironmentName, plan: Plan, luck: Luck): Promise<boolean> {
        const at = new Date(Date.UTC(2026, 0, 31, 23, 59, 0) + this.seconds++ * 1000).toISOString().replace(".000Z", "Z");
        const images = Object.fromEntries(
            Object.entries(plan.images).map(([name, { ref: _ref, pinned: _pinned, ...locked }]) => [name, locked as LockedImage]),
        );
        const record = recordOf(to, plan.request, images, at);
        let puts = 0;
        const breaksOff = luck === "recordBreaksOff" ? this.seconds % 7 : Infinity;
        this.registry.beforePut = (call) => {
            if (puts++ >= breaksOff) {
                throw new BrokeOff(call);
            }
        };
        try {
            await writeRun(this.registry, environments[to], record);
            return true;
        } catch (error) {
            if (!(error instanceof BrokeOff)) {
                throw error;
            }
            return false;
        } finally {
            this.registry.beforePut = () => undefined;
        }
    }

    /** What ran in an environment ran in the one before: as a set, or image by image where the set is mixed by pins. */
    private lawOfOrder(to: EnvironmentName, set: ImageSet, mixed: boolean): void {
        const before = beforeOf[to];
        const again = this.healthy[to].some((other) => contains(other, set));
        if (before === undefined || again) {
            return;
        }
        const proofs = [...this.healthy[before], ...(mixed ? this.healthy[to] : [])];
        const proven = mixed
            ? Object.entries(set).every((image) => proofs.some((other) => contains(other, Object.fromEntries([image]))))
            : proofs.some((other) => contains(other, set));
        assert.ok(proven, `what runs in ${to} ran in ${before}`);
    }

    /** What was asked for is what runs, and each commit has one digest wherever its tag stands. */
    private lawOfIdentity(to: EnvironmentName, { commit, pins }: Plan["request"], ran: ImageSet): void {
        const built = (sha: string) => {
            const found = this.commits.find((other) => other.sha === sha);
            assert.ok(found, `${sha} was never pushed, so it does not run in ${to}`);
            return found.images;
        };
        for (const service of Object.keys(pins)) {
            assert.ok(this.catalog.includes(service), `${service} is pinned, so it is a service`);
        }
        const asked = this.catalog.flatMap((name) => {
            const images = built(pins[serviceOf(name)] ?? commit);
            return images[serviceOf(name)] ? [[name, images[name]?.digest] as const] : [];
        });
        assert.deepEqual(this.running[to], Object.fromEntries(asked), `what runs in ${to} is what was asked for`);
        for (const [name, digest] of asked.filter(([image, meant]) => ran[image] !== meant)) {
            const sha = pins[serviceOf(name)] ?? commit;
            for (const tier of [environments[beforeOf[to] ?? to], environments[to]]) {
                const meant = this.registry.meaning(`${imageRepository(tier, name)}:${sha}`);
                assert.ok(meant === undefined || meant === digest, `${name} of ${sha} has one digest, in ${tier.tier} too`);
            }
        }
    }

    private situation(to: EnvironmentName, commit: string): string {
        return canonicalJson({ commit, pins: this.config[to]?.pins, catalog: this.catalog });
    }

    private shaOf(ref: Ref, to: EnvironmentName): string {
        switch (ref.kind) {
            case "unknown":
                return "f".repeat(40);
            case "malformed":
                return "a1b2c3d";
            case "latest":
                return "latest";
            case "commit":
                return this.choose(ref.index)?.sha ?? "f".repeat(40);
            case "before": {
                const before = beforeOf[to];
                return before ? (this.deployed[before]?.commit ?? "f".repeat(40)) : "latest";
            }
        }
    }

    /** What a person writes into the config. Who promotes what runs before takes its pins along. */
    private asked({ to, ref, pins }: Happening & { kind: "promote" }): Plan["request"] {
        const before = beforeOf[to];
        const own = pins.map(({ service, ref: pin }) => [everyService(service), this.shaOf(pin, to)]);
        const along = ref.kind === "before" && before ? this.deployed[before]?.pins : {};
        return { commit: this.shaOf(ref, to), pins: { ...along, ...Object.fromEntries(own) } };
    }

    private choose(index: number): { sha: string; images: Record<string, LockedImage> } | undefined {
        const { length } = this.commits;
        return length === 0 ? undefined : this.commits[((index % length) + length) % length];
    }
}

class BrokeOff extends Error {}

function everyService(index: number): string {
    return pick([...everyImage.filter((name) => name === serviceOf(name)), "nobody"], index);
}

function pick<Item>(items: readonly Item[], index: number): Item {
    return items[index % items.length];
}

function address({ registry, tier }: Tier): string {
    return `${registry}/${tier}`;
}

function digests(images: Readonly<Record<string, LockedImage>>): Record<string, Digest> {
    return Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

function contains(set: ImageSet, part: ImageSet): boolean {
    return Object.entries(part).every(([name, digest]) => set[name] === digest);
}
