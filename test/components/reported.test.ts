import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { reported } from "../../components/reported";
import { Refusal } from "../../core/refusal";
import { RegistryError } from "../../core/registry/model";

describe("an error that ends the program", () => {
    it("is printed without a stack, and has none to map, where it was written for a reader", () => {
        for (const error of [new Refusal("Refused", [{ subject: "commit", message: "is short" }]), new RegistryError("403", 403)]) {
            const told = reported(error);
            assert.ok(RunError.isInstance(told));
            assert.equal(told.message, error.message);
            assert.equal(told.stack, error.message);
        }
    });

    it("keeps its stack where it is a bug", () => {
        const bug = new TypeError("undefined is not a function");
        assert.equal(reported(bug), bug);
    });
});
