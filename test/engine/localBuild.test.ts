import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { actor } from "../../core/facts/process";
import { Refusal } from "../../core/refusal";
import { workingCopyImage } from "../../core/release/addresses";
import { DockerMissing, openDocker, type DockerDaemon } from "../../sandbox/docker/daemon";
import { changeService } from "../../sandbox/git/monorepo";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { tokenOf } from "../../sandbox/world/credentials";
import { errors, steps, told } from "./engineEvents";
import { deliveredShop, emptyShop, type Shop, succeeded } from "./shop";
import { stateOf, witness } from "./witness";

const service = "cartservice";

/** Each test goes on from where the one before left dev. */
describe("A local build, on the real engine and a real Docker daemon,", function () {
    this.timeout(300_000);
    const { DOCKER_HOST } = process.env;
    let docker: DockerDaemon;
    let shop: Shop;
    let locked: Awaited<ReturnType<typeof running>>;
    let local: string;

    before(async function () {
        docker = await dockerOrSkip(this);
        process.env.DOCKER_HOST = docker.host;
        shop = await deliveredShop();
        locked = await running(shop.world, "dev");
    });
    after(async () => {
        restore(DOCKER_HOST);
        await docker?.stop();
    });

    it("runs what stands in the working copy, pinned by the digest that it was pushed with, and records no run", async () => {
        const { world } = shop;
        const record = await recorded(world, "dev");
        writeBuild(world.layout.operations, service);
        await change("Try something");

        const run = succeeded(await shop.up("dev"));
        assert.deepEqual(steps(run).sort(), [
            "create docker:index/image:Image cartservice",
            "create oneflow:index:LocalImage cartservice",
            "delete pulumi-nodejs:dynamic/oneflow:RunRecord run",
            "update kubernetes:apps/v1:Deployment europe-west1-cartservice",
            "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
        ]);
        assert.equal(
            told(run)[0],
            `dev stays at ${shop.first.slice(0, 7)}…: no image of it changes\n` +
                "  cartservice is built from this working copy (build: local): no run is recorded",
        );
        local = await pushed();
        assert.deepEqual(await running(world, "dev"), { ...locked, [service]: local });
        assert.notEqual(local, locked[service]);
        assert.deepEqual(await recorded(world, "dev"), record);
    });

    it("keeps neither a password nor a path of this machine in the state", () => {
        const state = JSON.stringify(stateOf(shop.world, "dev"));
        assert.equal(state.includes(tokenOf(shop.world.layout, "deployer-dev")), false);
        const [image] = stateOf(shop.world, "dev").filter(({ type }) => type === "docker:index/image:Image");
        assert.equal(JSON.stringify([image.inputs, image.outputs]).includes(shop.world.layout.root), false);
    });

    it("changes nothing where no file changed", async () => {
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("is built anew where a file was edited, and nothing else is touched", async () => {
        await change("Try something better");
        const run = succeeded(await shop.up("dev"));
        assert.deepEqual(steps(run), [
            "update docker:index/image:Image cartservice",
            "update kubernetes:apps/v1:Deployment europe-west1-cartservice",
        ]);
        const before = local;
        local = await pushed();
        assert.notEqual(local, before);
        assert.deepEqual(await running(shop.world, "dev"), { ...locked, [service]: local });
    });

    it("ends before anything changes where no daemon answers", async () => {
        await change("Try something without a daemon");
        process.env.DOCKER_HOST = `${docker.host}.gone`;
        try {
            const run = await shop.up("dev");
            assert.notEqual(run.code, 0);
            assert.match(
                errors(run).join("\n"),
                /Cannot connect to the Docker daemon at unix:.*\.gone\. Is the docker daemon running\?/,
            );
            assert.equal((await running(shop.world, "dev"))[service], local);
        } finally {
            process.env.DOCKER_HOST = docker.host;
        }
    });

    it("fails where the build does, and the image from before goes on serving", async () => {
        const { path, dockerfile } = built();
        const file = join(shop.world.layout.operations, path, dockerfile);
        const text = readFileSync(file, "utf8");
        writeFileSync(file, text.replace("COPY app /app", "COPY appp /app"));
        const run = await shop.up("dev");
        writeFileSync(file, text);
        assert.notEqual(run.code, 0);
        assert.match(errors(run).join("\n"), /"\/appp".*not found|appp: not found/);
        assert.equal((await running(shop.world, "dev"))[service], local);
    });

    for (const stack of ["stage", "platform"]) {
        it(`is refused in ${stack}, which stays as it is to the byte`, async () => {
            const before = await witness(shop.world, stack);
            const run = await shop.up(stack);
            assert.notEqual(run.code, 0);
            assert.equal(
                errors(run)[0],
                [
                    `Configuration of ${stack} refused, nothing was changed:`,
                    "  services.yaml: services.cartservice.build",
                    "      cartservice says build: local, which holds in dev only: what a working copy has is no commit's, so it can never be promoted",
                    "      → delete the line",
                    "      → or, to try the working copy: pulumi up -s dev",
                ].join("\n"),
            );
            assert.deepEqual(await witness(shop.world, stack), before);
        });
    }

    it("gives way to the locked digest once the line is gone, without a daemon, and the run is recorded as ever", async () => {
        const { world } = shop;
        const before = await recorded(world, "dev");
        await docker.stop();
        await shop.undoEdits();
        const run = succeeded(await shop.up("dev"));
        assert.deepEqual(steps(run).sort(), [
            "create pulumi-nodejs:dynamic/oneflow:RunRecord run",
            "delete docker:index/image:Image cartservice",
            "delete oneflow:index:LocalImage cartservice",
            "update kubernetes:apps/v1:Deployment europe-west1-cartservice",
            "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
        ]);
        assert.deepEqual(await running(world, "dev"), locked);
        const record = await recorded(world, "dev");
        assert.equal(record?.set, before?.set);
        assert.notEqual(record?.at, before?.at);
    });

    it("leaves no stack with a docker provider: the line alone asks for one", () => {
        for (const stack of ["platform", "dev", "stage", "prod"]) {
            const providers = stateOf(shop.world, stack).filter(({ type }) => type === "pulumi:providers:docker");
            assert.deepEqual(providers, [], stack);
        }
    });

    it("keeps a commit that holds the line from being built", async () => {
        const { developer } = shop.delivery;
        writeBuild(developer.directory, service);
        await developer.commit("Commit what was meant for one machine");
        await assert.rejects(
            shop.delivery.push(),
            (error) => error instanceof Refusal && error.message.includes("cartservice says build: local, which holds in dev only"),
        );
    });

    function built() {
        const { image } = shop.world.catalog(shop.world.layout.developer).services[service];
        assert.ok(image.from === "source");
        return image;
    }

    function change(what: string): Promise<void> {
        const { layout } = shop.world;
        return changeService(layout.operations, shop.world.catalog(layout.developer).services[service], what);
    }

    /** What the tag of whoever runs this means in dev's tier. */
    async function pushed(): Promise<string> {
        const reference = workingCopyImage(shop.world.environment("dev"), service, actor(process.env));
        return (await registryAs(shop.world, "auditor").resolve(reference))!.digest;
    }
});

describe("A local build in an environment in which nothing was built so far", function () {
    this.timeout(300_000);

    it("runs alone, with the image beside it from where it comes, and everything else is pending", async function () {
        const docker = await dockerOrSkip(this);
        const { DOCKER_HOST } = process.env;
        process.env.DOCKER_HOST = docker.host;
        try {
            const { world, delivery } = await emptyShop();
            succeeded(await delivery.up("platform"));
            world.fetchCredentials();
            writeBuild(world.layout.operations, "loadgenerator");
            const run = succeeded(await delivery.up("dev"));
            assert.match(run.output, /dev runs no commit: develop has no latest lock, so nothing was built so far\./);
            assert.deepEqual(Object.keys(await running(world, "dev")), ["loadgenerator"]);
            assert.equal(await recorded(world, "dev"), undefined);
            succeeded(await world.pulumi("dev", ["preview", "--expect-no-changes"]));
        } finally {
            restore(DOCKER_HOST);
            await docker.stop();
        }
    });
});

/** A daemon, or the test is skipped with the reason. */
async function dockerOrSkip(context: Mocha.Context): Promise<DockerDaemon> {
    try {
        return await openDocker();
    } catch (error) {
        if (error instanceof DockerMissing) {
            console.log(`    local builds are not tested: ${error.message}`);
            context.skip();
        }
        throw error;
    }
}

function restore(host: string | undefined): void {
    if (host === undefined) {
        delete process.env.DOCKER_HOST;
    } else {
        process.env.DOCKER_HOST = host;
    }
}

/** Writes `build: local` to a service of a checkout. */
function writeBuild(checkout: string, name: string): void {
    const file = join(checkout, "services.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["services", name, "build"], "local");
    writeFileSync(file, document.toString({ lineWidth: 0 }));
}
