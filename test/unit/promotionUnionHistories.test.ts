import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { resolveLatest } from "../../core/facts/latest";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import type { PlannedImage } from "../../core/promotion/model";
import { imageRepository } from "../../core/release/addresses";
import { serviceOf, type ImageSet, type LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import type { Catalog, Service } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { contains, digests, sameSet } from "./promotionChronicle";
import { catalogOf, environmentOf, lockOf, recordOf } from "./promotionExamples";

/** What may happen to a team with two source repositories, and with images of third parties. */
type Happening =
    | { kind: "push"; repository: Repository; changed: string }
    | { kind: "catalog"; image: string }
    | { kind: "upgrade"; image: string }
    | { kind: "local"; service: string }
    | { kind: "deploy" };

type Repository = "acme/pay" | "acme/shop";

/** A service's repository as the catalog spells it; of no repository: a third party's. */
const homes: Readonly<Record<string, string | undefined>> = { billing: "Acme/Pay", cart: "acme/shop", checkout: "acme/shop" };
const everyImage = ["billing", "cart", "cart/wait", "checkout", "redis", "redis/exporter"];
const dev = environmentOf("dev");

interface Commit {
    sha: string;
    images: Readonly<Record<string, LockedImage>>;
}

/** Two repositories in memory, whose newest commits one environment follows. */
class TwoRepositories {
    readonly tally = { deployed: 0, pending: 0, refused: 0, upgraded: 0, local: 0, oneRepository: 0 };
    private readonly registry = new MemoryRegistry();
    private readonly newest: Partial<Record<Repository, Commit>> = {};
    private pushes = 0;
    private names: readonly string[] = ["billing", "cart", "redis"];
    private local: readonly string[] = [];
    private readonly versions: Record<string, number> = {};
    private readonly recorded: ImageSet[] = [];
    /** Repository → commit, as the newest record asked for them. */
    private askedFor: Partial<Record<Repository, string>> = {};

    async live(happening: Happening): Promise<void> {
        switch (happening.kind) {
            case "push":
                return this.push(happening.repository, happening.changed);
            case "catalog": {
                const { image } = happening;
                const others = this.names.filter((name) => name !== image && serviceOf(name) !== image);
                const edited = this.names.includes(image) ? others : [...others, image];
                const sound = edited.filter((name) => edited.includes(serviceOf(name))).sort();
                // A catalog that builds nothing follows no commit.
                this.names = sound.some((name) => homes[name]) ? sound : this.names;
                return;
            }
            case "upgrade":
                this.versions[happening.image] = (this.versions[happening.image] ?? 1) + 1;
                return;
            case "local": {
                const { service } = happening;
                const others = this.local.filter((name) => name !== service);
                this.local = this.local.includes(service) ? others : [...others, service].sort();
                return;
            }
            case "deploy":
                return this.deploy();
        }
    }

    /** What the repository builds, and what third parties built: each repository mirrors that. */
    private async push(repository: Repository, changed: string): Promise<void> {
        const sha = String(++this.pushes).padStart(40, "a");
        const names = this.names.filter((name) => [repository, undefined].includes(homeOf(serviceOf(name))));
        const images = names.map((name): [string, LockedImage] => {
            if (this.isThirdParty(name)) {
                return [name, this.mirrored(name)];
            }
            const kept = name === changed ? undefined : this.newest[repository]?.images[name];
            const put = () => this.registry.putImage(imageRepository(dev, name), `${name} of ${sha}`, [sha]);
            return [name, kept ?? { commit: sha, digest: put() }];
        });
        const commit = { sha, images: Object.fromEntries(images) };
        const lock = lockOf(sha, commit.images, this.catalog(names));
        await pushLock(this.registry, dev, { ...lock, source: { ...lock.source, repository } }, { latest: true });
        this.newest[repository] = commit;
    }

    private async deploy(): Promise<void> {
        const catalog = this.catalog(this.names);
        const commit = await resolveLatest(this.registry, dev, catalog);
        if (commit === undefined) {
            return;
        }
        const request = { environment: dev, catalog, commit, pins: {} };
        const now = new Date(Date.UTC(2026, 0, 31, 12, 0, this.recorded.length));
        const decision = decide(request, await gatherFacts(this.registry, request, { now }));
        const expected = this.composed();
        const lacking = this.names.filter((name) => !this.isLocal(name) && expected.of(serviceOf(name)) && !expected.of(name));
        if ("problems" in decision) {
            const subjects = decision.problems.map(({ subject }) => subject);
            assert.deepEqual(
                subjects,
                [...new Set(lacking.map(serviceOf))],
                "refused is what is built without an image that it needs",
            );
            this.tally.refused++;
            return;
        }
        const { plan } = decision;
        assert.deepEqual(lacking, []);
        assert.deepEqual(plan.images, expected.images, "each service runs what its own repository built last");
        assert.deepEqual(plan.local ?? [], this.localHere());
        const pending = this.names.filter((name) => name === serviceOf(name) && !this.isLocal(name) && !expected.of(name)).sort();
        assert.deepEqual(plan.pending, pending);
        assert.equal(plan.direction, this.directionOf(digests(expected.images), expected.whole));
        const running = this.recorded.at(-1) ?? {};
        const again = this.repositories().flatMap((name) => (this.askedFor[name] ? [[name, this.askedFor[name]]] : []));
        if (again.length > 0) {
            const union = again.map((one) => one.join("@")).join(",");
            const asked = this.repositories().length === 1 ? again[0][1] : union;
            assert.equal(plan.current?.request.commit, asked, "what ran is asked for again as this catalog has to ask for it");
        }
        for (const service of pending.filter((name) => !running[name])) {
            const unbuilt = expected.refOf(service) === "";
            const cause = unbuilt
                ? "its repository was not built yet"
                : `${expected.refOf(service).slice(0, 7)}… has no image of it`;
            assert.ok(plan.notes.includes(`${service} is pending: ${cause}, so it is not deployed`), plan.notes.join("\n"));
            this.tally.pending += unbuilt ? 1 : 0;
        }
        this.tally.deployed++;
        this.tally.oneRepository += this.repositories().length === 1 ? 1 : 0;
        if (this.localHere().length > 0) {
            this.tally.local++;
            return;
        }
        if (plan.transitions.length > 0 || this.recorded.length === 0) {
            const images = Object.fromEntries(
                Object.entries(plan.images).map(([name, { ref: _ref, pinned: _pinned, ...image }]) => [name, image as LockedImage]),
            );
            const record = recordOf("dev", plan.request, images, now.toISOString().replace(".000Z", "Z"));
            await writeRun(this.registry, dev, { ...record, catalog });
            this.recorded.push(plan.set);
            this.askedFor = Object.fromEntries(this.repositories().map((name) => [name, this.newest[name]?.sha]));
        }
    }

    /** What runs where every service takes the newest of its own repository, and what a third party built comes as the catalog names it. */
    private composed() {
        const commits = this.repositories().flatMap((repository) => this.newest[repository] ?? []);
        const commitFor = (name: string): Commit | undefined => {
            const home = homeOf(serviceOf(name));
            if (home !== undefined || this.repositories().length === 1) {
                return home === undefined ? commits[0] : this.newest[home];
            }
            const holders = commits.filter(({ images }) => images[name]);
            const wanted = this.mirrored(name).digest;
            const exact = holders.find(({ images }) => images[name].digest === wanted);
            this.tally.upgraded += exact && exact !== holders[0] ? 1 : 0;
            return exact ?? holders[0] ?? commits[0];
        };
        const of = (name: string) => commitFor(name)?.images[name];
        const here = (name: string) => (this.isLocal(name) ? name !== serviceOf(name) : of(serviceOf(name)));
        const images = this.names
            .filter((name) => of(name) && here(name))
            .map((name): [string, PlannedImage] => [name, { ...of(name)!, ref: commitFor(name)!.sha, pinned: false }]);
        const locked = commits
            .flatMap((commit) => Object.keys(commit.images))
            .flatMap((name) => (of(name) ? [[name, of(name)!.digest]] : []));
        return {
            of,
            refOf: (name: string) => commitFor(name)?.sha ?? "",
            images: Object.fromEntries(images),
            whole: Object.fromEntries(locked),
        };
    }

    private directionOf(set: ImageSet, whole: ImageSet): string {
        const current = this.recorded.at(-1);
        const ran = (one: ImageSet) => this.recorded.some((other) => sameSet(one, other));
        const shown = (one: ImageSet) =>
            Object.fromEntries(Object.entries(one).filter(([name]) => !this.localHere().includes(name)));
        if (current && sameSet(shown(current), shown(set))) {
            return "unchanged";
        }
        const comes = !contains(current ?? {}, set);
        const back = ran(set) || (comes && this.localHere().length === 0 && ran({ ...whole, ...set }));
        return back ? "rollback" : current ? "forward" : "first";
    }

    private catalog(names: readonly string[]): Catalog {
        const { services } = catalogOf(...names);
        const own = (service: Service): Service => ({
            ...service,
            image: homes[service.name]
                ? ({ ...service.image, repository: homes[service.name]! } as Service["image"])
                : this.thirdParty(service.name),
            init: service.init.map((container) => ({ ...container, image: this.thirdParty(`${service.name}/${container.name}`) })),
            ...(this.local.includes(service.name) && { build: "local" as const }),
        });
        return { services: Object.fromEntries(Object.entries(services).map(([name, service]) => [name, own(service)])) };
    }

    private thirdParty(name: string) {
        const { source, digest } = this.mirrored(name);
        return { from: "thirdParty" as const, source, digest };
    }

    private mirrored(name: string) {
        const digest = this.registry.putImage(imageRepository(dev, name), `${name} ${this.versions[name] ?? 1}`, []);
        return { source: `${name}@${digest}`, digest };
    }

    private isThirdParty(name: string): boolean {
        return name.includes("/") || homes[name] === undefined;
    }

    private isLocal(name: string): boolean {
        return this.local.includes(serviceOf(name));
    }

    private localHere(): string[] {
        return this.local.filter((name) => this.names.includes(name));
    }

    /** The repositories that the catalog's services are built from, sorted. */
    private repositories(): Repository[] {
        return [...new Set(this.names.flatMap((name) => homeOf(name) ?? []))].sort();
    }
}

function homeOf(service: string): Repository | undefined {
    return homes[service]?.toLowerCase() as Repository | undefined;
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
    {
        weight: 5,
        arbitrary: fc.record({
            kind: fc.constant("push" as const),
            repository: fc.constantFrom<Repository>("acme/pay", "acme/shop"),
            changed: fc.constantFrom("billing", "cart", "checkout", "nothing"),
        }),
    },
    { weight: 6, arbitrary: fc.constant<Happening>({ kind: "deploy" }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("catalog" as const), image: fc.constantFrom(...everyImage) }) },
    {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant("upgrade" as const), image: fc.constantFrom("redis", "redis/exporter") }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("local" as const), service: fc.constantFrom("cart", "checkout") }) },
);
const runs = Number(process.env.ONEFLOW_HISTORIES ?? 25);

describe("any history of two source repositories, third parties' images and local builds", () => {
    it("keeps the laws: each service runs what its own repository built last, a third party's image comes as the catalog names it", async () => {
        const tally: Record<string, number> = {};
        await fc.assert(
            fc.asyncProperty(fc.array(happening, { minLength: 30, maxLength: 50, size: "max" }), async (happenings) => {
                await turn();
                const world = new TwoRepositories();
                for (const one of happenings) {
                    await world.live(one);
                }
                for (const [what, count] of Object.entries(world.tally)) {
                    tally[what] = (tally[what] ?? 0) + count;
                }
            }),
            { seed: 20260131, numRuns: runs, endOnFailure: process.env.ONEFLOW_MUTANT !== undefined },
        );
        assert.ok(Math.min(...Object.values(tally)) > 5, `too little happened: ${JSON.stringify(tally)}`);
    }).timeout(60_000 + runs * 1000);
});
