import assert from "node:assert/strict";
import { decide } from "../../core/promotion/decide";
import type { Migrations } from "../../core/promotion/migrations";
import type { PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import { imageSet, type LockedImage, setKey } from "../../core/release/lock";
import type { Catalog, Service } from "../../core/settings/model";
import { catalogOf, commit, digest, environmentOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";

const migrate = { env: {}, timeoutSeconds: 60 };
const [old, next] = [commit("aaaaaaa"), commit("bbbbbbb")];

/** Services that migrate, each as it moves: what ran, and what is asked for. */
function migrationsOf(
    moves: Record<string, { from?: string; to?: string; migrates?: false }>,
    { ranHere = false, migrated, imagesRanHere }: { ranHere?: boolean; migrated?: string[]; imagesRanHere?: string[] } = {},
): Migrations {
    const images = (end: "from" | "to", sha: string): Record<string, LockedImage> =>
        Object.fromEntries(
            Object.entries(moves).flatMap(([name, move]) => {
                const start = move[end];
                return start === undefined ? [] : [[name, { commit: sha, digest: digest(start) }]];
            }),
        );
    const [ran, asked] = [images("from", old), images("to", next)];
    const withJobs = ({ services }: Catalog): Catalog => ({
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]): [string, Service] => [
                name,
                moves[name].migrates === false ? service : { ...service, migrate },
            ]),
        ),
    });
    const catalog = withJobs(catalogOf(...Object.keys(asked)));
    const request: PromotionRequest = { environment: environmentOf("dev"), catalog, commit: next, pins: {} };
    const facts: PromotionFacts = {
        ...nothingKnown,
        locks: { [next]: lockOf(next, asked, catalog) },
        ...(Object.keys(ran).length > 0 && {
            current: { ...recordOf("dev", { commit: old, pins: {} }, ran, "2026-11-20T09:12:44Z"), ...(migrated && { migrated }) },
        }),
        ranHere: new Set(ranHere ? [setKey(imageSet(asked))] : []),
        imagesRanHere: new Set((imagesRanHere ?? []).map((name) => `${name}@${digest(moves[name].to!)}`)),
        now: "2026-11-22T12:00:00Z",
    };
    const decision = decide(request, facts);
    assert.ok("plan" in decision, JSON.stringify(decision));
    return decision.plan.migrations;
}

describe("the migrations of a set", () => {
    it("are due for what moves forward or comes in, and for nothing that stays", () => {
        assert.deepEqual(migrationsOf({ cart: { from: "a1", to: "a2" }, billing: { from: "b1", to: "b1" } }), {
            due: ["cart"],
            done: [],
        });
        assert.deepEqual(migrationsOf({ cart: { to: "a1" } }), { due: ["cart"], done: [] });
        assert.deepEqual(migrationsOf({ cart: { from: "a1", to: "a2", migrates: false } }), { due: [], done: [] });
    });

    it("are not due on a way back, after which none stands for what went back", () => {
        const moves = { cart: { from: "a2", to: "a1" }, billing: { from: "b1", to: "b1" } };
        assert.deepEqual(migrationsOf(moves, { ranHere: true, migrated: ["billing", "cart"] }), { due: [], done: ["billing"] });
    });

    it("are not due for a single service that comes back while another moves forward", () => {
        const moves = { cart: { from: "a2", to: "a1" }, billing: { from: "b1", to: "b2" } };
        assert.deepEqual(migrationsOf(moves, { imagesRanHere: ["cart"] }), { due: ["billing"], done: [] });
    });

    it("stand as they ended while nothing but settings changes, where they ran at all", () => {
        const moves = { cart: { from: "a1", to: "a1" }, billing: { from: "b1", to: "b1" } };
        assert.deepEqual(migrationsOf(moves, { migrated: ["cart"] }), { due: [], done: ["cart"] });
        assert.deepEqual(migrationsOf(moves), { due: [], done: [] });
    });

    it("are forgotten with the service, and with the key in its entry", () => {
        const gone = { cart: { from: "a1" }, billing: { from: "b1", to: "b1" } };
        assert.deepEqual(migrationsOf(gone, { migrated: ["cart"] }), { due: [], done: [] });
        assert.deepEqual(migrationsOf({ cart: { from: "a1", to: "a1", migrates: false } }, { migrated: ["cart"] }), {
            due: [],
            done: [],
        });
    });
});
