import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { runSuites, shareOut } from "../run/suites";

describe("Test files in several processes", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "oneflow-suites-"))));
    after(() => rmSync(folder, { recursive: true, force: true }));

    let report = "";
    const write = (text: string) => (report += text);

    const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
    };

    it("run each once, and no process has two files that another could take", () => {
        fc.assert(
            fc.property(
                fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }),
                fc.integer({ min: 1, max: 4 }),
                (files, processes) => {
                    const size = ({ length }: string) => length;
                    const shares = shareOut(files, processes, size);
                    assert.deepEqual(shares.flat().sort(), [...files].sort());
                    const total = (share: readonly string[]) => share.reduce((sum, one) => sum + size(one), 0);
                    const most = Math.max(...shares.map(total));
                    const least = Math.min(...shares.map(total));
                    assert.ok(most - least <= Math.max(...files.map(size)));
                },
            ),
        );
    });

    it("count together what passed, failed and was skipped, with the reason of each failure", async function () {
        this.timeout(60_000);
        // The first ends after the second: its report comes first all the same.
        const ended = JSON.stringify(join(folder, "ended"));
        const files = [
            file(
                "one.test.js",
                `const { existsSync } = require("node:fs");
                 describe("One", () => {
                     it("passes", async () => { while (!existsSync(${ended})) await new Promise(setImmediate); });
                     it.skip("waits", () => {});
                 });`,
            ),
            file(
                "two.test.js",
                `process.on("exit", () => require("node:fs").writeFileSync(${ended}, ""));
                 describe("Two", () => { it("fails", () => { throw new Error("as it should"); }); });`,
            ),
        ];
        const { passed, failures, skipped } = await runSuites("both", files, { processes: 2, write });
        assert.deepEqual({ passed, skipped }, { passed: 1, skipped: ["One waits"] });
        assert.deepEqual(
            failures.map((words) => words.split("\n").slice(0, 2)),
            [["Two fails", "Error: as it should"]],
        );
        assert.match(report, /^\nboth\n[^]*✔[^]*passes[^]*1\) fails/);
    });

    it("fail where a process ends before its last test", async function () {
        this.timeout(60_000);
        const files = [file("gone.test.js", 'describe("Gone", () => { it("ends", () => process.exit(3)); });')];
        const { failures } = await runSuites("gone", files, { processes: 1, write });
        assert.deepEqual(failures, ["gone ended before its last test, with exit code 3"]);
    });
});
