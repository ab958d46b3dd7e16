import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { oneflowIn } from "./command";
import { boutique } from "./importFixture";

describe("oneflow import", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-import-"));
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    const oneflow = (...args: string[]) => oneflowIn(directory, args);

    it("prints the catalog, and what a person must know apart from it", async () => {
        const { status, stdout, stderr } = await oneflow("import", boutique, "-o", "-", "--repository", "acme/shop");
        assert.equal(status, 0);
        assert.match(stdout, /^# yaml-language-server: .*\n/);
        assert.match(stderr, /^not carried: .*cartservice\.yaml: Deployment\/redis-cart: image: redis:alpine has no digest/m);
        assert.match(stderr, /\n11 services imported, 1 wait for a digest, 2 lines not carried\n$/);
    });

    it("replaces no file unless it is told to", async () => {
        const file = join(directory, "services.yaml");
        writeFileSync(file, "mine\n");
        const args = ["import", boutique, "-o", "services.yaml", "--repository", "acme/shop"];
        const refused = await oneflow(...args);
        assert.equal(refused.status, 2);
        assert.equal(
            refused.stderr,
            "Nothing was imported:\n  services.yaml  exists already, and would be replaced\n                 → choose another -o, or add --force\n",
        );
        assert.equal(readFileSync(file, "utf8"), "mine\n");
        assert.equal((await oneflow(...args, "--force")).status, 0);
        assert.match(readFileSync(file, "utf8"), /^ {2}adservice:$/m);
    });

    it("refuses with all that is wrong at once", async () => {
        const { status, stderr } = await oneflow("import", "k8s", "--image", "redis=redis:8");
        assert.equal(status, 2);
        for (const part of ["k8s  ", "-o  ", "--repository  ", "--image redis=redis:8  "]) {
            assert.ok(stderr.includes(`  ${part}`), part);
        }
    });

    it("refuses manifests that are broken, by line and column, and an option that it does not have", async () => {
        writeFileSync(join(directory, "a.yaml"), "kind: [\n");
        writeFileSync(join(directory, "b.yaml"), "a: b\nc: d: e\n");
        const broken = await oneflow("import", ".", "-o", "-", "--repository", "acme/shop");
        assert.equal(broken.status, 2);
        assert.match(broken.stderr, /a\.yaml, line 2, column 1[^]*b\.yaml, line 2, column 4/);
        const unknown = await oneflow("import", ".", "--ouput", "x");
        assert.equal(unknown.status, 2);
        assert.match(unknown.stderr, /Unknown option '--ouput'/);
    });

    it("shows its options", async () => {
        const { status, stdout } = await oneflow("import", "--help");
        assert.equal(status, 0);
        assert.match(stdout, /^usage: oneflow import /);
    });
});
