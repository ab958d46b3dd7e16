import assert from "node:assert/strict";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import type { KubernetesObject, Pod } from "../../sandbox/providers/cloud/objects";
import { recorded, running } from "../../sandbox/story/readback";
import type { EngineRun } from "../../sandbox/world/engine";
import { deploy, push, writeKeys } from "./catalogEdits";
import { errors, failedSteps, steps, told } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";

const name = "cartservice";
/** The lines of the engine's report about a Job that failed. */
const failure = (role: string) =>
    new RegExp(
        [
            `resource acme-shop-dev/(${name}-${role}-[0-9a-f]{8}) was successfully created, but .* failed to initialize`,
            "\\[BackoffLimitExceeded\\] Job has reached the specified backoff limit",
            `Pod \\1-[b-t]{5}: containers with unready status: \\[${role}\\] -- \\[Error\\] container "${role}" completed with exit code 1 \\(image \\S+/${name}@sha256:[0-9a-f]{64}\\)`,
        ].join("\n\t\\* "),
    );
const short = (commit: string) => `${commit.slice(0, 7)}…`;

/** `create Job migrate` of `create kubernetes:batch/v1:Job europe-west1-cartservice-migrate-0123abcd`. */
const brief = (step: string) =>
    step
        .replace(/(?:kubernetes|pulumi-nodejs):\S+:/, "")
        .replace("europe-west1-cartservice-", "")
        .replace("europe-west1-", "")
        .replace(/(migrate)-[0-9a-f]{8}$/, "$1");

/** Each test goes on from where the one before left dev. */
describe("Migrations and verifications on the real engine", function () {
    this.timeout(300_000);
    let shop: Shop;
    let described: string;
    let moved: string;
    let finished: string;
    const service = () => shop.world.catalog().services[name];
    const objects = () => {
        const { project, region, clusters } = shop.world.environment("dev");
        return shop.world.cloud.objects(`${project}/${region}/${clusters[0].name}`);
    };
    /** Role of each Job of the service → its uid. */
    const jobs = () => {
        const { namespace } = shop.world.environment("dev");
        const role = ({ metadata }: KubernetesObject) => /-(migrate|verify)-[0-9a-f]{8}$/.exec(metadata.name)![1];
        return Object.fromEntries(
            objects()
                .list("Job", namespace, `${name}-`)
                .map((job) => [role(job), job.metadata.uid]),
        );
    };
    /** What the engine did to the service and the record, in its order; a migration's resource is named after its image. */
    const done = (run: EngineRun) => steps(run).flatMap((step) => (step.includes("oneflow:PromotedImages") ? [] : brief(step)));
    const request = async () => (await recorded(shop.world, "dev"))?.request.commit;
    const digest = async () => (await running(shop.world, "dev"))[name];

    before(async () => {
        shop = await deliveredShop();
    });

    it("come with a service's next image: an entry alone runs no migration, and verifies what runs", async () => {
        described = await push(shop, "Describe the migration", (checkout) =>
            writeKeys(checkout, name, { migrate: { command: ["/app", "migrate"] }, verify: { command: ["/app", "verify"] } }),
        );
        const run = succeeded(await deploy(shop, described));
        assert.deepEqual(done(run), ["update NetworkPolicy cartservice", "create Job verify", "update RunRecord run"]);
        assert.deepEqual(Object.keys(jobs()), ["verify"]);
    });

    it("run in their order: migration, rollout, verification, record", async () => {
        moved = await shop.change(name, "Keep carts for a week");
        const run = succeeded(await deploy(shop, moved));
        assert.deepEqual(done(run), [
            "create Job migrate",
            "update Deployment cartservice",
            "delete-replaced Job verify",
            "replace Job verify",
            "create-replacement Job verify",
            "update RunRecord run",
        ]);
        assert.deepEqual(Object.keys(jobs()), ["migrate", "verify"]);
        finished = jobs().migrate;
        assert.deepEqual((await recorded(shop.world, "dev"))?.migrated, [name]);
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("leave a finished migration alone when only its command is edited", async () => {
        const before = jobs();
        writeKeys(shop.world.layout.operations, name, { migrate: { command: ["/app", "migrate", "--all"] } });
        const run = succeeded(await shop.up("dev"));
        assert.deepEqual(done(run), ["update RunRecord run"]);
        assert.deepEqual(jobs(), before);
        await shop.undoEdits();
        succeeded(await shop.up("dev"));
    });

    it("end the update where a migration fails, with its Job, pod and reason; its Deployment was not touched", async () => {
        const before = { digest: await digest(), request: await request() };
        const broken = await shop.edit("Migrate twice", (directory) => breakService(directory, service(), "crash", "migrate"));
        const run = await deploy(shop, broken);
        assert.notEqual(run.code, 0);
        assert.deepEqual(done(run), []);
        assert.deepEqual(failedSteps(run).map(brief), ["create Job migrate"]);
        assert.match(errors(run)[0], failure("migrate"));
        assert.deepEqual({ digest: await digest(), request: await request() }, before);
    });

    it("are undone by the config of before", async () => {
        const before = jobs();
        const run = succeeded(await deploy(shop, moved));
        assert.deepEqual(done(run), ["delete Job migrate"]);
        assert.deepEqual(jobs(), { migrate: finished, verify: before.verify });
        assert.equal(await request(), moved);
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("record no run where a verification fails; the new image serves, and the report names it and the way back", async () => {
        const before = await digest();
        const broken = await shop.edit("Verify twice", async (directory) => {
            await mendService(directory, service());
            await breakService(directory, service(), "crash", "verify");
        });
        const run = await deploy(shop, broken);
        assert.notEqual(run.code, 0);
        assert.deepEqual(done(run), [
            "create Job migrate",
            "update Deployment cartservice",
            "delete-replaced Job verify",
            "replace Job verify",
        ]);
        assert.deepEqual(failedSteps(run).map(brief), ["create-replacement Job verify"]);
        assert.match(errors(run)[0], failure("verify"));
        assert.notEqual(await digest(), before);
        assert.ok(errors(run)[0].includes(await digest()), errors(run)[0]);
        assert.equal(await request(), moved);
        assert.deepEqual(told(run)[0].split("\n").slice(3), [
            `  Should a rollout fail, what served goes on serving; should verify of ${name} fail, the new one serves. No run is recorded; then`,
            `  → back to ${short(moved)}, healthy at ${(await recorded(shop.world, "dev"))?.at}: pulumi config set commit ${moved} -s dev && pulumi up -s dev`,
            "  → again, once the cause is mended: pulumi up -s dev",
        ]);
    });

    it("run no migration on the way back", async () => {
        const run = succeeded(await deploy(shop, moved));
        assert.deepEqual(done(run), [
            "update Deployment cartservice",
            "delete-replaced Job verify",
            "replace Job verify",
            "create-replacement Job verify",
            "delete Job migrate",
        ]);
        assert.deepEqual(Object.keys(jobs()), ["migrate", "verify"]);
        assert.equal(jobs().migrate, finished);
        assert.equal(await request(), moved);
    });

    it("take a migration away with the set that it was for, and run none on a rollback", async () => {
        const run = succeeded(await deploy(shop, described));
        assert.deepEqual(done(run), [
            "update Deployment cartservice",
            "delete-replaced Job verify",
            "replace Job verify",
            "create-replacement Job verify",
            "update RunRecord run",
            "delete Job migrate",
        ]);
        assert.deepEqual(Object.keys(jobs()), ["verify"]);
        succeeded(await shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("run once more when the service goes forward again, and each image's in the place of the one before", async () => {
        const verified = ["delete-replaced Job verify", "replace Job verify", "create-replacement Job verify"];
        const forward = ["create Job migrate", "update Deployment cartservice", ...verified, "update RunRecord run"];
        const next = await shop.edit("Verify once", async (directory) => {
            await mendService(directory, service());
            await changeService(directory, service(), "Keep carts for a month");
        });
        assert.deepEqual(done(succeeded(await deploy(shop, next))), forward);
        const last = await shop.change(name, "Keep carts for a year");
        assert.deepEqual(done(succeeded(await deploy(shop, last))), [...forward, "delete Job migrate"]);
        assert.deepEqual(Object.keys(jobs()), ["migrate", "verify"]);
        const phases = objects()
            .list<Pod>("Pod", shop.world.environment("dev").namespace, `${name}-`)
            .map(({ status }) => status.phase);
        assert.deepEqual(phases.sort(), ["Running", "Succeeded", "Succeeded"]);
    });
});
