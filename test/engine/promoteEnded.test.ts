import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogImages } from "../../core/release/lock";
import { changeService } from "../../sandbox/git/monorepo";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { stackVariables } from "../../sandbox/world/engine";
import { World } from "../../sandbox/world/world";
import { deploy, push, writeEntries } from "./catalogEdits";
import { deliveredShop } from "./shop";
import { stateOf } from "./witness";

/** Three services that change, and one that comes: a step of every kind that a promotion has. */
const changing = ["adservice", "cartservice", "checkoutservice"];
const gifts = { source: "src/giftservice", port: 7777, calls: ["adservice"] };

/**
 * stage, in front of a commit that ran in dev. Its engine is killed (SIGKILL), and the same command is typed again.
 *
 * The steps come from the events of an undisturbed run, which has one of every kind: the images, every object of the service that comes
 * (account, policy, Deployment, Service), the policies that change with it, the rollouts, the record.
 */
describe("oneflow promote, whose engine is killed", function () {
    this.timeout(900_000);
    let world: World;
    let commit: string;
    let steps: string[];
    let undisturbed: Awaited<ReturnType<typeof outcome>>;
    const folder = mkdtempSync(join(tmpdir(), "oneflow-killed-"));
    const kept = join(folder, "kept");
    const events = join(folder, "events");

    before(async () => {
        const shop = await deliveredShop();
        world = shop.world;
        commit = await push(shop, "Add gifts, change three services", async (checkout) => {
            const { services } = world.catalog();
            for (const name of changing) await changeService(checkout, services[name], "Think of gifts");
            writeEntries(checkout, { giftservice: gifts });
        });
        assert.equal((await deploy(shop, commit)).code, 0);
        symlinkSync(join(__dirname, "killedEngine.js"), join(folder, "pulumi"));
        cpSync(world.layout.root, kept, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });

        const run = await promote();
        assert.equal(run.status, 0, run.said);
        steps = stepsIn(readFileSync(events, "utf8"));
        undisturbed = await outcome();
    });
    after(async () => {
        await World.stop(world.layout.root);
        rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(restore);

    it("has steps of every kind", () => {
        const kinds = new Set(steps.map((step) => step.split(" ").slice(0, 2).join(" ")));
        for (const kind of [
            "update pulumi-nodejs:dynamic/oneflow:PromotedImages",
            "create kubernetes:core/v1:ServiceAccount",
            "create kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "create kubernetes:apps/v1:Deployment",
            "create kubernetes:core/v1:Service",
            "update kubernetes:apps/v1:Deployment",
            "update kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "update pulumi-nodejs:dynamic/oneflow:RunRecord",
        ]) {
            assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join(", ")}`);
        }
    });

    for (const [what, moment, kind] of [
        ["once an image is rolled out", "end", "update kubernetes:apps/v1:Deployment"],
        ["while it writes the record", "begin", "update pulumi-nodejs:dynamic/oneflow:RunRecord"],
    ] as const) {
        it(`${what}, ends as if it had not been, once the same is typed again`, async () => {
            const killed = await promote(`${moment} ${steps.find((step) => step.startsWith(`${kind} `))}`);
            assert.equal(killed.status, 1, killed.said);
            assert.match(killed.said, /Deployment of stage was broken off \(SIGKILL\)/);
            const again = await promote();
            assert.equal(again.status, 0, again.said);
            assert.match(again.said, /Taking that lock away: pulumi cancel -s stage/);
            assert.deepEqual(await outcome(), undisturbed);
        });
    }

    async function restore(): Promise<void> {
        const { root } = world.layout;
        await World.stop(root);
        rmSync(root, { recursive: true, force: true });
        cpSync(kept, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
        world = await World.open(root);
    }

    function stateFile(): string {
        return join(world.layout.state("stage"), ".pulumi", "stacks", "acme-shop", "stage.json");
    }

    async function promote(killAt?: string): Promise<{ status: number; said: string }> {
        const { layout, daemon } = world;
        const variables = await stackVariables(layout, daemon, "stage");
        const program = join(layout.operations, "bin", "oneflow.js");
        const who = Object.fromEntries(
            ["AUTHOR", "COMMITTER"].flatMap((role) => [
                [`GIT_${role}_NAME`, "Ada"],
                [`GIT_${role}_EMAIL`, "ada@acme.example"],
            ]),
        );
        const child = spawn(process.execPath, [program, "promote", "stage", commit, "--yes"], {
            cwd: layout.operations,
            env: {
                ...{ HOME: process.env.HOME, ...variables, ...who, ONEFLOW_ACTOR: "ada" },
                ...{ PATH: `${folder}:${variables.PATH}`, REAL_PULUMI: await toolPath("pulumi"), EVENTS: events },
                ...(killAt !== undefined && { KILL_AT: killAt }),
            },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        return new Promise((resolve) => child.on("close", (code) => resolve({ status: code ?? -1, said })));
    }

    /** Everything that must be as if nothing had happened; when and as which object it came to be is no part of it. */
    async function outcome() {
        const registry = registryAs(world, "auditor");
        const { registry: host, tier, namespace, clusters, project, region } = world.environment("stage");
        const tags = async (image: string) => {
            const repository = `${host}/${tier}/${image}`;
            const names = await registry.tags(repository);
            return Promise.all(names.map(async (tag) => `${tag} ${(await registry.resolve(`${repository}:${tag}`))?.digest}`));
        };
        const images = Object.keys(catalogImages(world.catalog())).sort();
        const record = (await recorded(world, "stage"))!;
        const objects = world.cloud.objects(`${project}/${region}/${clusters[0].name}`).in(namespace);
        const locks = join(world.layout.state("stage"), ".pulumi", "locks", "organization", "acme-shop", "stage");
        return {
            pods: await running(world, "stage"),
            tags: Object.fromEntries(await Promise.all(images.map(async (image) => [image, await tags(image)] as const))),
            record: { ...record, at: "", operations: "" },
            objects: objects
                .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
                .filter((name) => !/^(Pod|ReplicaSet) /.test(name))
                .sort(),
            resources: stateOf(world, "stage")
                .map(({ urn, inputs, dependencies }) => ({ urn, inputs, dependencies: [...(dependencies ?? [])].sort() }))
                .sort((a, b) => (a.urn < b.urn ? -1 : 1)),
            pending: (JSON.parse(readFileSync(stateFile(), "utf8")) as Checkpoint).checkpoint.latest.pending_operations,
            locked: existsSync(locks) && readdirSync(locks).length > 0,
            file: readFileSync(join(world.layout.operations, "Pulumi.stage.yaml"), "utf8"),
        };
    }
});

interface Checkpoint {
    checkpoint: { latest: { pending_operations?: unknown } };
}

/** The steps that change something, in the order in which they began. */
function stepsIn(log: string): string[] {
    return log
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as { resourcePreEvent?: { metadata: { op: string; type: string; urn: string } } })
        .flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? [])
        .filter(({ op, type }) => op !== "same" && !type.startsWith("pulumi:") && !type.startsWith("oneflow:"))
        .map(({ op, type, urn }) => `${op} ${type} ${urn.split("::").pop()}`);
}
