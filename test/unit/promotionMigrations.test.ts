import assert from "node:assert/strict";
import { migrationsOf } from "../../core/promotion/migrations";
import type { Transition } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import type { Service } from "../../core/settings/model";
import { checkoutservice } from "./manifestsServices";

const migrate = { env: {}, timeoutSeconds: 60 };
const catalog = (names: string[]) => ({
    services: Object.fromEntries(names.map((name): [string, Service] => [name, { ...checkoutservice, name, migrate }])),
});
const [one, two]: Digest[] = ["1", "2"].map((digit): Digest => `sha256:${digit.repeat(64)}`);
const move = (image: string): Transition => ({ image, from: one, to: two });

describe("the migrations of a set", () => {
    it("are due for what moves forward or comes in, and for nothing that stays", () => {
        assert.deepEqual(migrationsOf(catalog(["cart", "billing"]), "forward", [move("cart")], undefined), {
            due: ["cart"],
            done: [],
        });
        assert.deepEqual(migrationsOf(catalog(["cart"]), "first", [{ image: "cart", to: one }], undefined), {
            due: ["cart"],
            done: [],
        });
        assert.deepEqual(migrationsOf({ services: { cart: checkoutservice } }, "forward", [move("cart")], undefined), {
            due: [],
            done: [],
        });
    });

    it("are not due on a way back, after which none stands for what went back", () => {
        const current = { migrated: ["billing", "cart"] };
        assert.deepEqual(migrationsOf(catalog(["cart", "billing"]), "rollback", [move("cart")], current), {
            due: [],
            done: ["billing"],
        });
    });

    it("stand as they ended while nothing but settings changes, where they ran at all", () => {
        assert.deepEqual(migrationsOf(catalog(["cart", "billing"]), "unchanged", [], { migrated: ["cart"] }), {
            due: [],
            done: ["cart"],
        });
        assert.deepEqual(migrationsOf(catalog(["cart"]), "unchanged", [], {}), { due: [], done: [] });
    });

    it("are forgotten with the service, and with the key in its entry", () => {
        assert.deepEqual(migrationsOf(catalog([]), "forward", [{ image: "cart", from: one }], { migrated: ["cart"] }), {
            due: [],
            done: [],
        });
        assert.deepEqual(migrationsOf({ services: { cart: checkoutservice } }, "unchanged", [], { migrated: ["cart"] }), {
            due: [],
            done: [],
        });
    });
});
