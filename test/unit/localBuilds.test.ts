import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planPromotion } from "../../core/facts/planPromotion";
import { renderedFiles } from "../../core/manifests/renderedFiles";
import { renderService } from "../../core/manifests/workload";
import { decide } from "../../core/promotion/decide";
import { describePlan } from "../../core/promotion/describe";
import type { Plan, PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import { type Problem, Refusal } from "../../core/refusal";
import { workingCopyImage } from "../../core/release/addresses";
import { imageSet, setKey, type LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import { readSettings } from "../../core/settings/load";
import type { Catalog, Settings } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";
import { catalog as catalogFile, redis, withFiles, type Files } from "./settingsFixture";

const dev = environmentOf("dev");
const older = commit("71c44d0");
const newer = commit("9f8e02b");
const built = (sha: string, start: string): LockedImage => ({ commit: sha, digest: digest(start) });

/** A catalog in which the services are built from the working copy. */
function locally(catalog: Catalog, ...names: string[]): Catalog {
    const local = names.map((name) => [name, { ...catalog.services[name], build: "local" as const }] as const);
    return { services: { ...catalog.services, ...Object.fromEntries(local) } };
}

describe("`build: local`", () => {
    const files = (entry: object, defaults?: object): Files =>
        catalogFile({ cart: { source: "src/cart", port: 7070, build: "local", ...entry } }, defaults);

    /** The problems in a checkout that has `src/cart/Dockerfile`. */
    function problems(changes: Files, stack = "dev"): Problem[] {
        return withFiles(changes, (directory) => {
            mkdirSync(join(directory, "src", "cart"), { recursive: true });
            writeFileSync(join(directory, "src", "cart", "Dockerfile"), "FROM scratch\n");
            try {
                readSettings({ directory, stack });
                return [];
            } catch (error) {
                assert.ok(error instanceof Refusal);
                return [...error.problems];
            }
        });
    }
    const told = (message: string, remedy: string) => [{ subject: "services.yaml: services.cart.build", message, remedy }];

    it("is taken in the first environment", () => {
        assert.deepEqual(problems(files({})), []);
    });

    for (const stack of ["stage", "prod", "platform"]) {
        it(`is refused in ${stack}, with the way out`, () => {
            assert.deepEqual(
                problems(files({}), stack),
                told(
                    "cart says build: local, which holds in dev only: what a working copy has is no commit's, so it can never be promoted",
                    "delete the line\nor, to try the working copy: pulumi up -s dev",
                ),
            );
        });
    }

    it("is refused for an image of others", () => {
        assert.deepEqual(
            problems(catalogFile({ cart: { image: redis, port: 6379, build: "local" } })),
            told("local builds from a source, and the image of cart is another's", "delete the line"),
        );
    });

    it("is refused for a source that is not in this checkout", () => {
        assert.deepEqual(
            problems(files({}, { repository: "acme/elsewhere" })),
            told(
                "cart is built from acme/elsewhere, and this is a checkout of acme/shop: its source is not here",
                "delete the line: the pipeline builds it",
            ),
        );
        assert.deepEqual(
            problems(files({ source: "src/gone" })),
            told(
                "src/gone/Dockerfile does not exist in this checkout, so there is nothing to build",
                "write it, or delete the line: the pipeline builds from the commit",
            ),
        );
    });

    it("is refused where further folders are needed, which a local build does not see", () => {
        assert.deepEqual(
            problems(files({ source: { path: "src/cart", alsoBuildFrom: ["protos", "libs"] } })),
            told(
                "cart is also built from protos, libs, and a local build sees src/cart alone",
                "delete the line: the pipeline builds it with those folders",
            ),
        );
    });

    it("has no other value", () => {
        assert.deepEqual(problems(files({ build: "remote" })), [
            { subject: "services.yaml: services.cart.build", message: '"remote" is not local' },
        ]);
    });

    it("renders without a commit, and says who decides about the digest", () => {
        const text = withFiles(files({}), (directory) => {
            mkdirSync(join(directory, "src", "cart"), { recursive: true });
            writeFileSync(join(directory, "src", "cart", "Dockerfile"), "FROM scratch\n");
            return renderedFiles(readSettings({ directory, stack: "dev" })).get("dev/cart.yaml")!;
        });
        assert.match(text, /\n# build: local: pulumi up -s dev builds it from this working copy, and pins the digest\.\n/);
        assert.match(text, /image: europe-west1-docker\.pkg\.dev\/acme-dev\/develop\/cart\n/);
    });

    it("runs neither migration nor verification: nothing is promoted", () => {
        const { cart } = catalogOf("cart").services;
        const job = { command: ["/app", "check"], env: {}, timeoutSeconds: 60 };
        const roles = (build: object) =>
            Object.keys(
                renderService(
                    { ...cart, migrate: job, verify: job, ...build },
                    {
                        environment: "dev",
                        cloudProject: "acme-dev",
                        namespace: "shop",
                        partOf: "shop",
                        services: {},
                        image: () => "image",
                    },
                ),
            );
        assert.deepEqual(
            roles({}).filter((role) => !roles({ build: "local" }).includes(role)),
            ["migrate", "verify"],
        );
    });
});

describe("An environment with a service of the working copy", () => {
    const images = { cart: built(newer, "ca2"), checkout: built(newer, "c02"), frontend: built(older, "f0") };
    const catalog = catalogOf("cart", "checkout", "frontend");
    const current = recordOf("dev", { commit: older, pins: {} }, { ...images, cart: built(older, "ca") }, "2026-01-31T12:00:00Z");
    const facts: PromotionFacts = {
        ...nothingKnown,
        locks: { [newer]: lockOf(newer, images, catalog) },
        current,
    };
    const planned = (changed: Partial<PromotionRequest>, from = facts): Plan => {
        const decision = decide({ environment: dev, catalog, commit: newer, pins: {}, ...changed }, from);
        assert.ok("plan" in decision, JSON.stringify(decision));
        return decision.plan;
    };

    it("follows its commit with all others, and neither moves nor takes away that one", () => {
        const plan = planned({ catalog: locally(catalog, "cart") });
        assert.deepEqual([plan.local, plan.pending, plan.transitions], [["cart"], [], []]);
        assert.deepEqual(plan.set, { checkout: digest("c02"), frontend: digest("f0") });
        assert.equal(
            describePlan(plan),
            "dev stays at 9f8e02b…: no image of it changes\n  cart is built from this working copy (build: local): no run is recorded",
        );
    });

    it("says of several in one line, and nothing of a pin that does not count now", () => {
        const pins = { cart: older };
        const locks = { ...facts.locks, [older]: lockOf(older, current.images, catalog) };
        const { notes } = planned({ catalog: locally(catalog, "checkout", "cart"), pins }, { ...facts, locks });
        assert.deepEqual(notes, ["cart and checkout are built from this working copy (build: local): no run is recorded"]);
    });

    it("runs a service that no commit has yet, and takes the images beside it where they come from", () => {
        const plan = planned({ catalog: locally(catalogOf("cart", "checkout", "frontend", "mail", "mail/wait"), "mail") });
        assert.deepEqual([plan.local, plan.pending, plan.notes.length], [["mail"], [], 1]);
        assert.equal("mail" in plan.images || "mail/wait" in plan.images, false);
    });

    it("keeps the images beside it that its commit has", () => {
        const wait = { source: "busybox@sha256:…", digest: digest("b0") };
        const beside = catalogOf("cart", "cart/wait");
        const lock = lockOf(newer, { cart: images.cart, "cart/wait": wait }, beside);
        const plan = planned({ catalog: locally(beside, "cart") }, { ...facts, current: undefined, locks: { [newer]: lock } });
        assert.deepEqual(plan.set, { "cart/wait": digest("b0") });
    });

    it("is another set than any that ran, so it is never taken for a rollback", () => {
        const ran = { ...facts, ranHere: new Set([setKey(imageSet(images))]) };
        assert.equal(planned({}, ran).direction, "rollback");
        assert.equal(planned({ catalog: locally(catalog, "frontend") }, ran).direction, "forward");
    });
});

describe("Before anything was built", () => {
    const all = locally(catalogOf("cart", "checkout"), "cart");
    const settings = { catalog: all, environments: [dev] } as unknown as Settings;
    const plan = (asked: object, registry = new MemoryRegistry()) =>
        planPromotion(settings, { ...dev, ...asked }, { registry, variables: {} });

    it("runs what the working copy builds, and says why nothing else", async () => {
        const latest = await plan({ commit: "latest" });
        assert.equal(
            latest.words,
            [
                "dev runs no commit: develop has no latest lock, so nothing was built so far.",
                "  pending: checkout",
                "  cart is built from this working copy (build: local): no run is recorded",
            ].join("\n"),
        );
        assert.deepEqual([latest.plan?.local, latest.plan?.pending, latest.plan?.set], [["cart"], ["checkout"], {}]);
        assert.match((await plan({})).words, /^dev runs no commit: its commit is not set\.\n/);
    });

    it("asks for the cluster's context first", async () => {
        const clusters = [{ name: "shop-dev", region: "europe-west1", context: "gke_shop", managed: true }];
        await assert.rejects(plan({ clusters }), /No kubeconfig has the context gke_shop/);
    });

    it("deletes nothing that runs: an unset commit is refused then, as ever", async () => {
        const registry = new MemoryRegistry();
        const images = { cart: built(newer, "ca"), checkout: built(newer, "c0") };
        await pushLock(registry, dev, lockOf(newer, images));
        await writeRun(registry, dev, recordOf("dev", { commit: newer, pins: {} }, images, "2026-01-31T12:00:00Z"));
        await assert.rejects(plan({}, registry), /To deploy nothing would be to delete every workload/);
    });
});

describe("The tag of a working copy's image", () => {
    it("is its builder's own, whatever the name: no commit's, not `latest`", () => {
        const tag = (actor: string) => workingCopyImage(dev, "cart", actor).split("/develop/")[1];
        assert.equal(tag("ada"), "cart:local-ada");
        assert.equal(tag("Ada Lovelace@ACME"), "cart:local-ada-lovelace-acme");
        assert.equal(tag("a".repeat(300)), `cart:local-${"a".repeat(122)}`);
    });
});
