import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { databaseSchemaOf } from "../../core/release/databaseSchemaStore";
import { changeService } from "../../sandbox/git/monorepo";
import type { KubernetesObject } from "../../sandbox/providers/cloud/objects";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { stackVariables } from "../../sandbox/world/engine";
import { deploy, push, writeKeys } from "./catalogEdits";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { witness } from "./witness";

const name = "cartservice";
const migrate = { command: ["/app", "migrate"] };
const short = (commit: string) => `${commit.slice(0, 7)}…`;

/** dev, in which cartservice migrates its database. Each test goes on from where the one before left it. */
describe("oneflow rollback on the real engine", function () {
    this.timeout(600_000);
    let shop: Shop;
    let one: string;
    let two: string;
    let three: string;

    before(async () => {
        shop = await deliveredShop();
        one = await push(shop, "Number the schema", async (checkout) => {
            await changeService(checkout, shop.world.catalog().services[name], "Keep carts for a week");
            writeKeys(checkout, name, { migrate, schema: "1" });
        });
        succeeded(await deploy(shop, one));
        two = await shop.change("checkoutservice", "Round totals to the cent");
        succeeded(await deploy(shop, two));
    });

    const oneflow = async (...args: string[]) => {
        const { layout, daemon } = shop.world;
        const variables = await stackVariables(layout, daemon, "dev");
        const who = ["AUTHOR", "COMMITTER"].flatMap((role) => [
            [`GIT_${role}_NAME`, "Ada"],
            [`GIT_${role}_EMAIL`, "ada@acme.example"],
        ]);
        const child = spawn(process.execPath, [join(layout.operations, "bin", "oneflow.js"), ...args], {
            cwd: layout.operations,
            env: { HOME: process.env.HOME, ...variables, ...Object.fromEntries(who), ONEFLOW_ACTOR: "ada" },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        return new Promise<{ status: number; said: string }>((resolve) =>
            child.on("close", (code) => resolve({ status: code ?? -1, said })),
        );
    };
    const pods = () => running(shop.world, "dev");
    /** The keys of the environment's file that a promotion changes, and whether origin's branch has that very file. */
    const file = async () => {
        const text = readFileSync(join(shop.world.layout.operations, "Pulumi.dev.yaml"), "utf8");
        const { operations } = shop.delivery;
        await operations.fetch();
        const pushed = (await operations.commitAt("origin/main")) === (await operations.commitAt("HEAD"));
        const config = (parseDocument(text).toJS() as { config: Record<string, unknown> }).config;
        const value = (key: string) => config[`acme-shop:${key}`];
        return { commit: value("commit"), pins: value("pins") ?? {}, catalogOf: value("catalogOf"), pushed };
    };
    const schema = async () =>
        (await databaseSchemaOf(registryAs(shop.world, "auditor"), shop.world.environment("dev"), name))?.label;
    const jobs = () => {
        const { project, region, clusters, namespace } = shop.world.environment("dev");
        const found = shop.world.cloud.objects(`${project}/${region}/${clusters[0].name}`).list("Job", namespace, `${name}-`);
        return found.map((job: KubernetesObject) => job.metadata.name.replace(/-[0-9a-f]{8}$/, ""));
    };
    it("proposes what ran before as a pull request, and changes nothing by itself", async () => {
        const before = { file: await file(), pods: await pods() };
        const run = await oneflow("rollback", "dev");
        assert.match(run.said, new RegExp(`^dev back to ${short(one)}, healthy at \\S+ \\(\\S+, by `, "m"));
        assert.match(run.said, /Pushed rollback\/dev\/\d{8}T\d{6}Z-[0-9a-f]{16}\./);
        assert.deepEqual({ file: await file(), pods: await pods() }, before);
    });

    it("with --yes takes file, branch and pods back in one command, and nothing moves forward by itself", async () => {
        const before = await pods();
        const run = await oneflow("rollback", "dev", "--yes", "--reason", "totals are wrong");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual(await file(), { commit: one, pins: {}, catalogOf: undefined, pushed: true });
        const after = await pods();
        assert.notEqual(after.checkoutservice, before.checkoutservice);
        assert.deepEqual({ ...after, checkoutservice: before.checkoutservice }, before);
        const { request, reason, by } = (await recorded(shop.world, "dev"))!;
        assert.deepEqual({ request, reason, by }, { request: { commit: one, pins: {} }, reason: "totals are wrong", by: "ada" });
        const pushed = await oneflow("deploy", "dev");
        assert.equal(pushed.status, 0, pushed.said);
        assert.deepEqual(await pods(), after);
    });

    it("goes to a run by its commit, and of one service by a pin", async () => {
        const there = await oneflow("rollback", "dev", "--to", two, "--yes");
        assert.equal(there.status, 0, there.said);
        const before = await pods();
        const run = await oneflow("rollback", "dev", "--service", "checkoutservice", "--yes");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual(await file(), { commit: two, pins: { checkoutservice: one }, catalogOf: undefined, pushed: true });
        const after = await pods();
        assert.notEqual(after.checkoutservice, before.checkoutservice);
        assert.deepEqual({ ...after, checkoutservice: before.checkoutservice }, before);
        const list = await oneflow("rollback", "dev", "--list");
        assert.match(list.said, new RegExp(`^\\S+ {2}${short(two)} \\+ 1 pin {2}ada +nothing$`, "m"));
    });

    it("stops before a database that has moved on, until the newer schema is declared to be compatible", async () => {
        three = await push(shop, "Drop a column", async (checkout) => {
            await changeService(checkout, shop.world.catalog().services[name], "Store carts in one table");
            writeKeys(checkout, name, { schema: "2" });
        });
        succeeded(await shop.world.pulumi("dev", ["config", "rm", "--path", "pins.checkoutservice"]));
        succeeded(await deploy(shop, three));
        assert.equal(await schema(), "2");
        assert.deepEqual(jobs(), ["cartservice-migrate"]);

        const before = await witness(shop.world, "dev");
        const refused = await oneflow("rollback", "dev", "--to", two, "--yes");
        assert.equal(refused.status, 2, refused.said);
        assert.ok(
            refused.said.includes(
                `${short(two)} declares schema 1, and the database of cartservice in dev is at 2 since ${short(three)}.`,
            ),
            refused.said,
        );
        assert.deepEqual(await witness(shop.world, "dev"), before);
        assert.equal((await file()).commit, three);

        writeKeys(shop.world.layout.operations, name, { compatibleWith: ["1"] });
        await shop.delivery.operations.commit("Schema 2 only adds: versions of 1 can run on it");
        await shop.delivery.operations.push("main");
        const run = await oneflow("rollback", "dev", "--to", two, "--yes");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual([(await file()).commit, await schema(), jobs()], [two, "2", []]);
        assert.deepEqual((await recorded(shop.world, "dev"))?.schemas, { [name]: "2" });
    });
});
