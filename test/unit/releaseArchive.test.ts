import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { packArchive, unpackArchive } from "../../core/release/archive";

const path = fc.stringMatching(/^[a-z]{1,60}(\/[a-z]{1,60}){0,3}$/);
const files = fc.dictionary(path, fc.string(), { maxKeys: 5, noNullPrototype: true }).map((each) => new Map(Object.entries(each)));

describe("an archive of a release", () => {
    it("is the same bytes on every machine, for ever", () => {
        const bytes = packArchive(new Map([["shop/Chart.yaml", '{"name":"shop"}\n']]));
        assert.equal(
            createHash("sha256").update(bytes).digest("hex"),
            "f8ac7cf1a36c26e9aefc561ff2eb6d71628c4c03dfa641b06ca934986943fda7",
        );
    });

    it("does not depend on the order of its files", () => {
        const [a, b] = [["a", "1"] as const, ["b/c", "2"] as const];
        assert.deepEqual(packArchive(new Map([a, b])), packArchive(new Map([b, a])));
    });

    it("gives back what was packed", () => {
        fc.assert(
            fc.property(files, (each) => {
                assert.deepEqual(new Map([...unpackArchive(packArchive(each))].sort()), new Map([...each].sort()));
            }),
            { seed: 1, numRuns: 100 },
        );
    });

    it("is refused with any one byte changed", () => {
        const bytes = packArchive(new Map([["shop/Chart.yaml", "name: shop\n"]]));
        for (let at = 0; at < bytes.length; at++) {
            const changed = Buffer.from(bytes);
            changed[at] ^= 1 << (at % 8);
            assert.throws(() => unpackArchive(changed), `byte ${at}`);
        }
    });

    it("is refused at whatever byte it is cut off, and with one too many", () => {
        const bytes = packArchive(new Map([["shop/Chart.yaml", "name: shop\n"]]));
        for (let length = 0; length < bytes.length; length++) {
            assert.throws(() => unpackArchive(bytes.subarray(0, length)), `${length} bytes`);
        }
        assert.throws(() => unpackArchive(Buffer.concat([bytes, Buffer.from([0])])));
    });

    it("is refused where another program packed the same files", () => {
        const bytes = gzipSync(gunzipSync(packArchive(new Map([["a", "1"]]))));
        assert.throws(() => unpackArchive(bytes), /something else wrote it/);
    });

    it("holds more than one block of deflate, and paths longer than the first field of tar, as tar itself reads them", () => {
        const long = `${"f".repeat(90)}/${"n".repeat(90)}.yaml`;
        const text = "x".repeat(200_000);
        const folder = mkdtempSync(join(tmpdir(), "archive-"));
        try {
            execFileSync("tar", ["-xzf", "-", "-C", folder], { input: packArchive(new Map([[long, text]])) });
            assert.equal(readFileSync(join(folder, long), "utf8"), text);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("does not hold a path that tar has no room for", () => {
        const name = "n".repeat(101);
        assert.throws(
            () => packArchive(new Map([[name, ""]])),
            new Error(`${name} is too long a path for a tar archive: expected at most 100 bytes behind its last folder`),
        );
    });
});
