import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { databaseSchemaOf } from "../../core/release/databaseSchemaStore";
import { pullLock } from "../../core/release/lockStore";
import { publishRelease, releaseOf } from "../../core/release/publish";
import { listedRuns } from "../../core/release/runRecordStore";
import { readSettings } from "../../core/settings/load";
import { runGit } from "../../sandbox/git/command";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import type { KubernetesObject } from "../../sandbox/providers/cloud/objects";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { stackVariables } from "../../sandbox/world/engine";
import type { EnvironmentName } from "../../sandbox/world/names";
import { deploy, push, writeKeys } from "./catalogEdits";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { witness } from "./witness";

const name = "cartservice";
const migrate = { command: ["/app", "migrate"] };
const short = (commit: string) => `${commit.slice(0, 7)}…`;

/** dev and stage, in which cartservice migrates its database. Each test goes on from where the one before left them. */
describe("oneflow rollback on the real engine", function () {
    this.timeout(600_000);
    let shop: Shop;
    let one: string;
    let two: string;
    let three: string;
    /** The run of two, without the pin that it had later. */
    let runOfTwo: string;

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

    const oneflow = async (command: string, environment: EnvironmentName, ...args: string[]) => {
        const { layout, daemon } = shop.world;
        const variables = await stackVariables(layout, daemon, environment);
        const who = ["AUTHOR", "COMMITTER"].flatMap((role) => [
            [`GIT_${role}_NAME`, "Ada"],
            [`GIT_${role}_EMAIL`, "ada@acme.example"],
        ]);
        const child = spawn(process.execPath, [join(layout.operations, "bin", "oneflow.js"), command, environment, ...args], {
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
    const pods = (environment: EnvironmentName = "dev") => running(shop.world, environment);
    /** The keys of the environment's file that a promotion changes, and whether origin's branch has that very file. */
    const file = async (environment: EnvironmentName = "dev") => {
        const text = readFileSync(join(shop.world.layout.operations, `Pulumi.${environment}.yaml`), "utf8");
        const { operations } = shop.delivery;
        await operations.fetch();
        const pushed = (await operations.commitAt("origin/main")) === (await operations.commitAt("HEAD"));
        const config = (parseDocument(text).toJS() as { config: Record<string, unknown> }).config;
        const value = (key: string) => config[`acme-shop:${key}`];
        return { commit: value("commit"), pins: value("pins") ?? {}, catalogOf: value("catalogOf"), pushed };
    };
    const schema = async () =>
        (await databaseSchemaOf(registryAs(shop.world, "auditor"), shop.world.environment("dev"), name))?.label;
    const newest = async () => {
        for await (const { tag } of listedRuns(registryAs(shop.world, "auditor"), shop.world.environment("dev"))) return tag;
        throw new Error("dev has no run");
    };
    const found = <T extends KubernetesObject>(kind: string) => {
        const { project, region, clusters, namespace } = shop.world.environment("dev");
        return shop.world.cloud.objects(`${project}/${region}/${clusters[0].name}`).list<T>(kind, namespace);
    };
    const jobs = () =>
        found("Job")
            .filter(({ metadata }) => metadata.name.startsWith(`${name}-`))
            .map(({ metadata }) => metadata.name.replace(/-[0-9a-f]{8}$/, ""));
    const replicas = () => found<Deployment>("Deployment").find(({ metadata }) => metadata.name === name)?.spec.replicas;
    /** Deployment → the digest that it asks for, whether its pods have come up or not. */
    const wanted = () =>
        Object.fromEntries(
            found<Deployment>("Deployment").map(({ metadata, spec }) => [
                metadata.name,
                spec.template.spec.containers[0].image.split("@")[1],
            ]),
        );

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
        runOfTwo = await newest();
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

    it("goes to a release by its version, in the middle of a freeze in which nothing else may come", async () => {
        const { world, delivery } = shop;
        const lock = (await pullLock(registryAs(world, "auditor"), world.environment("dev"), world.repository, one))!;
        const settings = readSettings({ directory: world.layout.operations, stack: "prod" });
        await publishRelease(registryAs(world, "releaser"), releaseOf(settings, "1.0.0", lock), world.environment("dev"));
        await runGit(world.layout.operations, ["tag", "v1.0.0", one]);
        succeeded(await shop.promote("stage", "v1.0.0"));
        const before = await pods("stage");
        succeeded(await shop.promote("stage", two));
        assert.notEqual((await pods("stage")).checkoutservice, before.checkoutservice);

        for (const [end, when] of [
            ["from", "2020-01-01 00:00"],
            ["to", "2100-01-01 00:00"],
        ]) {
            await delivery.set("stage", ["--path", `environment.freeze[0].${end}`, when]);
        }
        await delivery.commitSettings("Freeze stage");
        const next = await shop.change("frontend", "Show a banner");
        const refused = await oneflow("promote", "stage", next, "--yes");
        assert.equal(refused.status, 2, refused.said);
        assert.match(refused.said, /^ {2}freeze +stage is frozen until Fri 2100-01-01 /m);

        const run = await oneflow("rollback", "stage", "--to", "v1.0.0", "--yes", "--reason", "totals are wrong");
        assert.equal(run.status, 0, run.said);
        assert.match(run.said, /^stage back to v1\.0\.0, healthy at /m);
        assert.deepEqual(await file("stage"), { commit: "v1.0.0", pins: {}, catalogOf: undefined, pushed: true });
        assert.deepEqual(await pods("stage"), before);
        const { request, reason } = (await recorded(world, "stage"))!;
        assert.deepEqual(
            { request, reason },
            { request: { commit: one, release: "v1.0.0", pins: {} }, reason: "totals are wrong" },
        );
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
        const refused = await oneflow("rollback", "dev", "--to", runOfTwo, "--yes");
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
        const run = await oneflow("rollback", "dev", "--to", runOfTwo, "--yes");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual(await file(), { commit: two, pins: {}, catalogOf: undefined, pushed: true });
        assert.deepEqual([await schema(), jobs()], ["2", []]);
        assert.deepEqual((await recorded(shop.world, "dev"))?.schemas, { [name]: "2" });

        // develop declares nothing of the kind.
        writeKeys(shop.world.layout.operations, name, { compatibleWith: undefined });
        await shop.delivery.operations.commit("Declare nothing of schema 2 any more");
        await shop.delivery.operations.push("main");
    });

    it("is stopped by itself too, where a rollout fails behind its migration; the half-done set is taken back by who answers for it", async () => {
        const before = await pods();
        const asked = wanted();
        const four = await push(shop, "Split the table", async (checkout) => {
            await breakService(checkout, shop.world.catalog().services[name], "crash", name);
            writeKeys(checkout, name, { schema: "3" });
        });
        const { operations } = shop.delivery;
        await operations.fetch();
        await operations.merge("origin/develop", "Take over develop");
        await shop.delivery.configure("dev", ["commit", four]);
        const failed = await oneflow("deploy", "dev");
        assert.equal(failed.status, 1, failed.said);
        assert.match(failed.said, /Deployment of dev failed, and dev stays as it is:/);
        assert.ok(
            failed.said.includes(`cartservice: ${short(two)} declares schema 1, and the database of cartservice in dev is at 3`),
        );
        assert.equal(await schema(), "3");
        const after = await pods();
        assert.notEqual(after.frontend, before.frontend);
        assert.deepEqual({ ...after, frontend: before.frontend }, before);
        assert.notEqual(wanted()[name], asked[name]);

        const refused = await oneflow("rollback", "dev", "--yes");
        assert.equal(refused.status, 2, refused.said);
        const run = await oneflow("rollback", "dev", "--yes", "--override", "schema", "--reason", "3 splits nothing that 1 reads");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual([await pods(), wanted()], [before, asked]);
        const { request, schemas } = (await recorded(shop.world, "dev"))!;
        assert.deepEqual(
            { commit: request.commit, rules: request.override?.rules, schemas },
            { commit: two, rules: ["schema"], schemas: { [name]: "3" } },
        );
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("with the settings of then renders the services of that run, until something is promoted again", async () => {
        const then = await newest();
        const five = await push(shop, "Two carts", async (checkout) => {
            await mendService(checkout, shop.world.catalog().services[name]);
            writeKeys(checkout, name, { replicas: 2, compatibleWith: ["1"] });
        });
        succeeded(await deploy(shop, five));
        assert.equal(replicas(), 2);
        const run = await oneflow("rollback", "dev", "--to", then, "--config", "then", "--yes");
        assert.equal(run.status, 0, run.said);
        assert.deepEqual(await file(), { commit: two, pins: {}, catalogOf: then, pushed: true });
        assert.equal(replicas(), 1);
        assert.equal((await recorded(shop.world, "dev"))?.catalog.services[name].replicas, 1);
        const raw = await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]);
        assert.ok(succeeded(raw).output.includes(`Services are rendered as they were in the run ${then}`), raw.output);

        await shop.delivery.set("dev", ["commit", one]);
        const other = await shop.world.pulumi("dev", ["preview"]);
        assert.notEqual(other.code, 0);
        assert.ok(other.output.includes("asks for other images than that run had: checkoutservice."), other.output);
        await shop.undoEdits();

        const again = await oneflow("promote", "dev", five, "--yes");
        assert.equal(again.status, 0, again.said);
        assert.deepEqual(await file(), { commit: five, pins: {}, catalogOf: undefined, pushed: true });
        assert.equal(replicas(), 2);
    });
});

interface Deployment extends KubernetesObject {
    spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
}
