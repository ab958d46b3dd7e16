import assert from "node:assert/strict";
import { Refusal } from "../../core/refusal";

describe("Refusal", () => {
    it("names every reason with its cause and the next command, subjects in a column", () => {
        const { message } = new Refusal("Promotion to prod refused, nothing was changed", [
            { subject: "checkoutservice", message: "has no image.\nThe build failed.", remedy: "pulumi up" },
            { subject: "prod", message: "is frozen." },
        ]);
        assert.deepEqual(message.split("\n"), [
            "Promotion to prod refused, nothing was changed:",
            "  checkoutservice  has no image.",
            "                   The build failed.",
            "                   → pulumi up",
            "  prod             is frozen.",
        ]);
    });

    it("gives a long subject a line of its own, without pushing the others to the right", () => {
        const path = "Pulumi.stage.yaml: acme-shop:environment.promotesFrom";
        const long = { subject: path, message: "names no environment", remedy: "write dev" };
        assert.deepEqual(new Refusal("Refused", [long]).message.split("\n"), [
            "Refused:",
            `  ${path}`,
            "      names no environment",
            "      → write dev",
        ]);
        assert.deepEqual(new Refusal("Refused", [long, { subject: "commit", message: "is short" }]).message.split("\n"), [
            "Refused:",
            `  ${path}`,
            "          names no environment",
            "          → write dev",
            "  commit  is short",
        ]);
    });

    it("exits with 2, so that a script can tell it from a breakdown", () => {
        assert.equal(Refusal.exitCode, 2);
    });
});
