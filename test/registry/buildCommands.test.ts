import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { BuildPlan } from "../../core/build/plan";
import { pullLock } from "../../core/release/lockStore";
import { changeService } from "../../sandbox/git/monorepo";
import { buildImage } from "../../sandbox/registry/images";
import { oneflowIn } from "../unit/command";
import { environmentFile, valid } from "../unit/settingsFixture";
import { type CiWorld, makeCiWorld, source } from "./ciWorld";

/** The commands as the build workflow runs them, one after the other, with docker's login and a build in place of buildx. */
describe("the commands of the build workflow", () => {
    let world: CiWorld;
    let folder: string;
    let start: string;
    const docker = process.env.DOCKER_CONFIG;

    beforeEach(async () => {
        world = await makeCiWorld();
        start = await world.push("Start");
        folder = mkdtempSync(join(tmpdir(), "oneflow-build-"));
        const [host] = world.tier.registry.split("/");
        const auth = Buffer.from("oauth2accesstoken:builder-token").toString("base64");
        mkdirSync(join(folder, "docker"));
        writeFileSync(join(folder, "docker", "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
        process.env.DOCKER_CONFIG = join(folder, "docker");
        for (const [name, content] of Object.entries({ ...valid, ...settingsFiles() })) {
            writeFileSync(join(folder, name), stringify(content));
        }
    });
    afterEach(async () => {
        if (docker === undefined) delete process.env.DOCKER_CONFIG;
        else process.env.DOCKER_CONFIG = docker;
        rmSync(folder, { recursive: true });
        await world.close();
    });

    const settingsFiles = () => {
        const { redis } = world.catalog.services;
        const image = redis.image.from === "thirdParty" ? redis.image.source : "";
        return {
            "services.yaml": {
                defaults: { repository: source },
                services: {
                    cartservice: {
                        source: { path: "src/cartservice/src", args: { MODE: "fast" }, alsoBuildFrom: ["protos"] },
                        port: 7070,
                    },
                    checkoutservice: { source: "src/checkoutservice", port: 5050 },
                    redis: { image, port: 6379 },
                },
            },
            "Pulumi.dev.yaml": environmentFile("dev", {
                "shop:commit": "latest",
                "shop:environment": { registry: world.tier.registry },
            }),
        };
    };
    const oneflow = async (command: string, commit: string, ...more: string[]) => {
        const where = ["--source", world.work.directory, "--repository", source, "--commit", commit];
        return oneflowIn(folder, [command, ...where, ...more]);
    };
    const done = async (...args: Parameters<typeof oneflow>) => {
        const { status, stdout, stderr } = await oneflow(...args);
        assert.equal(status, 0, stderr);
        return stdout;
    };
    const plan = async (commit: string, ...more: string[]) => JSON.parse(await done("plan", commit, ...more)) as BuildPlan;
    const names = ({ build, tag, unchanged }: BuildPlan) => [build.map(({ name }) => name), tag.map(({ name }) => name), unchanged];
    const built = async (service: string, content: string) => {
        const image = buildImage({ files: { content: { content } } });
        await world.as("builder-token").push(`${world.tier.registry}/${world.tier.tier}/${service}`, image);
        return image.digest;
    };
    const build = async (commit: string) => {
        const { build: needed } = await plan(commit);
        await done("carry", commit);
        for (const { name, tag } of needed) await done("tag", commit, "--service", name, "--digest", await built(name, tag));
        return done("lock", commit, "--branch", "develop");
    };
    const change = async (service: string, what: string) => {
        await changeService(world.work.directory, world.catalog.services[service], what);
        return world.push(what);
    };

    it("build what is new, tag what is not, mirror the rest, lock the commit and let latest mean it", async () => {
        assert.deepEqual(names(await plan(start)), [["cartservice", "checkoutservice"], [], []]);
        assert.deepEqual((await plan(start)).build[0], {
            name: "cartservice",
            context: "src/cartservice/src",
            dockerfile: "src/cartservice/src/Dockerfile",
            args: "MODE=fast",
            contexts: "protos=./protos",
            platforms: "linux/amd64",
            tag: (await plan(start)).build[0].tag,
        });
        assert.equal(await build(start), `lock of ${start} pushed\nlatest moved\n`);

        const second = await change("cartservice", "Change the cart");
        assert.deepEqual(names(await plan(second)), [["cartservice"], ["checkoutservice"], []]);
        assert.equal(await build(second), `lock of ${second} pushed\nlatest moved\n`);
        assert.equal(await world.tag("checkoutservice", second), await world.tag("checkoutservice", start));
        assert.notEqual(await world.tag("cartservice", second), await world.tag("cartservice", start));
        assert.equal(await world.tag("redis", second), await world.tag("redis", start));
        assert.deepEqual((await oneflowIn(folder, ["latest", "dev"])).stdout, `commit=${second}\n`);
        const lock = await pullLock(world.registry, world.tier, source, second);
        assert.deepEqual(
            Object.entries(lock!.images).map(([name, image]) => [name, "commit" in image ? image.commit : image.source]),
            [
                ["cartservice", second],
                ["checkoutservice", start],
                ["redis", settingsFiles()["services.yaml"].services.redis.image],
            ],
        );
    });

    it("do nothing when they run again", async () => {
        await build(start);
        const before = await world.files.digest("acme-dev/develop/locks/acme/shop", "latest");
        assert.deepEqual(names(await plan(start)), [[], [], ["cartservice", "checkoutservice"]]);
        assert.equal(await done("carry", start), `${start} has its lock: nothing to carry\n`);
        assert.equal(await done("lock", start, "--branch", "develop"), `lock of ${start} unchanged\nlatest unchanged\n`);
        assert.equal(await world.files.digest("acme-dev/develop/locks/acme/shop", "latest"), before);
    });

    it("lock nothing while an image is missing, and say which", async () => {
        await done("carry", start);
        await done("tag", start, "--service", "cartservice", "--digest", await built("cartservice", "cart"));
        const { status, stderr } = await oneflow("lock", start, "--branch", "develop");
        assert.equal(status, 2);
        assert.match(stderr, new RegExp(`^Lock of ${start} refused, nothing was changed:\n  checkoutservice  `));
        assert.ok(!stderr.includes("cartservice"));
        assert.equal(await pullLock(world.registry, world.tier, source, start), undefined);
    });

    it("take the image of another run that built the same content meanwhile", async () => {
        const first = await built("cartservice", "the first");
        await done("tag", start, "--service", "cartservice", "--digest", first);
        const same = await world.push(touched());
        const late = await built("cartservice", "the second, not byte by byte the same");
        const said = await done("tag", same, "--service", "cartservice", "--digest", late);
        assert.equal(said, `cartservice tagged ${first}, which another run built\n`);
        assert.equal(await world.tag("cartservice", same), first);
    });

    it("let latest alone where it means a later commit, and never move it for another branch", async () => {
        const second = await change("cartservice", "Change the cart");
        await build(second);
        assert.match(await build(start), /\nlatest left\n$/);
        const overtaken = await oneflowIn(folder, ["latest", "dev", "--pushed", start]);
        assert.deepEqual(
            [overtaken.stdout, overtaken.stderr],
            ["", `latest means ${second} by now, not ${start}: the run of that push deploys it.\n`],
        );
        assert.equal((await oneflowIn(folder, ["latest", "dev", "--pushed", second])).stdout, `commit=${second}\n`);
        await world.work.branch("hotfix/cart");
        const hotfix = await change("cartservice", "Mend the cart");
        await done("carry", hotfix);
        for (const { name } of (await plan(hotfix)).build) {
            await done("tag", hotfix, "--service", name, "--digest", await built(name, "mended"));
        }
        assert.equal(await done("lock", hotfix, "--branch", "hotfix/cart"), `lock of ${hotfix} pushed\n`);
        assert.equal((await pullLock(world.registry, world.tier, source, "latest"))!.source.commit, second);
    });

    it("plan a pull request by what it changes, without a registry", async () => {
        delete process.env.DOCKER_CONFIG;
        const second = await change("cartservice", "Change the cart");
        assert.deepEqual(names(await plan(second, "--since", start)), [["cartservice"], [], ["checkoutservice"]]);
    });

    it("refuse a commit that is not there, and a call that names none", async () => {
        const { status, stderr } = await oneflow("plan", "0".repeat(40));
        assert.equal(status, 2);
        assert.match(stderr, /0{40}\n\s+is not the full SHA of a commit in /);
        const none = await oneflowIn(folder, ["plan", "--source", world.work.directory]);
        assert.match(none.stderr, /is missing --repository, --commit/);
    });

    it("leave an environment that its file holds", async () => {
        await build(start);
        writeFileSync(
            join(folder, "Pulumi.dev.yaml"),
            stringify(environmentFile("dev", { "shop:commit": start, "shop:environment": { registry: world.tier.registry } })),
        );
        const { stdout, stderr } = await oneflowIn(folder, ["latest", "dev"]);
        assert.equal(stdout, "");
        assert.match(stderr, new RegExp(`^dev does not follow latest: it is held at ${start} in Pulumi.dev.yaml`));
    });

    /** A commit that changes no service. */
    function touched(): string {
        writeFileSync(join(world.work.directory, "README.md"), "changed\n");
        return "Change the README";
    }
});
