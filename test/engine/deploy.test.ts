import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Proposed } from "../../core/deployment/proposed";
import { openFailures } from "../../core/release/failedRunStore";
import { breakService, mendService } from "../../sandbox/git/monorepo";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { stackVariables } from "../../sandbox/world/engine";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { witness } from "./witness";

const short = (commit: string) => `${commit.slice(0, 7)}…`;

/** dev of the operations repository's checkout, which names a commit, and later follows latest. Each test goes on from the one before. */
describe("oneflow deploy", function () {
    this.timeout(300_000);
    let shop: Shop;
    let broken: string;
    let output: string;
    let summary: string;

    before(async () => {
        shop = await deliveredShop();
        output = join(shop.world.layout.root, "output");
        summary = join(shop.world.layout.root, "summary");
        broken = await shop.edit("Break the checkout", (directory) =>
            breakService(directory, shop.world.catalog().services.checkoutservice, "crash"),
        );
        await shop.delivery.configure("dev", ["commit", broken]);
    });
    beforeEach(() => [output, summary].forEach((file) => rmSync(file, { force: true })));

    const deploy = async (...args: string[]) => {
        const { layout, daemon } = shop.world;
        const variables = await stackVariables(layout, daemon, "dev");
        const program = join(layout.operations, "bin", "oneflow.js");
        const child = spawn(process.execPath, [program, "deploy", "dev", "--output", output, ...args], {
            cwd: layout.operations,
            env: { HOME: process.env.HOME, ...variables, GITHUB_STEP_SUMMARY: summary, ONEFLOW_ACTOR: "ada" },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let stdout = "";
        let stderr = "";
        child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        const said = (words: string) =>
            new Promise<void>((resolve) => child.stderr.on("data", () => stderr.includes(words) && resolve()));
        const code = new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? -1)));
        return { said, ended: code.then((status) => ({ status, stdout, stderr })) };
    };
    const ended = async (...args: string[]) => (await deploy(...args)).ended;
    const pods = () => running(shop.world, "dev");
    const failures = () => openFailures(registryAs(shop.world, "auditor"), shop.world.environment("dev"));

    it("goes back to what was healthy where the rollout fails, ends red, and proposes the file of before", async () => {
        const before = await pods();
        const since = (await recorded(shop.world, "dev"))!.at;
        const run = await ended();
        assert.equal(run.status, 1, run.stdout + run.stderr);
        assert.deepEqual(await pods(), before);
        assert.equal((await recorded(shop.world, "dev"))!.at, since);

        const report = run.stderr.slice(run.stderr.indexOf("Deployment of dev failed"));
        assert.match(report, /^Deployment of dev failed, and dev went back:\n {2}Deployment europe-west1-checkoutservice\n/);
        assert.ok(report.includes(`runs ${short(shop.first)}, healthy at ${since}, in all its clusters.`), report);
        assert.ok(report.includes("→ merge the pull request that takes Pulumi.dev.yaml back"), report);
        assert.ok(readFileSync(summary, "utf8").startsWith("## Deployment of dev failed, and dev went back\n"));

        const [failure, ...others] = await failures();
        assert.deepEqual(others, []);
        assert.deepEqual([failure.request, failure.by], [{ commit: broken, pins: {} }, "ada"]);
        assert.deepEqual(
            failure.failures.map(({ resource }) => resource),
            ["Deployment europe-west1-checkoutservice"],
        );
        const { branch, file, text } = proposal();
        assert.equal(branch, `revert/dev/${broken.slice(0, 12)}`);
        assert.equal(file, "Pulumi.dev.yaml");
        const asked = readFileSync(join(shop.world.layout.operations, file), "utf8");
        assert.equal(text, asked.replace(broken, shop.first));
    });

    it("refuses the same again while its revert is open, and changes nothing", async () => {
        const before = await witness(shop.world, "dev");
        const run = await ended();
        assert.equal(run.status, 2, run.stderr);
        assert.match(run.stderr, /^Deployment of dev refused, nothing was changed:\n/);
        assert.ok(run.stderr.includes(`This very deployment of ${short(broken)} failed before`), run.stderr);
        assert.equal(readFileSync(summary, "utf8"), `## dev was not deployed\n\n~~~\n${run.stderr.trimEnd()}\n~~~\n`);
        assert.deepEqual(await witness(shop.world, "dev"), before);
    });

    it("tries it again where it is told to", async () => {
        const before = await pods();
        const run = await ended("--retry");
        assert.equal(run.status, 1, run.stderr);
        assert.match(run.stderr, /Deployment of dev failed, and dev went back:/);
        assert.deepEqual(await pods(), before);
        assert.equal((await failures()).length, 2);
    });

    it("takes the merged revert quietly, and may be asked for the same again then", async () => {
        await shop.delivery.configure("dev", ["commit", shop.first]);
        const before = await pods();
        const run = await ended();
        assert.equal(run.status, 0, run.stderr);
        assert.match(run.stdout, /\n {4}\d+ unchanged\n/);
        assert.ok(!/ (updated|created|deleted)/.test(run.stdout), run.stdout);
        assert.deepEqual(await pods(), before);
        assert.deepEqual(await failures(), []);
        const [headline, , origin] = readFileSync(summary, "utf8").split("\n");
        const address = `${shop.world.daemon.registry}/acme-dev/develop`;
        assert.deepEqual(
            [headline, origin],
            [`## dev runs ${short(shop.first)}`, `Asked for: ${shop.first}. Images come from \`${address}\`.`],
        );
        assert.ok(
            readFileSync(summary, "utf8").includes(
                `| checkoutservice | \`${before.checkoutservice}\` | ${short(shop.first)} |  |\n`,
            ),
        );
    });

    it("that follows latest goes back without a file to change, and names the commit to revert", async () => {
        await shop.delivery.configure("dev", ["commit", "latest"]);
        const before = await pods();
        const run = await ended("--pushed", `acme/shop@${broken}`);
        assert.equal(run.status, 1, run.stderr);
        assert.ok(run.stderr.includes(`→ git revert ${broken} && git push   # on develop, which dev follows`), run.stderr);
        assert.deepEqual(await pods(), before);
        assert.throws(proposal, /ENOENT/);
        assert.equal((await ended("--pushed", `acme/shop@${broken}`)).status, 2);
    });

    it("leaves a push to the later one that overtook it, and deploys that", async () => {
        const mended = await shop.edit("Mend the checkout", (directory) =>
            mendService(directory, shop.world.catalog().services.checkoutservice),
        );
        const overtaken = await ended("--pushed", `acme/shop@${broken}`);
        assert.equal(overtaken.status, 0);
        assert.equal(overtaken.stdout, "");
        assert.equal(overtaken.stderr, `latest means ${mended} by now, not ${broken}: the run of that push deploys it.\n`);
        const run = await ended("--pushed", `acme/shop@${mended}`);
        assert.equal(run.status, 0, run.stderr);
        assert.deepEqual(await failures(), []);
        const text = readFileSync(join(shop.world.layout.operations, "Pulumi.dev.yaml"), "utf8");
        assert.match(text, /acme-shop:commit: latest\n/);
    });

    it("waits for who holds the state, and says who never let it go", async () => {
        const lock = (process: { pid: number; username: string; hostname: string }) => {
            const file = join(shop.world.layout.state("dev"), ".pulumi", "locks", "organization", "acme-shop", "dev", "held.json");
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, JSON.stringify({ ...process, timestamp: "2026-11-22T01:00:00Z" }));
            return file;
        };
        const elsewhere = lock({ pid: 4711, username: "runner", hostname: "runner-1" });
        const never = await ended("--lock-timeout", "1s");
        assert.equal(never.status, 1);
        assert.ok(never.stderr.includes("runner@runner-1 (pid 4711) holds it since 2026-11-22T01:00:00Z"), never.stderr);
        assert.ok(never.stderr.includes("→ pulumi cancel -s dev"), never.stderr);

        const { said, ended: end } = await deploy("--lock-timeout", "2m");
        await said("The state of dev is locked by runner@runner-1 (pid 4711)");
        rmSync(elsewhere);
        assert.equal((await end).status, 0);

        // No process has the last id that there can be.
        const gone = lock({ pid: 2 ** 22 - 1, username: "ada", hostname: hostname() });
        const left = await ended("--lock-timeout", "1h");
        assert.equal(left.status, 1);
        assert.ok(left.stderr.includes("its state is locked, and who locked it is gone."), left.stderr);
        rmSync(gone);
        succeeded(await shop.world.pulumi("dev", ["preview"]));
    });

    function proposal(): Proposed {
        const [, json] = /^proposal=(.*)\n$/.exec(readFileSync(output, "utf8"))!;
        return JSON.parse(json) as Proposed;
    }
});
