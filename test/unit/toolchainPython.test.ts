import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedVersion, PythonPackage } from "../../sandbox/toolchain/pythonPackage";
import { temporaryFolders } from "./toolchainFixture";

describe("a program out of a Python package", () => {
    const folder = temporaryFolders();
    const pinned = (text: string) => {
        const requirements = join(folder(), "requirements.txt");
        writeFileSync(requirements, text);
        return new PythonPackage({ name: "tool", module: "tool.main", requirements, expectedMinutes: 1 });
    };

    it("says the version that is pinned, of the package itself and not of one whose name begins alike", () => {
        assert.equal(pinned("tool-extras==9.9 \\\n    --hash=sha256:aa\ntool==1.2.3 \\\n    --hash=sha256:bb\n").version, "1.2.3");
        assert.throws(() => pinnedVersion("tool-extras==9.9\n", "tool"), /pin no version of tool: expected a line tool==VERSION/);
    });

    it("stands elsewhere in the cache once any pin changes", async () => {
        const before = await pinned("tool==1.2.3\nunder==1.0\n").cacheName();
        assert.equal(await pinned("tool==1.2.3\nunder==1.0\n").cacheName(), before);
        assert.notEqual(await pinned("tool==1.2.3\nunder==1.1\n").cacheName(), before);
        assert.match(before!, /^tool-[0-9a-f]{16}$/);
    });

    it("stands elsewhere in the cache where Python runs it than where it needs none", async () => {
        const requirements = join(folder(), "requirements.txt");
        writeFileSync(requirements, "tool==1.2.3\n");
        const names = await Promise.all(
            [{ module: "tool.main" }, {}].map((more) =>
                new PythonPackage({ name: "tool", requirements, expectedMinutes: 1, ...more }).cacheName(),
            ),
        );
        assert.equal(new Set(names).size, 2);
    });

    it("is pinned with the hash of every file, down to the last dependency, in what is committed", () => {
        const modules = join(__dirname, "..", "..", "sandbox", "toolchain", "modules");
        const entries = ["checkov", "zizmor", "act"].flatMap((name) =>
            readFileSync(join(modules, name, "requirements.txt"), "utf8").split(/\n(?=\S)/),
        );
        assert.ok(entries.length > 50);
        for (const entry of entries) assert.match(entry, /^[a-z0-9._-]+==\S+( ; [^\n]*)? \\\n {4}--hash=sha256:[0-9a-f]{64}/);
    });
});
