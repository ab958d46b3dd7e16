import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "..", "..");

describe("the command line", () => {
    const oneflow = (...args: string[]) =>
        spawnSync(process.execPath, [join(root, "bin", "oneflow.js"), ...args], { encoding: "utf8" });

    it("lists its commands where none is named", () => {
        const { status, stdout } = oneflow();
        assert.equal(status, 0);
        assert.match(stdout, /^usage: oneflow <command>/);
        assert.match(stdout, /^ {2}toolchain +\S/m);
    });

    it("refuses a command that it does not have, with the list and without a stack trace", () => {
        const { status, stdout, stderr } = oneflow("promte", "prod");
        assert.equal(status, 2);
        assert.equal(stdout, "");
        assert.match(
            stderr,
            /^Nothing was done:\n {2}promte {2}is not a command of oneflow; there are: .*toolchain, sandbox\n {10}→ npx oneflow --help\n$/,
        );
    });

    it("shows where a refusal came from with --verbose", () => {
        const { status, stderr } = oneflow("promte", "--verbose");
        assert.equal(status, 2);
        assert.match(stderr, /^ {4}at .*cli\/main\.ts:\d+/m);
    });

    for (const script of ["run.js", "oneflow.js"]) {
        it(`says which Node ${script} needs on an older one`, () => {
            const pretend = `Object.defineProperty(process.versions, "node", { value: "18.20.4" }); require(process.argv[1])`;
            const { status, stderr } = spawnSync(process.execPath, ["-e", pretend, join(root, "bin", script)], {
                encoding: "utf8",
            });
            assert.equal(status, 1);
            assert.match(stderr, /^oneflow needs Node 20\.19 or newer; this is 18\.20\.4 \(.*\)\.\n→ install it from/);
        });
    }
});
