import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type History, historyOf, mendedRelease, newestRelease } from "../../core/build/history";
import { runGit } from "../../sandbox/git/command";
import { Repository } from "../../sandbox/git/repository";

describe("The history of a checkout", () => {
    const root = mkdtempSync(join(tmpdir(), "oneflow-history-"));
    let history: History;
    const commits: Record<string, string> = {};

    before(async () => {
        const bare = await Repository.bare(join(root, "bare"));
        const clone = await Repository.clone(bare, join(root, "clone"));
        const commit = async (name: string) => {
            writeFileSync(join(clone.directory, "file"), name);
            commits[name] = await clone.commit(`Say ${name}`);
        };
        await clone.branch("main");
        await commit("one");
        await clone.tag("v1.0.0", "v1.0.0\n\nUnproven: cart: dev is down");
        await commit("two");
        await runGit(clone.directory, ["tag", "v1.1.0"]);
        await clone.tag("v1.1.0-rc.1", "candidate", { at: "HEAD~1" });
        for (const name of ["vendor", "v1", "v1.2"]) await clone.tag(name, "no release");
        await clone.branch("hotfix/carts", { at: "v1.0.0" });
        await commit("mended");
        await clone.tag("v1.0.1", "v1.0.1");
        await clone.push("main", "hotfix/carts", "--tags");
        history = historyOf((await Repository.clone(bare, join(root, "checkout"))).directory);
    });
    after(() => rmSync(root, { recursive: true }));

    it("knows the commit of each tag that names a release, annotated or not, and no other tag", async () => {
        const releases = await history.releases();
        assert.deepEqual(Object.fromEntries(releases.map(({ version, commit }) => [version, commit])), {
            "1.0.0": commits.one,
            "1.0.1": commits.mended,
            "1.1.0": commits.two,
            "1.1.0-rc.1": commits.one,
        });
        assert.equal(newestRelease(releases)?.version, "1.1.0");
    });

    it("tells the releases that a commit stands on, and which of them a hotfix mends: never the one that it became", async () => {
        const versions = (await history.releases(commits.mended)).map(({ version }) => version).sort();
        assert.deepEqual(versions, ["1.0.0", "1.0.1", "1.1.0-rc.1"]);
        assert.equal(
            (await mendedRelease({ releases: () => history.releases(commits.mended) }, commits.mended))?.version,
            "1.1.0-rc.1",
        );
        assert.equal(await mendedRelease(history, commits.one), undefined);
    });

    it("reads the text of an annotated tag; one that is none has no text, whatever its commit says", async () => {
        assert.equal((await history.tagText("1.0.0"))?.trim(), "v1.0.0\n\nUnproven: cart: dev is down");
        assert.deepEqual([await history.tagText("1.1.0"), await history.tagText("9.9.9")], [undefined, undefined]);
    });

    it("names the branches of origin that hold a commit", async () => {
        assert.deepEqual(await history.branches(commits.one), ["hotfix/carts", "main"]);
        assert.deepEqual(await history.branches(commits.mended), ["hotfix/carts"]);
    });

    it("lists the commits between, and none where it does not know the ends", async () => {
        assert.deepEqual(await history.between([commits.one], [commits.two]), [{ commit: commits.two, title: "Say two" }]);
        assert.deepEqual(await history.between(["d".repeat(40)], [commits.two]), []);
        assert.deepEqual(await history.between([commits.one], ["d".repeat(40)]), []);
    });
});
