import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildInputs, cacheKey } from "../../sandbox/toolchain/cacheKey";
import { isOlder, requiredVersion } from "../../sandbox/toolchain/goModule";
import { temporaryFolders } from "./toolchainFixture";

describe("the key of a built program", () => {
    const folder = temporaryFolders();
    const inputs = (files: Record<string, string> = {}, others: Partial<BuildInputs> = {}): BuildInputs => {
        const directory = folder();
        const all = { "go.mod": "module a\n", "go.sum": "b h1:c\n", "main.go": "package main\n", ...files };
        for (const [name, content] of Object.entries(all)) writeFileSync(join(directory, name), content);
        const fixed = {
            package: "a/cmd",
            flags: ["-trimpath"],
            environment: { CGO_ENABLED: "0" },
            goVersion: "go1.26.8",
            platform: "linux/amd64",
        };
        return { directory, ...fixed, ...others };
    };

    it("is the same in every folder, whatever else stands there", () => {
        assert.equal(cacheKey(inputs()), cacheKey(inputs({ "README.md": "words" })));
        assert.match(cacheKey(inputs()), /^[0-9a-f]{16}$/);
    });

    const changes: Record<string, () => BuildInputs> = {
        "go.mod": () => inputs({ "go.mod": "module a2\n" }),
        "go.sum": () => inputs({ "go.sum": "b h1:d\n" }),
        "a Go file": () => inputs({ "main.go": "package main // 2\n" }),
        "the program": () => inputs({}, { package: "a/other" }),
        "the flags": () => inputs({}, { flags: ["-race"] }),
        "the files kept beside it": () => inputs({}, { keep: ["a.yaml"] }),
        "the build's environment": () => inputs({}, { environment: { CGO_ENABLED: "1" } }),
        "Go's version": () => inputs({}, { goVersion: "go1.27.0" }),
        "the platform": () => inputs({}, { platform: "darwin/arm64" }),
    };
    for (const [what, changed] of Object.entries(changes)) {
        it(`changes with ${what}`, () => {
            assert.notEqual(cacheKey(changed()), cacheKey(inputs()));
        });
    }
});

describe("versions in a go.mod", () => {
    it("takes a program's version from the longest module path that holds it", () => {
        const goMod =
            "module m\n\ngo 1.25\n\nrequire (\n\ta.test/x v1.0.0 // indirect\n\ta.test/x/sdk/v3 v3.60.0\n)\n\nreplace a.test/x => b.test/x v9.9.9\n";
        assert.equal(requiredVersion(goMod, "a.test/x/sdk/v3/cmd/y"), "v3.60.0");
        assert.equal(requiredVersion(goMod, "a.test/x/cmd"), "v1.0.0");
        assert.equal(requiredVersion(goMod, "a.test/xylophone"), undefined);
        assert.equal(requiredVersion("module m\nrequire a.test/x v1.2.3\n", "a.test/x"), "v1.2.3");
    });

    it("orders Go versions by number, not by text", () => {
        assert.equal(isOlder("1.9", "1.25.6"), true);
        assert.equal(isOlder("1.25", "1.25.6"), true);
        assert.equal(isOlder("1.25.6", "1.25.6"), false);
        assert.equal(isOlder("1.26rc1", "1.25.6"), false);
        assert.equal(isOlder("2.0", "1.25.6"), false);
    });
});
