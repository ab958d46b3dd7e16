import assert from "node:assert/strict";
import { gatherFacts, type Moment } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import { describePlan } from "../../core/promotion/describe";
import { imageCopies } from "../../core/promotion/imageCopies";
import type { Decision, Plan, PromotionRequest } from "../../core/promotion/model";
import { Refusal, type Problem } from "../../core/refusal";
import { RegistryError } from "../../core/registry/model";
import type { Digest } from "../../core/registry/reference";
import { imageRepository, lockRepository } from "../../core/release/addresses";
import { copyImages } from "../../core/release/copyImages";
import { imageSet, lockArtifactType, type Lock, type LockedImage } from "../../core/release/lock";
import { serializeLock } from "../../core/release/lockDocument";
import { pushLock } from "../../core/release/lockStore";
import { publishRelease } from "../../core/release/publish";
import { releaseBundle } from "../../core/release/releaseDocument";
import { writeRun } from "../../core/release/runRecordStore";
import type { Environment } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, environmentOf, lockOf, recordOf } from "./promotionExamples";
import { deploy, releaseOf } from "./releaseFixture";

const [dev, stage, prod] = (["dev", "stage", "prod"] as const).map(environmentOf);
const first = commit("11111111");
const second = commit("22222222");
const third = commit("33333333");
const catalog = catalogOf("cart", "checkout", "frontend");
const repository = `${deploy}/shop`;
const promote = (ref: string, environment = "prod") =>
    `pulumi config set commit ${ref} -s ${environment} && pulumi up -s ${environment}`;
const override = (rule: string, environment = "prod") => `ONEFLOW_OVERRIDE=${rule} ONEFLOW_REASON="…" pulumi up -s ${environment}`;

/** What is asked for besides the environment and the ref. */
type Asked = Partial<Pick<PromotionRequest, "pins" | "catalog" | "override">> & {
    environment?: Partial<Environment>;
    moment?: Moment;
};

/** A team that has built three commits, of which the second changed cart and the third checkout, and released the second as v1.4.0. */
class Team {
    readonly registry = new MemoryRegistry();
    readonly locks: Record<string, Lock> = {};
    private minutes = 0;

    static async begin(): Promise<Team> {
        const team = new Team();
        await team.build(first, {});
        await team.build(second, { checkout: first, frontend: first });
        await team.build(third, { cart: second, frontend: first });
        await team.release("1.4.0", second);
        return team;
    }

    /** @param from service → the commit that built it, where it is not this one */
    async build(sha: string, from: Readonly<Record<string, string>>, source: Partial<Lock["source"]> = {}): Promise<void> {
        const images = Object.fromEntries(
            Object.keys(catalog.services).map((name): [string, LockedImage] => {
                const origin = from[name] ?? sha;
                const digest = this.registry.putImage(imageRepository(dev, name), `${name} of ${origin}`, [sha]);
                return [name, { commit: origin, digest }];
            }),
        );
        const lock = lockOf(sha, images, catalog);
        this.locks[sha] = { ...lock, source: { ...lock.source, ...source } };
        await pushLock(this.registry, dev, this.locks[sha]);
    }

    async release(version: string, sha: string): Promise<void> {
        await publishRelease(this.registry, releaseOf({ version, lock: this.locks[sha] }), dev);
    }

    /** What comes of asking. Nothing is changed by it. */
    async ask(to: Environment, ref: string, { environment, moment, ...asked }: Asked = {}): Promise<Decision> {
        const before = { dev: undefined, stage: dev, prod: stage }[to.name];
        const request: PromotionRequest = {
            environment: { ...to, ...environment },
            before,
            catalog,
            ...(ref.startsWith("v") ? { commit: "", release: ref } : { commit: ref }),
            pins: {},
            releases: { deploy, project: "shop" },
            ...asked,
        };
        const contents = this.registry.contents();
        const facts = gatherFacts(this.registry, request, { now: new Date(Date.UTC(2026, 0, 1, 12)), ...moment });
        try {
            return decide(request, await facts);
        } finally {
            assert.deepEqual(this.registry.contents(), contents, "to ask changes nothing");
        }
    }

    async plan(to: Environment, ref: string, asked?: Asked): Promise<Plan> {
        const decision = await this.ask(to, ref, asked);
        assert.ok("plan" in decision, "problems" in decision ? JSON.stringify(decision.problems, null, 2) : "");
        return decision.plan;
    }

    async problems(to: Environment, ref: string, asked?: Asked): Promise<readonly Problem[]> {
        const decision = await this.ask(to, ref, asked);
        assert.ok("problems" in decision, "it was allowed");
        return decision.problems;
    }

    /** Deploys what is allowed: brings the images, and records the run a minute after the one before. */
    async deploy(to: Environment, ref: string, asked?: Asked): Promise<Plan> {
        const plan = await this.plan(to, ref, asked);
        await copyImages(this.registry, imageCopies(plan, { dev, stage: dev, prod: stage }[to.name]!, deploy));
        const images = Object.fromEntries(
            Object.entries(plan.images).map(([name, { ref: _ref, pinned: _pinned, ...locked }]) => [name, locked as LockedImage]),
        );
        const at = new Date(Date.UTC(2026, 0, 1, 10, this.minutes++)).toISOString().replace(".000Z", "Z");
        const record = recordOf(to.name, plan.request, images, at);
        await writeRun(this.registry, to, { ...record, ...(plan.releases && { releases: plan.releases }) });
        return plan;
    }
}

describe("a release that is asked for by its tag", () => {
    let team: Team;
    beforeEach(async () => {
        team = await Team.begin();
        await team.deploy(dev, first);
        await team.deploy(stage, first);
        await team.deploy(dev, second);
    });

    it("runs what its lock says, which the plan and the record name after it", async () => {
        const plan = await team.deploy(stage, "v1.4.0");
        assert.deepEqual(plan.request, { commit: second, release: "v1.4.0", pins: {} });
        assert.deepEqual(plan.set, imageSet(team.locks[second].images));
        assert.deepEqual(plan.images.cart, { ...team.locks[second].images.cart, ref: "v1.4.0", pinned: false });
        assert.equal(describePlan(plan).split("\n")[0], "stage goes forward to v1.4.0");
        const again = await team.plan(stage, "v1.4.0");
        assert.deepEqual([again.direction, again.current?.request], ["unchanged", plan.request]);
    });

    it("is what each image that changes came with, until that changes again: what stays is not touched", async () => {
        assert.deepEqual((await team.deploy(stage, "v1.4.0")).releases, { cart: "v1.4.0" });
        await team.deploy(dev, third);
        await team.release("1.5.0", third);
        assert.deepEqual((await team.deploy(stage, "v1.5.0")).releases, { cart: "v1.4.0", checkout: "v1.5.0" });
        assert.deepEqual((await team.plan(stage, "v1.5.0")).releases, { cart: "v1.4.0", checkout: "v1.5.0" });
        assert.deepEqual((await team.plan(stage, first)).releases, undefined);
    });

    it("comes from deploy, with the tags of the commit and of the release, and touches no image that stays", async () => {
        const plan = await team.plan(stage, "v1.4.0");
        assert.deepEqual(imageCopies(plan, dev, deploy), {
            to: { registry: stage.registry, tier: stage.tier },
            images: { cart: { digest: team.locks[second].images.cart.digest, from: deploy, tags: [second, "v1.4.0"] } },
            from: { registry: dev.registry, tier: dev.tier },
            locks: { [second]: "acme/shop" },
        });
    });

    it("needs nothing but deploy and the environment before, whose own tier before may have gone", async () => {
        await team.deploy(stage, "v1.4.0");
        team.registry.beforeRead = (reference) => {
            if (reference.startsWith(dev.registry)) {
                throw new RegistryError("denied", 403);
            }
        };
        const plan = await team.deploy(prod, "v1.4.0");
        assert.deepEqual([plan.direction, plan.set], ["first", imageSet(team.locks[second].images)]);
    });

    it("can be asked for by its commit from then on, here and in the environment after", async () => {
        await team.deploy(stage, "v1.4.0");
        team.registry.delete(
            lockRepository(dev, "acme/shop"),
            team.registry.meaning(`${lockRepository(dev, "acme/shop")}:${second}`)!,
        );
        assert.equal((await team.plan(stage, second)).direction, "unchanged");
        assert.equal((await team.plan(prod, second)).direction, "first");
    });

    it("comes although its commit's lock was cleaned up: the release has its own", async () => {
        const locks = lockRepository(dev, "acme/shop");
        team.registry.delete(locks, team.registry.meaning(`${locks}:${second}`)!);
        assert.deepEqual((await team.deploy(stage, "v1.4.0")).locks, {});
    });

    it("is not held up by an image that stays and was cleaned up elsewhere", async () => {
        const { checkout } = team.locks[first].images;
        team.registry.delete(imageRepository(dev, "checkout"), checkout.digest);
        assert.equal((await team.deploy(stage, second)).direction, "forward");
        assert.deepEqual((await team.plan(stage, second)).transitions, []);
    });

    it("names what a hotfix that is pinned beside it takes out of it", async () => {
        await team.build(commit("4"), { cart: second, frontend: first }, { branch: "hotfix", release: "v1.4.0" });
        const asked: Asked = { environment: { accepts: "releases", hotfixes: true }, pins: { checkout: commit("4") } };
        const commits = git({ "refs/tags/v1.4.0": second }, [[second, commit("4")]]);
        const plan = await team.plan(stage, "v1.4.0", { ...asked, moment: { commits } });
        assert.deepEqual(plan.notes, [
            "checkout is pinned to 4000000…, not v1.4.0",
            "4000000… is a hotfix of v1.4.0: it did not run in dev",
        ]);
        assert.deepEqual(
            Object.entries(imageCopies(plan, dev, deploy).images).map(([name, { from }]) => [name, from]),
            [
                ["cart", deploy],
                ["checkout", `${dev.registry}/develop`],
            ],
        );
    });

    describe("is refused, and nothing is changed,", () => {
        it("where it is not there, with the newest that are", async () => {
            await team.release("1.5.0-rc.1", third);
            assert.deepEqual(await team.problems(stage, "v1.5.0"), [
                {
                    subject: "commit",
                    message:
                        "v1.5.0 is no release in deploy: it was never released, or its release has not ended.\n" +
                        "Newest releases there: v1.5.0-rc.1, v1.4.0\n" +
                        "Newest releases that ran healthy in dev: v1.4.0",
                    remedy: `npx oneflow release v1.5.0\nor: ${promote("v1.4.0", "stage")}`,
                },
            ]);
        });

        it("where it is not there, told once, though a pin names it as well: no pin is a release", async () => {
            const problems = await team.problems(stage, "v1.5.0", { pins: { cart: "v1.5.0" } });
            assert.deepEqual(
                problems.map(({ subject, message }) => [subject, message.split(/[:,]/)[0]]),
                [
                    ["pins.cart", '"v1.5.0" is not a full commit SHA'],
                    ["commit", "v1.5.0 is no release in deploy"],
                ],
            );
        });

        it("where a pin beside it has no lock: what could be asked for instead are releases, which nothing can be pinned to", async () => {
            const unpin = "pulumi config rm --path 'pins.cart' -s stage && pulumi up -s stage";
            await team.release("1.4.1", second);
            const problems = await team.problems(stage, "v1.4.1", { pins: { cart: commit("9") } });
            assert.deepEqual(
                problems.map(({ subject, remedy }) => [subject, remedy]),
                [["cart", unpin]],
            );
        });

        it("where it skips an environment", async () => {
            await team.deploy(prod, first);
            assert.deepEqual(await team.problems(prod, "v1.4.0"), [
                {
                    subject: "commit",
                    message: "v1.4.0 never ran healthy in stage, which prod promotes from.\nNever ran there: cart.",
                    remedy: `${promote("v1.4.0", "stage")}   # then prod again`,
                },
            ]);
        });

        it("where its set never ran together", async () => {
            await team.deploy(dev, third);
            await team.deploy(stage, third);
            await team.release("1.4.1", first);
            assert.deepEqual(await team.problems(prod, "v1.4.0"), [
                {
                    subject: "commit",
                    message:
                        "v1.4.0 never ran healthy in stage, which prod promotes from.\n" +
                        "Each image did, but never all of them together.\n" +
                        "Newest releases that ran healthy in stage: v1.4.1",
                    remedy: `${promote("v1.4.0", "stage")}   # then prod again\nor: ${promote("v1.4.1")}`,
                },
            ]);
        });

        it("where it has not soaked, and where the environment is frozen: both at once", async () => {
            await team.deploy(stage, "v1.4.0");
            const freeze = [{ from: "2026-01-01 00:00", to: "2026-01-02 00:00", timezone: "UTC" }];
            assert.deepEqual(await team.problems(prod, "v1.4.0", { environment: { soakSeconds: 7200, freeze } }), [
                {
                    subject: "soak",
                    message:
                        "prod takes what ran in stage for 2h without another run there.\n" +
                        "v1.4.0 runs there since 2026-01-01T10:03:00Z, so until 2026-01-01T12:03:00Z nothing else may be deployed there.",
                    remedy: `wait until 2026-01-01T12:03:00Z, then: pulumi up -s prod\nor: ${override("soak")}`,
                },
                {
                    subject: "freeze",
                    message:
                        "prod is frozen until Fri 2026-01-02 00:00 UTC.\n" +
                        "Pulumi.prod.yaml says so: 2026-01-01 00:00 to 2026-01-02 00:00 UTC. What ran healthy here before may come back.",
                    remedy: `wait\nor: ${override("freeze")}`,
                },
            ]);
        });

        it("where an image's tag in deploy was moved", async () => {
            const moved = team.registry.putImage(`${deploy}/cart`, "somebody's cart", [second], { move: true });
            assert.deepEqual(await team.problems(stage, "v1.4.0"), [
                {
                    subject: "cart",
                    message:
                        `The lock of v1.4.0 says ${short(team.locks[second].images.cart.digest)}, but\n` +
                        `  tag 2222222… in deploy means ${short(moved)}\n` +
                        "A commit means one digest for ever: somebody pushed over a tag or a lock. Find out who before anything is deployed.",
                    remedy: 'git commit --allow-empty -m "Build anew" && git push   # a new commit gets tags of its own',
                },
            ]);
        });

        it("where its git tag was moved", async () => {
            const moment = { commits: git({ HEAD: third, "refs/tags/v1.4.0": first }), repository: "acme/shop" };
            assert.deepEqual(await team.problems(stage, "v1.4.0", { moment }), [
                {
                    subject: "commit",
                    message:
                        "v1.4.0 was made of 2222222…, but the git tag of this checkout names 1111111….\n" +
                        "A release means one commit for ever: somebody moved the tag, here or for all. Find out who before anything is deployed.",
                    remedy: `git fetch --force origin tag v1.4.0 && git rev-parse 'v1.4.0^{commit}'   # expected: ${second}`,
                },
            ]);
            const elsewhere = { ...moment, repository: "acme/operations" };
            assert.equal((await team.plan(stage, "v1.4.0", { moment: elsewhere })).direction, "forward");
        });

        it("where other bytes stand under one of its tags", async () => {
            const other = releaseBundle(releaseOf({ lock: team.locks[third] }));
            const { digest } = await team.registry.pushBundle(repository, other, []);
            const made = team.registry.meaning(`${repository}:1.4.0`);
            await team.registry.tag(repository, digest, "v1.4.0", { move: true });
            await assert.rejects(
                team.ask(stage, "v1.4.0"),
                unreadable(
                    "tags",
                    `v1.4.0 means ${digest}, 1.4.0 means ${made}; expected one release under both: it broke off, or somebody moved a tag.`,
                    "npx oneflow release v1.4.0 --publish",
                ),
            );
        });

        it("where a piece of it was cut off", async () => {
            const { layers } = releaseBundle(releaseOf({ lock: team.locks[second] }));
            const [[digest, content]] = [...team.registry.blobs].filter(([, bytes]) => bytes.equals(layers[0].content));
            team.registry.blobs.set(digest, content.subarray(0, 1000));
            await assert.rejects(team.ask(stage, "v1.4.0"), unreadable("bytes", `${digest} is damaged.`));
        });

        const forged: [string, (lock: Lock) => Lock["images"], Problem][] = [
            [
                "lacks a service",
                ({ images: { checkout, frontend } }) => ({ checkout, frontend }),
                { subject: "images.cart", message: "is missing: the lock's own catalog has it." },
            ],
            [
                "has one too many",
                ({ images }) => ({ ...images, miner: images.cart }),
                { subject: "images.miner", message: "is one too many: the lock's own catalog does not have it." },
            ],
        ];
        for (const [what, images, problem] of forged) {
            it(`where its lock ${what}`, async () => {
                const lock = team.locks[third];
                const { config, layers } = releaseBundle(releaseOf({ version: "1.6.0", lock }));
                const content = serializeLock({ ...lock, images: images(lock) });
                const other = layers.map((layer) => (layer.mediaType === lockArtifactType ? { ...layer, content } : layer));
                await team.registry.pushBundle(repository, { config, layers: other }, ["v1.6.0", "1.6.0"]);
                await assert.rejects(
                    team.ask(stage, "v1.6.0"),
                    new Refusal(`Release ${repository}:v1.6.0's lock cannot be read`, [problem]),
                );
            });
        }

        it("where a hotfix does not stand on the release that it names", async () => {
            await team.build(commit("4"), { checkout: first, frontend: first }, { branch: "hotfix", release: "v1.4.0" });
            await team.release("1.4.1", commit("4"));
            const commits = git({ "refs/tags/v1.4.0": second }, [[first, commit("4")]]);
            assert.deepEqual(await team.problems(stage, "v1.4.1", { environment: { hotfixes: true }, moment: { commits } }), [
                {
                    subject: "commit",
                    message:
                        "v1.4.1 is a hotfix that never ran healthy in dev, and it does not stand on v1.4.0, which its lock names: " +
                        "somebody moved the tag or the branch.",
                    remedy:
                        "git switch -c hotfix/<name> v1.4.0 && git cherry-pick v1.4.1 && git push -u origin HEAD\n" +
                        `or: ${override("hotfix", "stage")}`,
                },
            ]);
        });

        it("where a pin that it has overtaken is still there", async () => {
            await team.deploy(stage, "v1.4.0");
            const asked: Asked = { environment: { accepts: "releases" }, pins: { cart: first } };
            assert.deepEqual(await team.problems(prod, "v1.4.0", asked), [
                {
                    subject: "pins.cart",
                    message:
                        "prod accepts releases, and a pin takes cart out of one: only a hotfix may be pinned, and 1111111… is none.",
                    remedy:
                        "pulumi config rm --path 'pins.cart' -s prod && pulumi up -s prod\n" +
                        `or: pulumi config set --path environment.accepts commits -s prod\nor: ${override("accepts")}`,
                },
            ]);
        });
    });

    describe("is not refused", () => {
        const freeze = [{ from: "2026-01-01 00:00", to: "2026-01-02 00:00", timezone: "UTC" }];

        it("because dev has moved on", async () => {
            await team.deploy(dev, third);
            assert.equal((await team.plan(stage, "v1.4.0")).direction, "forward");
        });

        it("because only replicas change during a freeze", async () => {
            await team.deploy(stage, "v1.4.0");
            const { cart, ...others } = catalog.services;
            const scaled = { services: { ...others, cart: { ...cart, replicas: 3 } } };
            const plan = await team.plan(stage, "v1.4.0", { catalog: scaled, environment: { freeze } });
            assert.deepEqual([plan.direction, plan.notes], ["unchanged", []]);
        });

        it("because it goes back during a freeze", async () => {
            await team.deploy(stage, "v1.4.0");
            await team.deploy(dev, third);
            await team.deploy(stage, third);
            assert.equal((await team.plan(stage, "v1.4.0", { environment: { freeze } })).direction, "rollback");
        });

        it("because a service was added since: it is reported, and not deployed", async () => {
            const added = catalogOf("cart", "checkout", "frontend", "mailer");
            assert.deepEqual((await team.plan(stage, "v1.4.0", { catalog: added })).notes, [
                "mailer is pending: v1.4.0 has no image of it, so it is not deployed",
            ]);
        });

        it("because a service was removed since: it leaves, which is said", async () => {
            const plan = await team.plan(stage, "v1.4.0", { catalog: catalogOf("cart", "checkout") });
            assert.deepEqual(plan.removals, ["frontend"]);
            assert.ok(plan.notes.includes("frontend leaves stage: services.yaml does not have it any more"), plan.notes.join("\n"));
        });
    });
});

describe("settings that differ between a commit and the checkout", () => {
    const { cart, ...others } = catalog.services;
    const edited = { services: { ...others, cart: { ...cart, replicas: 3 } } };
    const difference = "cart: replicas is 3 in this checkout's services.yaml, which is rendered, and 1 at 2222222…";
    let team: Team;
    beforeEach(async () => {
        team = await Team.begin();
        await team.deploy(dev, first);
        await team.deploy(stage, first);
        await team.deploy(dev, second);
    });
    const moment = (contained: readonly string[], { shallow = false, known = contained } = {}): Moment => ({
        commits: git(
            { HEAD: third, ...Object.fromEntries(known.map((sha) => [sha, sha])) },
            contained.map((sha) => [sha, "HEAD"]),
            shallow,
        ),
        repository: "acme/shop",
    });

    it("are said where the checkout contains the commit: they came after it", async () => {
        const plan = await team.plan(stage, second, { catalog: edited, moment: moment([second]) });
        assert.deepEqual(plan.notes, [difference]);
    });

    it("are a refusal where it does not, until somebody merges or answers for it", async () => {
        for (const known of [[], [second]]) {
            assert.deepEqual(await team.problems(stage, second, { catalog: edited, moment: moment([], { known }) }), [
                {
                    subject: "services.yaml",
                    message:
                        "says otherwise at 2222222…, which this checkout does not contain: its images would run with settings of before.\n" +
                        difference,
                    remedy:
                        `git merge ${second} && git push   # develop first, then: pulumi up -s stage\n` +
                        `or: ${override("settings-differ", "stage")}`,
                },
            ]);
        }
        const answered = { rules: ["settings-differ"], reason: "the replicas are right" };
        const plan = await team.plan(stage, second, { catalog: edited, moment: moment([]), override: answered });
        assert.deepEqual(plan.request.override, answered);
    });

    it("are a refusal where a shallow checkout cannot tell, with the command that deepens it", async () => {
        assert.deepEqual(await team.problems(stage, "v1.4.0", { catalog: edited, moment: moment([], { shallow: true }) }), [
            {
                subject: "services.yaml",
                message:
                    "says otherwise at v1.4.0, of 2222222…, and this checkout is shallow: it cannot tell whether it contains that.\n" +
                    difference.replace("2222222…", "v1.4.0"),
                remedy: `git fetch --unshallow --tags && pulumi up -s stage\nor: ${override("settings-differ", "stage")}`,
            },
        ]);
    });

    it("are no refusal where nothing differs, in the first environment, on a way back, or where the commit is another repository's", async () => {
        const elsewhere = moment([]);
        assert.deepEqual((await team.plan(stage, second, { moment: elsewhere })).notes, []);
        assert.deepEqual((await team.plan(dev, third, { catalog: edited, moment: elsewhere })).notes, []);
        const other = { ...elsewhere, repository: "acme/operations" };
        assert.deepEqual((await team.plan(stage, second, { catalog: edited, moment: other })).notes, [difference]);
        await team.deploy(stage, second);
        const back = await team.plan(stage, first, { catalog: edited, moment: elsewhere });
        assert.deepEqual([back.direction, back.notes], ["rollback", [difference.replace("2222222…", "1111111…")]]);
    });
});

/** Git, as far as it is asked: reference → commit, and which commit stands before which. */
function git(
    references: Readonly<Record<string, string>>,
    ancestry: readonly (readonly [ancestor: string, descendant: string])[] = [],
    shallow = false,
): NonNullable<Moment["commits"]> {
    return {
        find: async (reference) =>
            references[reference] ?? (ancestry.some((pair) => pair.includes(reference)) ? reference : undefined),
        isAncestor: async (ancestor, descendant) => ancestry.some(([one, other]) => one === ancestor && other === descendant),
        isShallow: async () => shallow,
    };
}

function short(digest: Digest): string {
    return `${digest.slice(0, 15)}…`;
}

function unreadable(subject: string, message: string, remedy?: string): Refusal {
    return new Refusal(`Release ${repository}:v1.4.0 cannot be read`, [{ subject, message, ...(remedy && { remedy }) }]);
}
