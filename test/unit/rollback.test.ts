import assert from "node:assert/strict";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import type { Plan } from "../../core/promotion/model";
import { Refusal } from "../../core/refusal";
import { imageRepository, runAddress } from "../../core/release/addresses";
import type { LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import { rollbackRequest } from "../../core/rollback/request";
import { asksForRun, describeRuns } from "../../core/rollback/runs";
import { findRun, type HealthyRun, newestRuns, type Wish } from "../../core/rollback/target";
import type { Catalog, Environment } from "../../core/settings/model";
import { withRequest } from "../../core/settings/stackText";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, environmentOf, lockOf, recordOf } from "./promotionExamples";

const frozen: Environment = {
    ...environmentOf("dev"),
    freeze: [{ from: "2026-11-22 00:00", to: "2026-11-23 00:00", timezone: "UTC" }],
};
const [first, second, third] = [commit("1111111"), commit("2222222"), commit("3333333")];
const wish: Wish = { services: [], unproven: false };

/** dev, which is frozen today: the commits that it ran, an hour apart from nine o'clock on. */
class Dev {
    readonly registry = new MemoryRegistry();
    private hour = 9;

    /** @param services each with what it was built from: the same means the same image */
    async build(sha: string, services: Record<string, string>): Promise<void> {
        await pushLock(this.registry, frozen, lockOf(sha, this.images(sha, services), catalogOf(...Object.keys(services))));
    }

    async ran(sha: string, services: Record<string, string>, pins: Record<string, string> = {}): Promise<string> {
        const at = `2026-11-20T${String(this.hour++).padStart(2, "0")}:00:00Z`;
        return writeRun(this.registry, frozen, recordOf("dev", { commit: sha, pins }, this.images(sha, services), at));
    }

    async buildAndRun(sha: string, services: Record<string, string>): Promise<string> {
        await this.build(sha, services);
        return this.ran(sha, services);
    }

    find(to: Partial<Wish> = {}): Promise<HealthyRun> {
        return findRun(this.registry, frozen, { ...wish, ...to });
    }

    async plan(asked: Pick<Environment, "pins"> & { commit: string }, catalog: Catalog): Promise<Plan> {
        const request = { environment: frozen, catalog, commit: asked.commit, pins: asked.pins };
        const now = new Date("2026-11-22T12:00:00Z");
        const decision = decide(request, await gatherFacts(this.registry, request, { now }));
        assert.ok("plan" in decision, JSON.stringify(decision));
        return decision.plan;
    }

    private images(sha: string, services: Record<string, string>): Record<string, LockedImage> {
        return Object.fromEntries(
            Object.entries(services).map(([name, built]) => [
                name,
                { commit: sha, digest: this.registry.putImage(imageRepository(frozen, name), `${name} ${built}`, [sha]) },
            ]),
        );
    }
}

describe("what a rollback goes back to", () => {
    let dev: Dev;
    beforeEach(() => {
        dev = new Dev();
    });

    it("is what ran before, and going back again goes further back, not forward", async () => {
        const tag = await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        await dev.buildAndRun(third, { cart: "c" });
        assert.equal((await dev.find()).run.request.commit, second);
        await dev.ran(second, { cart: "b" });
        assert.equal((await dev.find()).tag, tag);
    });

    it("is what ran healthy last, where the file asks for something that never came up", async () => {
        await dev.buildAndRun(first, { cart: "a" });
        const tag = await dev.buildAndRun(second, { cart: "b" });
        assert.equal((await dev.find({ unproven: true })).tag, tag);
        const { run } = await dev.find({ unproven: true });
        assert.equal(asksForRun({ commit: second, pins: {} }, run), true);
        assert.equal(asksForRun({ commit: third, pins: {} }, run), false);
        assert.equal(asksForRun({ commit: second, pins: { cart: first } }, run), false);
    });

    it("may be named by commit or by run", async () => {
        const tag = await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        await dev.buildAndRun(third, { cart: "c" });
        assert.equal((await dev.find({ to: first })).tag, tag);
        assert.equal((await dev.find({ to: tag })).run.request.commit, first);
    });

    it("of one service is the newest run in which that ran another image", async () => {
        await dev.buildAndRun(first, { cart: "a", mailer: "a" });
        await dev.buildAndRun(second, { cart: "b", mailer: "a" });
        await dev.buildAndRun(third, { cart: "b", mailer: "c" });
        assert.equal((await dev.find({ services: ["cart"] })).run.request.commit, first);
        assert.equal((await dev.find({ services: ["mailer"] })).run.request.commit, second);
    });

    it("must have run healthy here, else the newest that did are named", async () => {
        const tag = await dev.buildAndRun(first, { cart: "a" });
        await assert.rejects(dev.find({ to: second }), (error: Refusal) => {
            assert.deepEqual(error.problems, [
                {
                    subject: "dev",
                    message: [
                        `${second} never ran healthy in dev, in its newest 200 runs: what never did is a promotion, not a rollback.`,
                        `Newest healthy runs: 1111111… (${tag})`,
                    ].join("\n"),
                    remedy: `npx oneflow rollback dev --list\nor: npx oneflow promote dev ${second}`,
                },
            ]);
            return true;
        });
        await assert.rejects(dev.find(), /dev ran nothing else healthy before\./);
        await assert.rejects(new Dev().find(), /dev has no healthy run, so there is nothing to go back to\./);
    });

    it("is listed with who asked for what, and what would change", async () => {
        const older = await dev.buildAndRun(first, { cart: "a", mailer: "a" });
        const newer = await dev.buildAndRun(second, { cart: "b", mailer: "a" });
        assert.equal(
            describeRuns("dev", await newestRuns(dev.registry, frozen, 10)),
            [
                "run                                asked for  by   would change  because",
                `${newer}  2222222…   ada  nothing`,
                `${older}  1111111…   ada  cart`,
                "→ npx oneflow rollback dev --to <run>",
            ].join("\n"),
        );
        assert.equal(runAddress(frozen, older).split(":")[0], `${frozen.registry}/develop-runs/runs/2026-11`);
    });
});

describe("the request that goes back", () => {
    const following: Environment = { ...frozen, commit: "latest" };
    let dev: Dev;
    beforeEach(() => {
        dev = new Dev();
    });
    const back = async (
        environment: Environment,
        catalog: Catalog,
        options: Partial<Parameters<typeof rollbackRequest>[4]> = {},
        to?: string,
    ) => {
        const [current] = await newestRuns(dev.registry, frozen, 1);
        const target = await dev.find({ services: options.services ?? [], ...(to !== undefined && { to }) });
        return rollbackRequest(target, environment, catalog, current.run, { services: [], config: "now", ...options });
    };

    it("holds an environment that followed latest, and says how it follows again", async () => {
        await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        assert.deepEqual(await back(following, catalogOf("cart")), {
            commit: first,
            pins: {},
            notes: ["dev followed latest and is held now. To follow again: npx oneflow promote dev latest"],
        });
    });

    it("is no promotion: neither freeze nor order stand against it, and no migration runs", async () => {
        await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        const plan = await dev.plan(await back(frozen, catalogOf("cart")), catalogOf("cart"));
        assert.equal(plan.direction, "rollback");
    });

    it("leaves a service that came since as it runs, and is a rollback all the same", async () => {
        await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b", mailer: "b" });
        const catalog = catalogOf("cart", "mailer");
        const request = await back(frozen, catalog);
        assert.deepEqual(request, {
            commit: first,
            pins: { mailer: second },
            notes: [
                "mailer came later: it is left as it runs, by a pin. To let it go with all others again: pulumi config rm --path pins.mailer -s dev",
            ],
        });
        const plan = await dev.plan(request, catalog);
        assert.equal(plan.direction, "rollback");
        assert.deepEqual(
            plan.transitions.map(({ image }) => image),
            ["cart"],
        );
    });

    it("does not bring back what services.yaml has lost, says so, and is a rollback all the same", async () => {
        await dev.buildAndRun(first, { cart: "a", mailer: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        const request = await back(frozen, catalogOf("cart"));
        assert.deepEqual(request.notes, [
            "mailer ran then and is not brought back: services.yaml does not have it any more. With --config then all is as it was.",
        ]);
        assert.equal((await dev.plan(request, catalogOf("cart"))).direction, "rollback");
    });

    it("of then names the run whose services are rendered, where the checkout's are others", async () => {
        const tag = await dev.buildAndRun(first, { cart: "a", mailer: "a" });
        await dev.buildAndRun(second, { cart: "b" });
        const then = await back(frozen, catalogOf("cart"), { config: "then" });
        assert.deepEqual(then, {
            commit: first,
            pins: {},
            catalogOf: tag,
            notes: [`Services are rendered as they were in the run ${tag}.`],
        });
        const same = await back(frozen, catalogOf("cart", "mailer"), { config: "then" });
        assert.deepEqual(same, { commit: first, pins: {}, notes: ["Services are rendered now as they were then."] });
    });

    it("of one service is a pin, and leaves all others where they are", async () => {
        await dev.buildAndRun(first, { cart: "a", mailer: "a" });
        await dev.buildAndRun(second, { cart: "b", mailer: "b" });
        const asked = { ...frozen, commit: second };
        assert.deepEqual(await back(asked, catalogOf("cart", "mailer"), { services: ["cart"] }), {
            commit: second,
            pins: { cart: first },
            notes: [
                "cart is held at 1111111… by a pin. To let it go with all others again: pulumi config rm --path pins.cart -s dev",
            ],
        });
    });

    it("refuses a service that did not run then, and single services with the settings of then", async () => {
        await dev.buildAndRun(first, { cart: "a" });
        await dev.buildAndRun(second, { cart: "b", mailer: "b" });
        await assert.rejects(
            back(frozen, catalogOf("cart", "mailer"), { services: ["mailer"], config: "then" }, first),
            (error: Refusal) => {
                assert.deepEqual(
                    error.problems.map(({ subject, message }) => `${subject}: ${message}`),
                    [
                        "mailer: did not run in dev then: 1111111…, healthy at 2026-11-20T09:00:00Z, had no image of it.",
                        "--config then: brings the settings of all services back, and --service takes single ones.",
                    ],
                );
                return true;
            },
        );
    });
});

describe("a stack file", () => {
    it("keeps the services of a run only while it asks for that run", () => {
        const text = "config:\n  shop:commit: aaa # why\n";
        const back = withRequest(text, "shop", { commit: first, catalogOf: "20261120T090000Z-0123456789abcdef" });
        assert.equal(back, `config:\n  shop:commit: "${first}" # why\n  shop:catalogOf: 20261120T090000Z-0123456789abcdef\n`);
        assert.equal(withRequest(back, "shop", { commit: second }), `config:\n  shop:commit: "${second}" # why\n`);
    });
});
