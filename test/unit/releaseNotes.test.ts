import assert from "node:assert/strict";
import { changedImages, commitRanges, releaseNotes } from "../../core/release/releaseNotes";
import { catalogOf, commit, digest, lockOf } from "./promotionExamples";

const [then, now] = [commit("71c44d0"), commit("9f8e02b")];
const before = lockOf(then, {
    cart: { commit: then, digest: digest("a1") },
    checkout: { commit: then, digest: digest("b1") },
    mailer: { commit: then, digest: digest("c1") },
});
const after = lockOf(
    now,
    {
        cart: { commit: now, digest: digest("a2") },
        "cart/wait": { source: `busybox:1.37@${digest("b0")}`, digest: digest("b0") },
        // Built again without a change: another commit, the same bytes.
        checkout: { commit: now, digest: digest("b1") },
    },
    catalogOf("cart", "cart/wait", "checkout"),
);

describe("release notes", () => {
    it("name the images whose bytes changed, those that came and those that went", () => {
        assert.deepEqual(changedImages(before, after), [
            { name: "cart", before: before.images.cart, after: after.images.cart },
            { name: "cart/wait", after: after.images["cart/wait"] },
            { name: "mailer", before: before.images.mailer },
        ]);
    });

    it("ask each repository for the commits between what ran and what comes", () => {
        assert.deepEqual(commitRanges(before, after), [{ repository: "acme/shop", from: [then], to: [now] }]);
        assert.deepEqual(commitRanges(after, after), []);
        assert.deepEqual(commitRanges(undefined, after), [{ repository: "acme/shop", from: [], to: [now] }]);
    });

    it("read as a page", () => {
        const history = { "acme/shop": [{ commit: now, title: "Sum in cents, not in *floats*" }] };
        assert.equal(
            releaseNotes("1.5.0", after, { version: "1.4.0", lock: before }, history),
            [
                "# v1.5.0",
                "",
                "Changed since v1.4.0:",
                "",
                "| image | before | now |",
                "| --- | --- | --- |",
                "| cart | 71c44d0 (a10000000000) | 9f8e02b (a20000000000) |",
                "| cart/wait | – | busybox:1.37 (b00000000000) |",
                "| mailer | 71c44d0 (c10000000000) | – |",
                "",
                "Unchanged: checkout.",
                "",
                "## acme/shop: 71c44d0 … 9f8e02b",
                "",
                "- 9f8e02b Sum in cents, not in \\*floats\\*",
                "",
            ].join("\n"),
        );
    });

    it("say so where nothing changed", () => {
        assert.equal(
            releaseNotes("1.4.1", before, { version: "1.4.0", lock: before }),
            "# v1.4.1\n\nNo image changed since v1.4.0.\n",
        );
    });

    it("of a first release name everything as new", () => {
        assert.equal(
            releaseNotes("1.0.0", before),
            [
                "# v1.0.0",
                "",
                "Changed:",
                "",
                "| image | before | now |",
                "| --- | --- | --- |",
                "| cart | – | 71c44d0 (a10000000000) |",
                "| checkout | – | 71c44d0 (b10000000000) |",
                "| mailer | – | 71c44d0 (c10000000000) |",
                "",
                "## acme/shop: 71c44d0",
                "",
            ].join("\n"),
        );
    });
});
