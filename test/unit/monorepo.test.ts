import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDockerfile } from "../../sandbox/ci/dockerfile";
import { breakService, changeService, mendService, monorepo, writeMonorepo } from "../../sandbox/git/monorepo";
import { Repository } from "../../sandbox/git/repository";
import { smallCatalog } from "../registry/ciCatalog";

const date = "2026-01-05T09:00:00Z";
const catalog = smallCatalog();
const { checkoutservice, redis } = catalog.services;

describe("monorepo", () => {
    let folder: string;
    let origin: Repository;
    let clone: Repository;

    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "oneflow-monorepo-"));
        origin = await Repository.bare(join(folder, "shop.git"), { defaultBranch: "develop" });
        clone = await Repository.clone(origin, join(folder, "shop"));
        await writeMonorepo(clone.directory, catalog, "acme/shop");
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("has a folder for each built service, at its path, with a Dockerfile that the sandbox builds", async () => {
        const files = Object.keys(monorepo(catalog, "acme/shop")).sort();
        assert.deepEqual(files, [
            "README.md",
            "protos/README.md",
            "src/cartservice/src/Dockerfile",
            "src/cartservice/src/app",
            "src/checkoutservice/Dockerfile",
            "src/checkoutservice/app",
        ]);
        assert.deepEqual(
            readDockerfile(monorepo(catalog, "acme/shop")["src/cartservice/src/Dockerfile"].content, { MODE: "fast" }),
            {
                copies: [{ sources: ["app"], destination: "/app", intoFolder: false, line: 6 }],
                config: {
                    entrypoint: ["/app"],
                    cmd: undefined,
                    env: { MODE: "fast" },
                    labels: { "org.opencontainers.image.title": "cartservice" },
                    user: "1000",
                    workingDir: undefined,
                    exposedPorts: ["7070/tcp"],
                },
            },
        );
        assert.equal((await stat(join(clone.directory, "src/checkoutservice/app"))).mode & 0o777, 0o755);
    });

    it("makes the same commit twice from the same catalog, message and date", async () => {
        const other = await Repository.clone(origin, join(folder, "other"));
        await writeMonorepo(other.directory, catalog, "acme/shop");
        assert.equal(await clone.commit("Start", { date }), await other.commit("Start", { date }));
    });

    it("changes the tree of the changed service and of no other", async () => {
        const before = await clone.commit("Start", { date });
        await changeService(clone.directory, checkoutservice, "Round totals half up");
        const after = await clone.commit("Round totals", { date });

        const paths = ["src/checkoutservice", "src/cartservice/src", "protos", "src/nowhere", "."];
        const [old, now] = [await clone.treeHashes(before, paths), await clone.treeHashes(after, paths)];
        assert.deepEqual(
            paths.filter((path) => old[path] !== now[path]),
            ["src/checkoutservice", "."],
        );
        assert.equal(now["src/nowhere"], undefined);
        assert.equal(await clone.treeHash(after, "protos"), now.protos);
    });

    it("breaks a service by its image's label alone, and mends it to the very tree that it was", async () => {
        const healthy = await clone.commit("Start", { date });
        await breakService(clone.directory, checkoutservice, "crash");
        await breakService(clone.directory, checkoutservice, "never-ready");
        const labelled = async (commit: string) =>
            readDockerfile((await clone.files(commit, "src/checkoutservice")).Dockerfile.content.toString()).config.labels;
        const broken = await clone.commit("Break it", { date });
        assert.equal((await labelled(broken))["dev.oneflow.sandbox.behaviour"], "never-ready");
        await breakService(clone.directory, checkoutservice, "crash", "migrate");
        const halfBroken = await clone.commit("Break its migration alone", { date });
        assert.equal((await labelled(halfBroken))["dev.oneflow.sandbox.behaviour"], "crash:migrate");

        await mendService(clone.directory, checkoutservice);
        const mended = await clone.commit("Mend it", { date });
        assert.equal(await clone.treeHash(mended, "src/checkoutservice"), await clone.treeHash(healthy, "src/checkoutservice"));
    });

    it("has no source of a third-party image to change", async () => {
        await assert.rejects(
            changeService(clone.directory, redis, "x"),
            /^Error: redis is a third-party image \(127\.0\.0\.1:5000\/redis@sha256:0{64}\): it has no source to change$/,
        );
    });

    it("reads files from the commit, never from a dirty worktree", async () => {
        const commit = await clone.commit("Start", { date });
        const app = join(clone.directory, "src/checkoutservice/app");
        const committed = await readFile(app);
        await writeFile(app, "dirty");
        await writeFile(join(clone.directory, "src/checkoutservice/untracked"), "dirty");

        const files = await clone.files(commit, "src/checkoutservice");
        assert.deepEqual(Object.keys(files), ["Dockerfile", "app"]);
        assert.deepEqual(files.app, { mode: "100755", content: committed });
    });

    it("knows history: branches, merges, ancestors, first parents", async () => {
        const start = await clone.commit("Start", { date });
        await clone.branch("develop-fix");
        await changeService(clone.directory, checkoutservice, "A fix");
        const fix = await clone.commit("Fix", { date });
        await clone.checkout("develop");
        const merged = await clone.merge("develop-fix", "Merge the fix", { date });
        await clone.push("develop");

        assert.deepEqual(
            (await origin.log("develop", { firstParent: true })).map(({ commit, subject, parents }) => [commit, subject, parents]),
            [
                [merged, "Merge the fix", [start, fix]],
                [start, "Start", []],
            ],
        );
        assert.equal((await origin.log("develop", { count: 1 }))[0].date, "2026-01-05T09:00:00Z");
        assert.deepEqual(
            await Promise.all([
                origin.isAncestor(fix, merged),
                origin.isAncestor(merged, fix),
                origin.isAncestor("0".repeat(40), merged),
            ]),
            [true, false, false],
        );
        assert.equal(await origin.find("develop"), merged);
        assert.equal(await origin.find("nothing"), undefined);
        await assert.rejects(origin.commitAt("nothing"), new Error(`${origin.directory} has no commit "nothing"`));
    });

    it("tags releases, fetches what others pushed and opens further worktrees", async () => {
        const start = await clone.commit("Start", { date });
        await clone.push("HEAD");
        const other = await Repository.clone(origin, join(folder, "other"), { branch: "develop" });
        await clone.tag("v1.0.0", "The first", { date });
        await clone.push("v1.0.0");
        await other.fetch();
        assert.equal(await other.commitAt("v1.0.0"), start);

        const released = await other.worktree(join(folder, "released"), "v1.0.0");
        assert.equal(await released.commitAt("HEAD"), start);
        assert.deepEqual(Object.keys(await released.files("HEAD", "protos")), ["README.md"]);
    });

    it("is deaf to the repository of a git hook that runs us", async () => {
        const start = await clone.commit("Start", { date });
        process.env.GIT_DIR = join(folder, "nowhere");
        try {
            assert.equal(await clone.commitAt("HEAD"), start);
        } finally {
            delete process.env.GIT_DIR;
        }
    });

    it("says in git's words why a command failed", async () => {
        await clone.commit("Start", { date });
        await assert.rejects(clone.commit("Nothing new"), /^Error: git commit --quiet -m Nothing new in .+ failed: /);
    });
});
