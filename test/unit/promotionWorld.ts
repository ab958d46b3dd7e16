import assert from "node:assert/strict";
import { resolveLatest } from "../../core/facts/latest";
import { gatherFacts, type Moment } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import { imageCopies } from "../../core/promotion/imageCopies";
import type { Override, Plan } from "../../core/promotion/model";
import { rules as allRules } from "../../core/promotion/rules";
import type { Rule } from "../../core/promotion/rules/rule";
import { askedRef, tierAddress } from "../../core/promotion/words";
import type { Problem } from "../../core/refusal";
import type { Digest } from "../../core/registry/reference";
import { imageRepository, lockRepository } from "../../core/release/addresses";
import { copyImages } from "../../core/release/copyImages";
import { canonicalJson, isRelease, lockArtifactType, serviceOf, type ImageSet, type LockedImage } from "../../core/release/lock";
import { lockGaps, serializeLock } from "../../core/release/lockDocument";
import { pullLockAsWritten, pushLock } from "../../core/release/lockStore";
import { pushRelease } from "../../core/release/releaseStore";
import { newestRun, writeRun } from "../../core/release/runRecordStore";
import type { Catalog, Environment } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, environmentOf, lockOf, recordOf } from "./promotionExamples";

export type EnvironmentName = "dev" | "stage" | "prod";

/** What may happen. Numbers are taken modulo whatever there is to choose from. */
export type Happening =
    | { kind: "push"; changed: readonly number[]; broken: boolean; forgetful: boolean }
    | { kind: "hotfix"; of: number; changed: number; names: "its release" | "another release" | "no release" }
    | { kind: "release"; commit: number }
    | { kind: "retag"; release: number; commit: number }
    | { kind: "wait"; minutes: number }
    | { kind: "catalog"; image: number }
    | { kind: "settings"; service: number }
    | {
          kind: "promote";
          to: EnvironmentName;
          ref: Ref;
          pins: readonly { service: number; ref: Ref }[];
          luck: Luck;
          override?: Override;
      }
    | { kind: "again"; to: EnvironmentName; luck: Luck }
    | { kind: "outsider"; service: number; commit: number }
    | { kind: "cleanup"; service: number; commit: number };

/** The ref that a person asks for: what the environment before asks for, some commit or release, `latest` (dev), or nonsense. */
export type Ref =
    | { kind: "before" | "latest" | "hotfix" | "unknown" | "unreleased" | "malformed" }
    | { kind: "commit" | "release"; index: number };

/** What a team has chosen: how long a set soaks before stage and prod, and whether prod is frozen on Sundays from 10:00 to 16:00. */
export interface House {
    soakMinutes: number;
    sundays: boolean;
    /** Whether prod accepts releases only. */
    releases: boolean;
    /** Whether stage takes hotfixes. */
    hotfixes: boolean;
}

/** A team that has chosen nothing. */
export const plainHouse: House = { soakMinutes: 0, sundays: false, releases: false, hotfixes: false };

/** How a deployment ends where the images themselves are sound. */
export type Luck = "healthy" | "rolloutFails" | "recordBreaksOff";

const everyImage = ["cart", "cart/wait", "checkout", "frontend", "mailer"];
const dev = environmentOf("dev");
const deploy = "europe-west1-docker.pkg.dev/acme-delivery/deploy";
const beforeOf: Record<EnvironmentName, EnvironmentName | undefined> = { dev: undefined, stage: "dev", prod: "stage" };

/**
 * A team's world in memory: commits that are built, environments that run, people who ask for anything, and what goes wrong.
 * oneflow's own rules gate each promotion; the laws, which every step is held to, read only what the world did and call no rule.
 */
export class PromotionWorld {
    readonly registry = new MemoryRegistry();
    /** Commits in the order of their pushes: what each was built to. */
    private readonly commits: Commit[] = [];
    /** Release → the commit that its git tag names. */
    private readonly tagged = new Map<string, string>();
    /** Release → the commit that it was made of. */
    private readonly releases = new Map<string, string>();
    private readonly environments: Record<EnvironmentName, Environment>;
    /** What the checkout's services.yaml has. */
    private catalog = ["cart", "checkout", "frontend"];
    /** How many replicas the checkout's services.yaml asks for, where it was edited. */
    private replicas: Readonly<Record<string, number>> = {};
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
    /** What was recorded as healthy, oldest first, and when. */
    private readonly recorded: Record<EnvironmentName, { set: ImageSet; at: number }[]> = { dev: [], stage: [], prod: [] };
    /** Config and catalog of the last deployment that ended healthy and recorded. */
    private readonly settled: Record<EnvironmentName, string> = { dev: "", stage: "", prod: "" };
    /** The clock, in seconds: it begins late on a Saturday, in UTC. */
    private seconds = Date.UTC(2026, 0, 31, 23, 59) / 1000;
    /** How many promotions were refused, and how many ended healthy in each: a world in which nothing happens proves nothing. */
    readonly tally = { refused: 0, dev: 0, stage: 0, prod: 0, hotfixes: 0, releases: 0, overridden: 0 };

    constructor(
        private readonly rules: readonly Rule[] = allRules,
        private readonly house: House = plainHouse,
    ) {
        const soak = house.soakMinutes > 0 && { soakSeconds: house.soakMinutes * 60 };
        this.environments = {
            dev,
            stage: { ...environmentOf("stage"), ...soak, ...(house.hotfixes && { hotfixes: true }) },
            prod: {
                ...environmentOf("prod"),
                ...soak,
                ...(house.sundays && { freeze: [{ from: "Sun 10:00", to: "Sun 16:00", timezone: "UTC" }] }),
                ...(house.releases && { accepts: "releases" }),
            },
        };
    }

    async live(happening: Happening): Promise<void> {
        switch (happening.kind) {
            case "push":
                return this.push(happening);
            case "hotfix":
                return this.mend(happening);
            case "release":
                return this.release(this.choose(happening.commit)!);
            case "retag": {
                const names = [...this.tagged.keys()];
                if (names.length > 0) {
                    this.tagged.set(pick(names, happening.release), this.choose(happening.commit)!.sha);
                }
                return;
            }
            case "wait":
                this.seconds += happening.minutes * 60;
                return;
            case "catalog":
                return this.editCatalog(everyImage[happening.image % everyImage.length]);
            case "settings": {
                const service = serviceOf(pick(this.catalog, happening.service));
                this.replicas = { ...this.replicas, [service]: (this.replicas[service] ?? 1) + 1 };
                return;
            }
            case "outsider":
                return this.pushOver(happening);
            case "cleanup":
                return this.cleanUp(happening);
            case "promote":
                this.config[happening.to] = this.asked(happening);
                return this.deploy(happening.to, happening.luck, happening.override);
            case "again":
                return this.deploy(happening.to, happening.luck);
        }
    }

    /** A push of develop: unchanged services keep their digest and get one more tag, changed ones are built, `latest` moves. */
    private async push({ changed, broken, forgetful }: Happening & { kind: "push" }): Promise<void> {
        const touched = changed.map((index) => this.catalog[index % this.catalog.length]);
        const parent = this.commits.filter((commit) => !commit.hotfix).at(-1);
        const { sha, images } = await this.build(this.catalog, touched, parent, broken);
        this.commits.push({ sha, images, replicas: this.replicas, parent: parent?.sha });
        const lock = lockOf(sha, images, scaled(this.catalog, this.replicas));
        if (forgetful) {
            const { [this.catalog[0]]: _forgotten, ...rest } = images;
            const content = serializeLock({ ...lock, images: rest });
            await this.registry.pushArtifact(lockRepository(dev, "acme/shop"), { artifactType: lockArtifactType, content }, [sha]);
        } else {
            await pushLock(this.registry, dev, lock, { latest: true });
        }
    }

    /** A push of a hotfix branch that began at a release, or at any commit where there is none: one image changes. */
    private async mend({ of, changed, names: named }: Happening & { kind: "hotfix" }): Promise<void> {
        const tags = [...this.releases.keys()];
        const own = tags.length === 0 || named === "no release" ? undefined : pick(tags, of);
        const parent = own === undefined ? this.choose(of)! : this.commits.find(({ sha }) => sha === this.releases.get(own))!;
        const release = own !== undefined && named === "another release" ? pick(tags, of + 1) : own;
        const built = Object.keys(parent.images);
        const { sha, images } = await this.build(built, [pick(built, changed)], parent, false);
        const { replicas } = parent;
        this.commits.push({ sha, images, replicas, parent: parent.sha, hotfix: { ...(release !== undefined && { release }) } });
        const lock = lockOf(sha, images, scaled(built, replicas));
        const source = { ...lock.source, branch: "hotfix" as const, ...(release !== undefined && { release }) };
        await pushLock(this.registry, dev, { ...lock, source });
    }

    /** A release of a commit, where its lock is whole and its images are still there. */
    private async release({ sha, images }: Commit): Promise<void> {
        const lock = await pullLockAsWritten(this.registry, dev, "acme/shop", sha);
        const there = Object.entries(images).map(([name, { digest }]) =>
            this.registry.meaning(`${imageRepository(dev, name)}@${digest}`),
        );
        const { missing } = lock ? lockGaps(lock) : { missing: ["everything"] };
        if (!lock || missing.length > 0 || there.includes(undefined)) {
            return;
        }
        for (const [name, image] of Object.entries(lock.images)) {
            const tags = "commit" in image ? [image.commit] : [];
            await this.registry.copy(
                { repository: imageRepository(dev, name), digest: image.digest },
                { repository: `${deploy}/${name}`, tags },
            );
        }
        const version = `1.${this.releases.size}.0`;
        const target = { environment: "prod", cloudProject: "acme-prod", namespace: "shop-prod" };
        await pushRelease(this.registry, { project: "shop", version, deploy, lock, target });
        this.releases.set(`v${version}`, sha);
        this.tagged.set(`v${version}`, sha);
    }

    private async build(names: readonly string[], touched: readonly string[], parent: Commit | undefined, broken: boolean) {
        const sha = (this.commits.length + 1).toString(16).padStart(40, "a");
        const images: Record<string, LockedImage> = {};
        for (const name of names) {
            const repository = imageRepository(dev, name);
            const kept = touched.includes(name) ? undefined : parent?.images[name];
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
        return { sha, images };
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
    private async deploy(to: EnvironmentName, luck: Luck, override?: Override): Promise<void> {
        this.seconds++;
        const config = this.config[to];
        const environment = this.environments[to];
        const commit =
            config?.commit === "latest" ? await resolveLatest(this.registry, environment, catalogOf("cart")) : config?.commit;
        if (!config || commit === undefined) {
            return;
        }
        const before = beforeOf[to];
        const request = {
            environment,
            before: before && this.environments[before],
            catalog: scaled(this.catalog, this.replicas),
            ...(isRelease(commit) ? { commit: "", release: commit } : { commit }),
            pins: config.pins,
            releases: { deploy, project: "shop" },
            ...(override && { override }),
        };
        const bytes = this.registry.contents();
        const ran = { ...this.running[to] };
        const decision = decide(request, await gatherFacts(this.registry, request, this.moment()), this.rules);
        assert.deepEqual(this.registry.contents(), bytes, "to decide changes nothing");
        if ("problems" in decision) {
            assert.ok(decision.problems.length > 0, "a refusal has a reason");
            this.tally.refused++;
            this.lawOfReturn(to, { commit: this.releases.get(commit) ?? commit, pins: config.pins }, decision.problems);
            return;
        }
        const settledBefore = this.settled[to] === this.situation(to, commit);
        this.settled[to] = "";
        const carriedOut = await this.carryOut(to, decision.plan, luck, override);
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
    private async carryOut(to: EnvironmentName, plan: Plan, luck: Luck, override?: Override): Promise<boolean> {
        const ran = { ...this.running[to] };
        const source = this.environments[beforeOf[to] ?? to];
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
        this.tally.releases += plan.request.release === undefined || plan.transitions.length === 0 ? 0 : 1;
        if (plan.transitions.length > 0) {
            this.lawOfOrder(to, set, plan.request, override);
            this.lawOfSoak(to, set, plan.request, override);
            this.lawOfFreeze(to, set, override);
            this.lawOfReleases(to, set, plan.request, override);
            this.lawOfSettings(to, plan, override);
            this.lawOfReasons(plan.request.override, override);
        }
        this.healthy[to].push(set);
        this.deployed[to] = plan.request;
        return known || this.record(to, plan, luck);
    }

    private async record(to: EnvironmentName, plan: Plan, luck: Luck): Promise<boolean> {
        const now = this.seconds;
        const at = new Date(now * 1000).toISOString().replace(".000Z", "Z");
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
            await writeRun(this.registry, this.environments[to], record);
            this.recorded[to].push({ set: plan.set, at: now });
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

    /** What ran in an environment ran in the one before: as a set, or image by image where the set is mixed by pins, or is a hotfix. */
    private lawOfOrder(to: EnvironmentName, set: ImageSet, request: Plan["request"], override: Override | undefined): void {
        const before = beforeOf[to];
        if (before === undefined || this.ranHere(to, set)) {
            return;
        }
        const ofHotfix = (name: string) => to === "stage" && this.hotfixAt(request, name) !== undefined;
        const mixed = Object.keys(request.pins).length > 0;
        const hotfixed = Object.keys(set).filter(ofHotfix);
        const proofs = [...this.healthy[before], ...(mixed || hotfixed.length > 0 ? this.healthy[to] : [])];
        const whole = this.healthy[before].some((other) => contains(other, set));
        const proven = Object.entries(set)
            .filter(([name]) => !ofHotfix(name))
            .every((image) => proofs.some((other) => contains(other, Object.fromEntries([image]))));
        if (whole || answered("order", override)) {
            return;
        }
        if (hotfixed.length === 0) {
            assert.ok(mixed && proven, `what runs in ${to} ran in ${before}`);
            return;
        }
        assert.ok(proven, `what runs in ${to} ran in ${before}, but for a hotfix`);
        const running = this.healthy[to].at(-1) ?? {};
        for (const name of hotfixed.filter((one) => running[one] !== set[one])) {
            const { sha, release } = this.hotfixAt(request, name)!;
            const mended = release === undefined ? undefined : this.tagged.get(release);
            const stands = mended !== undefined && this.ancestry(sha).includes(mended);
            const lawful = (this.house.hotfixes && stands) || answered("hotfix", override);
            assert.ok(lawful, `a hotfix comes to ${to} where it is taken and mends the release that it names`);
        }
        this.tally.hotfixes++;
    }

    /** What ran in the environment before did so for as long as was chosen, until the next run there was recorded. */
    private lawOfSoak(to: EnvironmentName, set: ImageSet, request: Plan["request"], override: Override | undefined): void {
        const before = beforeOf[to];
        if (before === undefined || this.ranHere(to, set) || answered("soak", override) || answered("order", override)) {
            return;
        }
        const runs = this.recorded[before];
        const soaked = runs
            .filter(({ at }, index) => (runs[index + 1]?.at ?? this.seconds) - at >= this.house.soakMinutes * 60)
            .map((run) => run.set);
        const alone = Object.keys(request.pins).length > 0 || Object.keys(set).some((name) => this.hotfixAt(request, name));
        const here = this.healthy[to];
        const lawful =
            soaked.some((other) => contains(other, set)) ||
            (alone &&
                Object.entries(set)
                    .filter(([name]) => to !== "stage" || !this.hotfixAt(request, name))
                    .every((image) => [...soaked, ...here].some((other) => contains(other, Object.fromEntries([image])))));
        // A record that broke off before it was listed proves that a set ran, and not for how long.
        assert.ok(lawful || this.house.soakMinutes === 0, `what came to ${to} had soaked in ${before}`);
    }

    /** Nothing changes on a Sunday that is frozen. */
    private lawOfFreeze(to: EnvironmentName, set: ImageSet, override: Override | undefined): void {
        const now = new Date(this.seconds * 1000);
        const frozen =
            this.house.sundays && to === "prod" && now.getUTCDay() === 0 && now.getUTCHours() >= 10 && now.getUTCHours() < 16;
        assert.ok(!frozen || this.ranHere(to, set) || answered("freeze", override), `${to} was frozen at ${now.toISOString()}`);
    }

    private lawOfReleases(
        to: EnvironmentName,
        set: ImageSet,
        { commit, release, pins }: Plan["request"],
        override: Override | undefined,
    ): void {
        if (release !== undefined) {
            assert.equal(this.tagged.get(release), commit, `${release} means one commit`);
        }
        const needed = this.house.releases && to === "prod" && !this.ranHere(to, set) && !answered("accepts", override);
        const released = release !== undefined && this.releases.get(release) === commit && Object.keys(pins).length === 0;
        assert.ok(!needed || released, `what came to ${to} was released`);
    }

    /** What is not on the branch that deployments run from runs with the settings that it was built with. */
    private lawOfSettings(to: EnvironmentName, { request, transitions, set }: Plan, override: Override | undefined): void {
        if (beforeOf[to] === undefined || this.ranHere(to, set) || answered("settings-differ", override)) {
            return;
        }
        const coming = transitions.flatMap(({ image, to: digest }) => (digest === undefined ? [] : [serviceOf(image)]));
        for (const service of new Set(coming)) {
            const sha = request.pins[service] ?? request.commit;
            const { images, replicas } = this.commits.find((commit) => commit.sha === sha)!;
            const entry = (names: readonly string[], scale: Commit["replicas"]) =>
                canonicalJson([names.filter((name) => serviceOf(name) === service), scale[service] ?? 1]);
            const same = entry(Object.keys(images), replicas) === entry(this.catalog, this.replicas);
            const lawful = same || this.ancestry(this.head()).includes(sha);
            assert.ok(lawful, `${service} came to ${to} with settings that are not its own, and that nobody merged`);
        }
    }

    /** Who answers for a rule says why. */
    private lawOfReasons(recorded: Override | undefined, override: Override | undefined): void {
        const overridable = ["accepts", "settings-differ", "order", "hotfix", "soak", "freeze"];
        const lawful = !override || (override.reason.trim() !== "" && override.rules.every((name) => overridable.includes(name)));
        assert.ok(lawful, "an override names rules that somebody can answer for, and why");
        assert.ok(!recorded || override, "nobody answers for what nobody was asked");
        this.tally.overridden += recorded ? 1 : 0;
    }

    /** What ran here and was recorded may come back, whatever it is asked: only what it needs may be gone or meddled with. */
    private lawOfReturn(
        to: EnvironmentName,
        request: { commit: string; pins: Plan["request"]["pins"] },
        problems: readonly Problem[],
    ): void {
        const built = (service: string) =>
            this.commits.find(({ sha }) => sha === (request.pins[service] ?? request.commit))?.images;
        const asked = this.catalog.flatMap((name) => {
            const images = built(serviceOf(name));
            return images?.[serviceOf(name)] ? [[name, images[name]?.digest] as const] : [];
        });
        const same = canonicalJson(Object.fromEntries(asked));
        const ran = this.recorded[to].some(({ set }) => canonicalJson(set) === same);
        const barred = problems.filter(
            ({ subject, message }) => /^(soak|freeze)/.test(subject) || /never ran healthy|accepts releases,/.test(message),
        );
        assert.ok(!ran || barred.length === 0, `what ran in ${to} may come back: ${barred[0]?.message}`);
    }

    /** Whether a set, or more, was healthy here before. */
    private ranHere(to: EnvironmentName, set: ImageSet): boolean {
        return this.healthy[to].some((other) => contains(other, set));
    }

    /** The hotfix that a request takes an image from. */
    private hotfixAt({ commit, pins }: Plan["request"], name: string): { sha: string; release?: string } | undefined {
        const found = this.commits.find(({ sha }) => sha === (pins[serviceOf(name)] ?? commit));
        return found?.hotfix && { sha: found.sha, ...found.hotfix };
    }

    /** A commit and those before it. */
    private ancestry(sha: string): string[] {
        const found = this.commits.find((commit) => commit.sha === sha);
        return found ? [sha, ...(found.parent === undefined ? [] : this.ancestry(found.parent))] : [];
    }

    /** The newest commit of develop, which the branch that deployments run from contains. */
    private head(): string {
        return this.commits.filter(({ hotfix }) => !hotfix).at(-1)!.sha;
    }

    /** The clock, and git. */
    private moment(): Moment {
        return {
            now: new Date(this.seconds * 1000),
            commits: {
                find: async (reference) =>
                    reference === "HEAD"
                        ? this.head()
                        : (this.tagged.get(reference.replace("refs/tags/", "")) ?? this.ancestry(reference)[0]),
                isAncestor: async (ancestor, descendant) =>
                    this.ancestry(descendant === "HEAD" ? this.head() : descendant).includes(ancestor),
                isShallow: async () => false,
            },
            repository: "acme/shop",
        };
    }

    /** What was asked for is what runs, and each commit has one digest wherever its tag stands. */
    private lawOfIdentity(to: EnvironmentName, { commit, release, pins }: Plan["request"], ran: ImageSet): void {
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
        // What a failed rollout took away comes back as it was: it ran healthy here last.
        const last = this.recorded[to].at(-1)?.set ?? {};
        for (const [name, digest] of asked.filter(([image, meant]) => ran[image] !== meant && last[image] !== meant)) {
            const pin = pins[serviceOf(name)];
            const sha = pin ?? release ?? commit;
            // What goes back is pulled from where it ran: the tier before need not even answer.
            const back = this.recorded[to].some(({ set }) => canonicalJson(set) === canonicalJson(this.running[to]));
            const source = sha === release ? deploy : tierAddress(this.environments[beforeOf[to] ?? to]);
            for (const tier of [...(back ? [] : [source]), tierAddress(this.environments[to])]) {
                const meant = this.registry.meaning(`${tier}/${name}:${sha}`);
                assert.ok(meant === undefined || meant === digest, `${name} of ${sha} has one digest, in ${tier} too`);
            }
        }
    }

    private situation(to: EnvironmentName, commit: string): string {
        return canonicalJson({ commit, pins: this.config[to]?.pins, catalog: this.catalog, replicas: this.replicas });
    }

    private shaOf(ref: Ref, to: EnvironmentName): string {
        switch (ref.kind) {
            case "unknown":
                return "f".repeat(40);
            case "unreleased":
                return "v9.9.9";
            case "release":
                return this.releases.size === 0 ? "v9.9.9" : pick([...this.releases.keys()], ref.index);
            case "malformed":
                return "a1b2c3d";
            case "latest":
                return "latest";
            case "hotfix":
                return this.commits.filter(({ hotfix }) => hotfix).at(-1)?.sha ?? "f".repeat(40);
            case "commit":
                return this.choose(ref.index)?.sha ?? "f".repeat(40);
            case "before": {
                const before = beforeOf[to];
                const ran = before && this.deployed[before];
                return !before ? "latest" : ran ? askedRef(ran) : "f".repeat(40);
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

    private choose(index: number): Commit | undefined {
        const { length } = this.commits;
        return length === 0 ? undefined : this.commits[((index % length) + length) % length];
    }
}

interface Commit {
    sha: string;
    images: Record<string, LockedImage>;
    /** As in the world. */
    replicas: Readonly<Record<string, number>>;
    /** SHA of the commit before. Absent: the first. */
    parent?: string;
    hotfix?: { release?: string };
}

class BrokeOff extends Error {}

/** Whether somebody took it upon themselves. */
function answered(rule: string, override: Override | undefined): boolean {
    return override?.rules.includes(rule) ?? false;
}

function everyService(index: number): string {
    return pick([...everyImage.filter((name) => name === serviceOf(name)), "nobody"], index);
}

function pick<Item>(items: readonly Item[], index: number): Item {
    return items[index % items.length];
}

function scaled(names: readonly string[], replicas: Commit["replicas"]): Catalog {
    const { services } = catalogOf(...names);
    return {
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => [name, { ...service, replicas: replicas[name] ?? service.replicas }]),
        ),
    };
}

function digests(images: Readonly<Record<string, LockedImage>>): Record<string, Digest> {
    return Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

function contains(set: ImageSet, part: ImageSet): boolean {
    return Object.entries(part).every(([name, digest]) => set[name] === digest);
}
