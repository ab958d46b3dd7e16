import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../../core/refusal";
import type { Registry } from "../../core/registry/model";
import { pullLock } from "../../core/release/lockStore";
import { contentPlan } from "../../core/workflows/contentPlan";
import type { PipelineReport } from "../../sandbox/ci/pipeline";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import { type CiWorld, makeCiWorld, source } from "./ciWorld";

describe("a push's pipeline", () => {
    let world: CiWorld;
    let start: string;

    beforeEach(async () => {
        world = await makeCiWorld();
        start = await world.push("Start");
    });
    afterEach(() => world.close());

    const images = ["cartservice", "checkoutservice", "checkoutservice/wait", "redis"];
    const change = async (service: string, what: string) => {
        await changeService(world.work.directory, world.catalog.services[service], what);
        return world.push(what);
    };
    const lockOf = (commit: string) => pullLock(world.registry, world.tier, source, commit);
    const latest = async () => (await lockOf("latest"))?.source.commit;

    it("builds what the repository builds, mirrors the rest, locks the commit and lets latest mean it", async () => {
        const lines: string[] = [];
        const report = await world.build(start, { log: (line) => lines.push(line) });

        assert.deepEqual(outcomes(report), {
            cartservice: "built",
            checkoutservice: "built",
            "checkoutservice/wait": "mirrored",
            redis: "mirrored",
        });
        assert.deepEqual([report.failures, report.latest, report.unchanged], [[], "moved", false]);
        for (const name of images) {
            const { digest } = report.images[name];
            assert.deepEqual([await world.tag(name, start), await world.tag(name, "latest")], [digest, digest]);
        }
        const { redis } = world.catalog.services;
        assert.ok(redis.image.from === "thirdParty");
        assert.deepEqual(await lockOf(start), {
            schema: "oneflow.dev/lock/v1",
            source: { repository: "acme/shop", commit: start, branch: "develop" },
            catalog: world.catalog,
            images: {
                cartservice: { commit: start, digest: report.images.cartservice.digest },
                checkoutservice: { commit: start, digest: report.images.checkoutservice.digest },
                "checkoutservice/wait": {
                    source: world.catalog.services.checkoutservice.init[0].image.source,
                    digest: world.catalog.services.checkoutservice.init[0].image.digest,
                },
                redis: { source: redis.image.source, digest: redis.image.digest },
            },
        });
        assert.equal(await latest(), start);
        assert.equal(lines.length, images.length + 1);
        assert.equal(lines.at(-1), `lock ${start} pushed, latest moved`);
    });

    it("gives an unchanged service a tag and builds the changed one alone", async () => {
        const before = await world.build(start);
        const second = await change("checkoutservice", "Round totals half up");
        const after = await world.build(second);

        assert.deepEqual(outcomes(after), {
            cartservice: "tagged",
            checkoutservice: "built",
            "checkoutservice/wait": "tagged",
            redis: "tagged",
        });
        assert.deepEqual(
            images.filter((name) => before.images[name].digest !== after.images[name].digest),
            ["checkoutservice"],
        );
        assert.equal(await world.tag("cartservice", second), before.images.cartservice.digest);
        const lock = await lockOf(second);
        assert.deepEqual(lock?.images.cartservice, { commit: start, digest: before.images.cartservice.digest });
        assert.deepEqual(lock?.images.checkoutservice, { commit: second, digest: after.images.checkoutservice.digest });
    });

    it("finds the image of a reverted change again", async () => {
        const { checkoutservice } = world.catalog.services;
        const healthy = await world.build(start);
        await breakService(world.work.directory, checkoutservice, "crash");
        const broken = await world.build(await world.push("Break checkout"));
        await mendService(world.work.directory, checkoutservice);
        const mended = await world.build(await world.push("Mend checkout"));

        assert.equal(broken.images.checkoutservice.outcome, "built");
        assert.notEqual(broken.images.checkoutservice.digest, healthy.images.checkoutservice.digest);
        assert.deepEqual(mended.images.checkoutservice, { outcome: "tagged", digest: healthy.images.checkoutservice.digest });
    });

    it("changes no byte of the registry when it runs again, and says so", async () => {
        const first = await world.build(start);
        const bytes = await world.files.contentHash();
        const again = await world.build(start);

        assert.equal(await world.files.contentHash(), bytes);
        assert.equal(again.unchanged, true);
        assert.equal(again.latest, "unchanged");
        assert.deepEqual(
            Object.fromEntries(Object.entries(again.images).map(([name, { outcome, digest }]) => [name, [outcome, digest]])),
            Object.fromEntries(Object.entries(first.images).map(([name, { digest }]) => [name, ["unchanged", digest]])),
        );
    });

    it("goes on where a run broke off, with the digests that it would have had", async () => {
        const broken: Registry = Object.assign(Object.create(world.registry), {
            tag: async (repository: string, digest: never, tag: string, options: never) => {
                if (repository.endsWith("/checkoutservice") && tag === start) {
                    throw new Error("the runner was lost");
                }
                return world.registry.tag(repository, digest, tag, options);
            },
        });
        await assert.rejects(world.build(start, { registry: broken }), /^Error: the runner was lost$/);
        assert.equal(await lockOf(start), undefined);

        const report = await world.build(start);
        const [{ tag }] = contentPlan(
            { services: { checkoutservice: world.catalog.services.checkoutservice } },
            source,
            await world.git.treeHashes(start, ["src/checkoutservice"]),
            ["linux/amd64"],
        );
        assert.deepEqual(report.images.checkoutservice, { outcome: "tagged", digest: await world.tag("checkoutservice", tag) });
        assert.equal(await latest(), start);
    });

    it("locks nothing and leaves latest alone when a service does not build, and names service and line", async () => {
        await world.build(start);
        await writeFile(join(world.work.directory, "src/checkoutservice/Dockerfile"), "FROM scratch\nCOPY app /app\nRUN make\n");
        const commit = await change("cartservice", "Keep carts for a week");
        const report = await world.build(commit);

        assert.deepEqual(report.failures, [
            {
                subject: "checkoutservice",
                message:
                    "src/checkoutservice/Dockerfile:3: RUN is refused: after FROM the sandbox builds ARG, COPY, ENV, LABEL, USER, WORKDIR, EXPOSE, ENTRYPOINT, CMD only",
                remedy: "mend it, commit and push: the new commit is built",
            },
        ]);
        assert.deepEqual(outcomes(report), { cartservice: "built", "checkoutservice/wait": "tagged", redis: "tagged" });
        assert.deepEqual([report.lock, report.latest, report.unchanged], [undefined, undefined, false]);
        assert.deepEqual([await lockOf(commit), await latest()], [undefined, start]);
        assert.equal(await world.tag("cartservice", "latest"), await world.tag("cartservice", start));
    });

    it("names every folder that the commit lacks", async () => {
        const { cartservice } = world.catalog.services;
        assert.ok(cartservice.image.from === "source");
        const moved = { ...cartservice, image: { ...cartservice.image, path: "src/cart", alsoBuildFrom: ["schemas"] } };
        const report = await world.build(start, { catalog: { services: { ...world.catalog.services, cartservice: moved } } });
        assert.deepEqual(report.failures, [
            {
                subject: "cartservice",
                message: "schemas, src/cart: no such path in the commit",
                remedy: "correct the service's source in services.yaml, or commit the path",
            },
        ]);
    });

    it("fails where the upstream does not have the third-party image", async () => {
        const { redis } = world.catalog.services;
        assert.ok(redis.image.from === "thirdParty");
        const digest = `sha256:${"1".repeat(64)}` as const;
        const image = { ...redis.image, source: redis.image.source.replace(redis.image.digest, digest), digest };
        const report = await world.build(start, {
            catalog: { services: { ...world.catalog.services, redis: { ...redis, image } } },
        });
        assert.deepEqual(
            report.failures.map(({ subject, message }) => [subject, message.includes(`does not have ${digest}`)]),
            [["redis", true]],
        );
        assert.equal(await lockOf(start), undefined);
    });

    it("fails for whoever may not push, and nothing reaches the registry", async () => {
        const bytes = await world.files.contentHash();
        const report = await world.build(start, world.as("reader-token"));
        assert.deepEqual(
            report.failures.map(({ subject }) => subject),
            images,
        );
        for (const { message } of report.failures) {
            assert.match(message, /artifactregistry\.repositories\.uploadArtifacts/);
        }
        assert.equal(await world.files.contentHash(), bytes);
    });

    it("never builds a locked commit's image again: neither a tag that moved nor one that is gone passes", async () => {
        const report = await world.build(start);
        const second = await world.build(await change("checkoutservice", "Round totals half up"));
        const repository = `${world.tier.registry}/develop/checkoutservice`;
        const [was, is] = [report.images.checkoutservice.digest, second.images.checkoutservice.digest];
        await world.registry.tag(repository, is, start, { move: true });

        const again = await world.build(start);
        assert.deepEqual(again.failures, [
            {
                subject: "checkoutservice",
                message: `${repository}:${start} means ${is}, and the commit's lock says ${was}: the tag was moved`,
                remedy: `crane tag ${repository}@${was} ${start}`,
            },
        ]);
        assert.equal(again.lock, undefined);

        await rm(join(world.files.directory, "repositories/acme-dev/develop/checkoutservice/_tags", start));
        const without = await world.build(start);
        assert.deepEqual(without.failures, [
            {
                subject: "checkoutservice",
                message: `${repository}:${start} is gone, and the commit's lock says that it was ${was}. It is not built again under its tag`,
                remedy: 'git commit --allow-empty -m "Build again" && git push',
            },
        ]);
        assert.equal(await world.tag("checkoutservice", start), undefined);
    });

    it("does not let latest go back when the older push's pipeline ends last", async () => {
        const second = await change("checkoutservice", "Round totals half up");
        const newer = await world.build(second);
        const older = await world.build(start);

        assert.deepEqual([newer.latest, older.latest], ["moved", "left"]);
        assert.equal(await latest(), second);
        for (const name of images) {
            assert.equal(await world.tag(name, "latest"), newer.images[name].digest);
        }
    });

    it("ends with the newest as latest when pipelines of several pushes run at once", async () => {
        const commits = [start];
        for (const what of ["Round totals", "Keep carts", "Greet"]) {
            commits.push(await change("checkoutservice", what));
        }
        const reports = await Promise.all(commits.map((commit) => world.build(commit)));
        const newest = reports.at(-1)!;
        assert.equal(await latest(), commits.at(-1));
        for (const name of images) {
            assert.equal(await world.tag(name, "latest"), newest.images[name].digest);
        }
    });

    it("lets latest mean anything once develop was rewritten, but never a commit that develop has lost", async () => {
        const dropped = await change("checkoutservice", "A mistake");
        await world.build(start);
        await world.build(dropped);
        const alsoDropped = await change("checkoutservice", "Another mistake");
        await world.work.checkout(start);
        await changeService(world.work.directory, world.catalog.services.cartservice, "Keep carts");
        const rewritten = await world.work.commit("Keep carts");
        await world.work.forcePush("HEAD:develop");

        assert.equal((await world.build(alsoDropped)).latest, "left");
        assert.equal(await latest(), dropped);
        assert.equal((await world.build(rewritten)).latest, "moved");
        assert.equal(await latest(), rewritten);
    });

    it("finishes moving latest where an earlier run came no further than the lock", async () => {
        const first = await world.build(start);
        const second = await world.build(await change("checkoutservice", "Round totals half up"));
        const repository = `${world.tier.registry}/develop/checkoutservice`;
        await world.registry.tag(repository, first.images.checkoutservice.digest, "latest", { move: true });

        assert.equal((await world.build(second.commit)).latest, "moved");
        assert.equal(await world.tag("checkoutservice", "latest"), second.images.checkoutservice.digest);
    });

    it("builds main and hotfix branches without touching latest", async () => {
        await world.build(start);
        await world.work.branch("hotfix/totals");
        const fix = await change("checkoutservice", "Round totals half up");
        const report = await world.build(fix, { branch: "hotfix/totals" });
        assert.deepEqual([report.branch, report.latest, report.lock?.source.branch], ["hotfix", undefined, "hotfix"]);
        assert.equal((await world.build(fix, { branch: "master" })).branch, "main");
        assert.equal(await latest(), start);
    });

    it("keeps one lock for a commit that is pushed to two branches, even at once", async () => {
        const lines: string[] = [];
        const log = (line: string) => lines.push(line);
        const [onDevelop, onMain] = await Promise.all([world.build(start, { log }), world.build(start, { branch: "main", log })]);
        assert.deepEqual(onMain.lock, onDevelop.lock);
        assert.deepEqual(await lockOf(start), onDevelop.lock);
        assert.equal(lines.filter((line) => line.startsWith(`lock ${start} pushed`)).length, 1);
        assert.equal(lines.filter((line) => / built /.test(line)).length, 2);
        assert.equal(await latest(), start);
    });

    it("refuses a branch that nobody delivers from", async () => {
        await assert.rejects(world.build(start, { branch: "feature/x" }), (error) => {
            assert.ok(error instanceof Refusal);
            assert.deepEqual(error.problems, [
                {
                    subject: "feature/x",
                    message: "is not a branch that is built: expected develop, main, master or hotfix/<name>.",
                    remedy: `git push origin ${start}:develop`,
                },
            ]);
            return true;
        });
        assert.deepEqual(await world.files.repositories(), []);
    });

    it("refuses what is not the full SHA of a pushed commit, which its tags could not stand for", async () => {
        await changeService(world.work.directory, world.catalog.services.cartservice, "Not pushed");
        const unpushed = await world.work.commit("Not pushed");
        for (const commit of [start.slice(0, 12), "develop", unpushed]) {
            await assert.rejects(world.build(commit), (error) => {
                assert.ok(error instanceof Refusal);
                assert.deepEqual(error.problems, [
                    {
                        subject: commit,
                        message: `is not the full SHA of a commit of ${world.git.directory}.`,
                        remedy: "git push origin develop",
                    },
                ]);
                return true;
            });
        }
    });

    it("leaves services of other repositories to their own pipelines", async () => {
        const { cartservice } = world.catalog.services;
        assert.ok(cartservice.image.from === "source");
        const elsewhere = { ...cartservice, image: { ...cartservice.image, repository: "acme/cart" } };
        const report = await world.build(start, { catalog: { services: { ...world.catalog.services, cartservice: elsewhere } } });
        assert.deepEqual(Object.keys(report.lock!.catalog.services).sort(), ["checkoutservice", "redis"]);
        assert.deepEqual(Object.keys(report.images).sort(), ["checkoutservice", "checkoutservice/wait", "redis"]);
    });
});

function outcomes({ images }: PipelineReport): Record<string, string> {
    return Object.fromEntries(Object.entries(images).map(([name, { outcome }]) => [name, outcome]));
}
