import assert from "node:assert/strict";
import fc from "fast-check";
import { followedRef } from "../../core/facts/followedRef";
import { resolveLatest } from "../../core/facts/latest";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import { describePlan } from "../../core/promotion/describe";
import type { Plan, PromotionRequest } from "../../core/promotion/model";
import { imageRepository } from "../../core/release/addresses";
import { imageSet, type LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import { askedAgain, builtFrom, formatUnion, parseUnion } from "../../core/release/union";
import type { Catalog } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, lockOf, recordOf } from "./promotionExamples";
import { environmentFile, otherSha, problemsOf, redis, sha } from "./settingsFixture";

const dev = environmentOf("dev");
const [shop1, shop2, mail1] = ["51", "52", "a1"].map(commit);
const union = (shop: string, mail: string) => `acme/mail@${mail},acme/shop@${shop}`;
/** cart of acme/shop, mailer of acme/mail, and a redis of others. */
const catalog = from(catalogOf("cart", "mailer", "redis"), { mailer: "Acme/mail" }, "redis@sha256:1");

/** The catalog with services of other repositories, and redis as a third party's image. */
function from({ services }: Catalog, repositories: Record<string, string>, source: string): Catalog {
    return {
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => {
                const repository = repositories[name] ?? "acme/shop";
                const image =
                    name === "redis"
                        ? ({ from: "thirdParty", source, digest: digest("re") } as const)
                        : { ...service.image, repository };
                return [name, { ...service, image } as typeof service];
            }),
        ),
    };
}

describe("a union of commits", () => {
    it("is one text, sorted, and the same union again whatever it holds", () => {
        assert.equal(formatUnion({ "acme/shop": shop1, "acme/mail": mail1 }), union(shop1, mail1));
        const name = fc.stringMatching(/^[a-z0-9][-._a-z0-9]{0,8}$/);
        const repository = fc.tuple(name, name).map((parts) => parts.join("/"));
        const sha = fc.stringMatching(/^[0-9a-f]{40}$/);
        fc.assert(
            fc.property(fc.dictionary(repository, sha, { minKeys: 1, noNullPrototype: true }), (commits) => {
                assert.deepEqual(parseUnion(formatUnion(commits)), commits);
            }),
        );
    });

    it("is no commit, no release, no branch and no half of one", () => {
        const doubled = `acme/shop@${shop1},Acme/Shop@${shop2}`;
        for (const text of ["", shop1, "v1.4.0", "latest", "acme/shop", "acme/shop@51", `${union(shop1, mail1)},`, doubled]) {
            assert.equal(parseUnion(text), undefined, text);
        }
    });

    it("is asked for again as the repositories of now need it", () => {
        const one = catalogOf("cart");
        assert.deepEqual([builtFrom(one), builtFrom(catalog)], [["acme/shop"], ["acme/mail", "acme/shop"]]);
        assert.equal(askedAgain(shop1, one, one), shop1);
        assert.equal(askedAgain(shop1, one, catalog), `acme/shop@${shop1}`);
        assert.equal(askedAgain(union(shop1, mail1), catalog, catalog), union(shop1, mail1));
        assert.equal(askedAgain(union(shop1, mail1), catalog, one), shop1);
    });
});

describe("latest of several repositories", () => {
    it("is what was built of each, and nothing before anything was", async () => {
        const registry = new MemoryRegistry();
        assert.equal(await resolveLatest(registry, dev, catalog), undefined);
        await build(registry, "acme/shop", shop1);
        assert.equal(await resolveLatest(registry, dev, catalog), `acme/shop@${shop1}`);
        await build(registry, "acme/mail", mail1);
        assert.equal(await resolveLatest(registry, dev, catalog), union(shop1, mail1));
    });

    it("is overtaken by a later push of the same repository alone, and settings are never overtaken", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/shop", shop2);
        await build(registry, "acme/mail", mail1);
        const following = { ...dev, commit: "latest" };
        const asked = (pushed: string) => followedRef(registry, following, catalog, pushed);
        for (const pushed of [`acme/shop@${shop2}`, `Acme/Mail@${mail1}`, `acme/delivery@${shop1}`]) {
            assert.deepEqual(await asked(pushed), { commit: union(shop2, mail1) });
        }
        assert.deepEqual(await asked(`acme/shop@${shop1}`), {
            left: "overtaken",
            words: `latest means ${shop2} by now, not ${shop1}: the run of that push deploys it.`,
        });
    });
});

describe("a set of several repositories", () => {
    it("takes each service from the lock of its own, and of third parties what the catalog names", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/mail", mail1, from(catalog, { mailer: "acme/mail" }, "redis@sha256:0"));
        await build(registry, "acme/shop", shop1);
        const { images, locks, request } = await plan(registry, union(shop1, mail1));
        assert.deepEqual(
            Object.entries(images).map(([name, { ref }]) => [name, ref]),
            [
                ["cart", shop1],
                ["mailer", mail1],
                ["redis", shop1],
            ],
        );
        assert.deepEqual(Object.keys(locks).sort(), [shop1, mail1].sort());
        assert.equal(request.commit, union(shop1, mail1));
    });

    it("leaves a service of a repository that was never built pending, and says so", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/shop", shop1);
        const made = await plan(registry, `acme/shop@${shop1}`);
        assert.deepEqual(made.pending, ["mailer"]);
        assert.deepEqual(describePlan(made).split("\n")[0], "dev runs for the first time, at acme/shop@5100000…");
        assert.deepEqual(made.notes, ["mailer is pending: its repository was not built yet, so it is not deployed"]);
    });

    it("moves with one repository's push, and stays where the other's stands", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/shop", shop1);
        await build(registry, "acme/mail", mail1);
        const first = await plan(registry, union(shop1, mail1));
        const images = Object.fromEntries(
            Object.entries(first.images).map(([name, { ref: _ref, pinned: _pinned, ...locked }]): [string, LockedImage] => [
                name,
                locked,
            ]),
        );
        const record = { ...recordOf("dev", first.request, images, "2026-11-20T09:12:44Z"), catalog };
        await writeRun(registry, dev, record);
        await build(registry, "acme/shop", shop2);
        const second = await plan(registry, union(shop2, mail1));
        assert.deepEqual(
            second.transitions.map(({ image }) => image),
            ["cart"],
        );
        assert.deepEqual(second.current?.request, { commit: union(shop1, mail1), pins: {} });
        const back = await plan(registry, union(shop1, mail1));
        assert.equal(back.direction, "unchanged");
    });

    it("is refused for a commit of it that has no lock, by name, and the newest that has is offered", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/shop", shop1);
        await build(registry, "acme/mail", mail1);
        const request = requestOf(union(shop2, mail1));
        const decision = decide(request, await gatherFacts(registry, request));
        assert.deepEqual("problems" in decision && decision.problems, [
            {
                subject: "commit",
                message: [
                    "5200000… has no lock in develop.",
                    "Its build failed, is still running or never ran, or it was cleaned up.",
                    "Newest commits that can run in dev: acme/mail@a100000… and acme/shop@5100000…",
                ].join("\n"),
                remedy: `pulumi config set commit ${union(shop1, mail1)} -s dev && pulumi up -s dev`,
            },
        ]);
    });

    it("pins a service at a commit of its own repository", async () => {
        const registry = new MemoryRegistry();
        await build(registry, "acme/shop", shop1);
        await build(registry, "acme/shop", shop2);
        await build(registry, "acme/mail", mail1);
        const { images } = await plan(registry, union(shop2, mail1), { cart: shop1 });
        assert.deepEqual([images.cart.ref, images.mailer.ref, images.redis.ref], [shop1, mail1, mail1]);
    });
});

describe("the configuration of several repositories", () => {
    const services = {
        "services.yaml": {
            defaults: { repository: "acme/shop" },
            services: {
                cart: { source: "src/cart", port: 7070 },
                mailer: { source: { repository: "acme/mail", path: "." }, kind: "worker" },
                redis: { image: redis, port: 6379 },
            },
        },
    };
    const asking = (stack: "dev" | "stage", text: string) => ({
        ...services,
        [`Pulumi.${stack}.yaml`]: environmentFile(stack, {
            "shop:commit": text,
            ...(stack === "stage" && { "shop:environment": { promotesFrom: "dev" } }),
        }),
    });

    it("takes in the first environment what latest comes to, so that dev can be held and gone back with", () => {
        assert.deepEqual(problemsOf(asking("dev", union(sha, otherSha)), "dev"), []);
        assert.deepEqual(problemsOf(asking("dev", `acme/shop@${sha}`), "dev"), []);
        assert.deepEqual(problemsOf(asking("dev", `acme/shop@${sha},acme/mial@${sha}`), "dev"), [
            {
                subject: "Pulumi.dev.yaml: shop:commit",
                message: 'names a commit of acme/mial, which no service is built from; did you mean "acme/mail"?',
                remedy: "pulumi config set commit latest -s dev",
            },
        ]);
    });

    it("takes no union where a release is expected, nor where all services come from one repository", () => {
        assert.match(
            problemsOf(asking("stage", union(sha, otherSha)))[0].message,
            /^one SHA cannot name the images of 2 repositories/,
        );
        const one = { "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": `acme/shop@${sha}` }) };
        assert.deepEqual(problemsOf(one, "dev"), [
            {
                subject: "Pulumi.dev.yaml: shop:commit",
                message: `acme/shop@${sha} names commits of repositories, and all services are built from one; expected its full commit SHA`,
                remedy: `pulumi config set commit ${sha} -s dev`,
            },
        ]);
    });
});

/** What a build of a repository leaves: images with their tags, the lock, and latest. */
async function build(registry: MemoryRegistry, repository: string, at: string, named: Catalog = catalog): Promise<void> {
    const own = Object.entries(named.services).filter(
        ([, { image }]) => image.from === "thirdParty" || image.repository.toLowerCase() === repository,
    );
    const images = Object.fromEntries(
        own.map(([name, { image }]): [string, LockedImage] => {
            const seed = image.from === "thirdParty" ? image.source : `${name} of ${at}`;
            const built = registry.putImage(imageRepository(dev, name), seed, [at]);
            return [name, image.from === "thirdParty" ? { source: image.source, digest: built } : { commit: at, digest: built }];
        }),
    );
    const lock = lockOf(at, images, { services: Object.fromEntries(own) });
    await pushLock(registry, dev, { ...lock, source: { ...lock.source, repository } }, { latest: true });
}

function requestOf(text: string, pins: Record<string, string> = {}): PromotionRequest {
    return { environment: dev, catalog, commit: text, pins };
}

async function plan(registry: MemoryRegistry, text: string, pins: Record<string, string> = {}): Promise<Plan> {
    const request = requestOf(text, pins);
    const decision = decide(request, await gatherFacts(registry, request));
    assert.ok("plan" in decision, JSON.stringify(decision));
    assert.deepEqual(decision.plan.set, imageSet(decision.plan.images));
    return decision.plan;
}
