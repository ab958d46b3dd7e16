import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Progress } from "../../sandbox/toolchain/progress";
import { findOnPath } from "../../sandbox/toolchain/searchPath";
import type { Source } from "../../sandbox/toolchain/source";
import { status, toolDirectory, toolPath, ToolUnavailable } from "../../sandbox/toolchain/toolchain";
import { goModule, temporaryFolders } from "./toolchainFixture";

describe("making a program", () => {
    const folder = temporaryFolders();
    const from = (...sources: Source[]) => {
        const told: Progress[] = [];
        const options = {
            cache: folder(),
            searchPath: "",
            report: (progress: Progress) => told.push(progress),
            origins: { crane: { sources } },
        };
        return { options, states: () => told.map(({ state }) => state).filter((state) => state !== "running") };
    };

    before(function () {
        // Who has an engine of their own needs no Go.
        if (!findOnPath("go", process.env.PATH)) this.skip();
    });

    it("builds once for callers at the same time, and never again", async () => {
        const { options, states } = from(goModule(folder(), 'package main\n\nfunc main() { print("hello") }\n'));
        const [one, two] = await Promise.all([toolPath("crane", options), toolPath("crane", options)]);
        assert.equal(one, two);
        assert.equal(await toolPath("crane", options), one);
        assert.deepEqual(
            states().filter((state) => state === "started" || state === "done"),
            ["started", "done"],
        );
        assert.equal(execFileSync("sh", ["-c", '"$0" 2>&1', one], { encoding: "utf8" }), "hello");
        const [{ from: origin, label, version }] = await status(options);
        assert.deepEqual({ origin, label, version }, { origin: "built", label: "Go module", version: "local" });
        assert.deepEqual(readdirSync(options.cache).sort(), ["crane-" + dirname(one).split("-").at(-1), "logs"]);

        const links = await toolDirectory(["crane"], options);
        assert.deepEqual(readdirSync(links), ["crane"]);
        assert.equal(await toolDirectory(["crane"], options), links);
    });

    it("says what the compiler said, where the log is and what to type", async () => {
        const { options, states } = from(goModule(folder(), "package main\n\nfunc main() { undefinedName() }\n"));
        await assert.rejects(toolPath("crane", options), (error: Error) => {
            assert.ok(error instanceof ToolUnavailable);
            assert.match(
                error.message,
                /^crane is not on PATH and could not be made:\n {2}Go module {2}go build .*: exit code 1\n/,
            );
            assert.match(error.message, /undefined: undefinedName/);
            assert.match(error.message, /→ read the log, then: npx oneflow toolchain build crane$/);
            const log = /full log: (.*)/.exec(error.message)![1];
            assert.match(readFileSync(log, "utf8"), /^\$ go build [^]*undefined: undefinedName/);
            return true;
        });
        assert.deepEqual(states(), ["started", "skipped"]);
        assert.deepEqual(readdirSync(options.cache), ["logs"]);
        assert.deepEqual(
            (await status(options)).map(({ from }) => from),
            ["absent"],
        );
    });

    it("refuses a Go that is too old with the version that is needed", async () => {
        const { options } = from(goModule(folder(), "package main\n\nfunc main() {}\n", "1.999.1"));
        await assert.rejects(
            toolPath("crane", options),
            /needs Go 1\.999\.1 or newer to be built from; this is go1\.[^]*→ install Go 1\.999\.1 or newer/,
        );
    });

    it("tries the next source where one is not to be had, and names each reason where none is", async () => {
        const nowhere: Source = {
            label: "official release",
            expectedMinutes: 0,
            cacheName: async () => "nowhere",
            unavailable: async () => ({ message: "not asked for in CI" }),
            make: () => assert.fail("was made although it cannot be"),
        };
        const both = from(nowhere, goModule(folder(), "package main\n\nfunc main() {}\n"));
        assert.ok(existsSync(await toolPath("crane", both.options)));
        assert.deepEqual(both.states(), ["skipped", "started", "done"]);
        await assert.rejects(toolPath("crane", from(nowhere).options), {
            message: "crane is not on PATH and could not be made:\n  official release  not asked for in CI",
        });
    });

    it("does not wait for a process that died while it built, and clears what that left", async () => {
        const { options, states } = from(goModule(folder(), "package main\n\nfunc main() { print(2) }\n"));
        const dead = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
        const entry = (await options.origins.crane.sources[0].cacheName())!;
        mkdirSync(join(options.cache, `${entry}.part-${dead}`));
        writeFileSync(join(options.cache, "making.lock"), JSON.stringify({ pid: dead, host: hostname(), purpose: "crane" }));
        assert.equal(await toolPath("crane", options), join(options.cache, entry, "crane"));
        assert.deepEqual(states(), ["started", "done"]);
        assert.deepEqual(readdirSync(options.cache).sort(), [entry, "logs"]);
    });
});
