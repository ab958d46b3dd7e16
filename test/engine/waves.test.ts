import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import type { Proposed } from "../../core/deployment/proposed";
import { openFailures } from "../../core/release/failedRunStore";
import type { Cluster } from "../../core/settings/model";
import type { KubernetesObject } from "../../sandbox/providers/cloud/objects";
import { recorded, registryAs } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { type EngineRun, stackVariables } from "../../sandbox/world/engine";
import { failedSteps, steps } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";

const [europe, america] = ["europe-west1", "us-east1"];

/** prod with a cluster in each of two waves, on the real engine. Each test goes on from the one before. */
describe("Waves over two clusters of prod", function () {
    this.timeout(600_000);
    let shop: Shop;
    let next: string;
    let output: string;

    before(async () => {
        shop = await deliveredShop();
        output = join(shop.world.layout.root, "output");
        await setClusters([{}, { region: america, wave: 2 }]);
        succeeded(await shop.delivery.up("platform"));
        shop.world.fetchCredentials();
        next = await shop.change("checkoutservice", "count");
        succeeded(await shop.delivery.deployDev());
        succeeded(await shop.promote("stage", next));
    });

    it("come up one after the other where a set comes for the first time", async () => {
        const run = succeeded(await shop.promote("prod", shop.first));
        const places = steps(run).filter((step) => step.startsWith("create kubernetes:"));
        const regions = places.map((step) => (step.includes(` ${europe}-`) ? europe : america));
        assert.deepEqual(regions, [...regions].sort());
        assert.equal(new Set(regions).size, 2);
        assert.deepEqual(await images(america), await images(europe));
        assert.deepEqual(
            (await recorded(shop.world, "prod"))!.clusters.map(({ region }) => region),
            [europe, america],
        );
        succeeded(await shop.world.pulumi("prod", ["preview", "--expect-no-changes"]));
    });

    it("end where the first fails: nothing is begun in the second, not even for what would have changed there alone", async () => {
        const before = objects(america);
        letNoPodCome(europe);
        const run = await shop.promote("prod", next);
        assert.notEqual(run.code, 0);
        assert.deepEqual(failedSteps(run), [`update kubernetes:apps/v1:Deployment ${europe}-checkoutservice`]);
        assert.deepEqual(
            steps(run).filter((step) => step.includes(america)),
            [],
        );
        assert.deepEqual(objects(america), before);
        letPodsCome(europe);
    });

    it("go back to where both were, all at once, where the second fails: no healthy record, a failed one, the revert proposed", async () => {
        succeeded(await shop.promote("prod", shop.first));
        const { at } = (await recorded(shop.world, "prod"))!;
        const before = images(america);
        assert.deepEqual(images(europe), before);
        await shop.delivery.configure("prod", ["commit", next]);
        letNoPodCome(america);
        const run = await deploy();
        assert.equal(run.code, 1, run.output);
        assert.match(run.output, /^Deployment of prod failed, and prod went back:\n {2}Deployment us-east1-checkoutservice\n/m);
        assert.deepEqual([images(europe), images(america)], [before, before]);
        assert.equal((await recorded(shop.world, "prod"))!.at, at);
        const [failure, ...others] = await openFailures(registryAs(shop.world, "auditor"), shop.world.environment("prod"));
        assert.deepEqual(others, []);
        assert.deepEqual(
            [failure.request.commit, failure.failures.map(({ resource }) => resource)],
            [next, [`Deployment ${america}-checkoutservice`]],
        );
        const { file, text } = proposal();
        assert.equal(file, "Pulumi.prod.yaml");
        assert.equal(text, stackText().replace(next, shop.first));
        letPodsCome(america);
    });

    it("leave no trace in the order of things: what went back has nothing to change", async () => {
        await shop.delivery.configure("prod", ["commit", shop.first]);
        succeeded(await shop.world.pulumi("prod", ["preview", "--expect-no-changes"]));
        const run = await deploy();
        assert.equal(run.code, 0, run.output);
        assert.match(run.output, /\n {4}\d+ unchanged\n/);
        assert.ok(!/ (updated|created|deleted|replaced)/.test(run.output), run.output);
    });

    it("are brought back by the next deployment of what ran before, where the engine was killed in the second", async () => {
        const before = images(america);
        const asked = wanted(america);
        await shop.delivery.configure("prod", ["commit", next]);
        letNoPodCome(america);
        await killedInSecondWave();
        letPodsCome(america);
        assert.deepEqual(wanted(america), wanted(europe));
        succeeded(await shop.world.pulumi("prod", ["cancel", "--yes"]));
        await shop.delivery.configure("prod", ["commit", shop.first]);
        const run = await deploy();
        assert.equal(run.code, 0, run.output);
        assert.deepEqual([images(europe), images(america)], [before, before]);
        assert.deepEqual([wanted(europe), wanted(america)], [asked, asked]);
    });

    it("are brought back by oneflow rollback, too, where the engine was killed in the second and left its lock", async () => {
        const { at } = (await recorded(shop.world, "prod"))!;
        const before = images(america);
        const asked = wanted(america);
        await shop.delivery.configure("prod", ["commit", next]);
        letNoPodCome(america);
        await killedInSecondWave();
        letPodsCome(america);
        assert.deepEqual([wanted(america), wanted(europe)], [wanted(europe), wanted(america)]);
        assert.notDeepEqual(images(europe), before);
        const run = await shop.world.oneflow("prod", ["rollback", "prod", "--yes", "--reason", "the runner died"]);
        assert.equal(run.code, 0, run.output);
        assert.match(run.output, /Taking that lock away: pulumi cancel -s prod/);
        assert.deepEqual([images(europe), images(america)], [before, before]);
        assert.deepEqual([wanted(europe), wanted(america)], [asked, asked]);
        assert.equal(askedCommit(), shop.first);
        assert.equal((await recorded(shop.world, "prod"))!.at, at);
    });

    it("stand mixed where the way back fails as well, and no such run counts as healthy, until a promotion comes up", async () => {
        const { at } = (await recorded(shop.world, "prod"))!;
        const before = images(america);
        const asked = wanted(america);
        await shop.delivery.configure("prod", ["commit", next]);
        letNoPodCome(america);
        let ended = false;
        const deploying = deploy().finally(() => (ended = true));
        await secondWaveBegun(() => !ended);
        letNoPodCome(europe);
        const run = await deploying;
        assert.equal(run.code, 1, run.output);
        assert.match(
            run.output,
            /^Deployment of prod failed, and going back failed too:\n {2}Deployment us-east1-checkoutservice\n/m,
        );
        assert.match(run.output, /^ {2}prod {2}Going back to .* failed too; why stands above\. prod runs a mix of both\.$/m);
        assert.match(run.output, new RegExp(`→ pulumi up -s prod {3}# once its file asks for ${shop.first}$`, "m"));
        assert.equal(proposal().text, stackText().replace(next, shop.first));
        assert.deepEqual([wanted(europe), wanted(america)], [asked, asked]);
        assert.deepEqual(images(america), before);
        const mixed = images(europe);
        assert.notDeepEqual(mixed, before);
        assert.equal((await recorded(shop.world, "prod"))!.at, at);

        letPodsCome(europe);
        letPodsCome(america);
        const refused = await shop.world.oneflow("prod", ["promote", "prod", next, "--yes"]);
        assert.equal(refused.code, 2, refused.output);
        const mended = await shop.world.oneflow("prod", ["promote", "prod", next, "--yes", "--retry"]);
        assert.equal(mended.code, 0, mended.output);
        assert.deepEqual([images(europe), images(america)], [mixed, mixed]);
        assert.equal((await recorded(shop.world, "prod"))!.request.commit, next);
        assert.deepEqual(await openFailures(registryAs(shop.world, "auditor"), shop.world.environment("prod")), []);
    });

    /** Edits the list of prod's clusters and commits it. */
    async function setClusters(clusters: readonly object[]): Promise<void> {
        const file = join(shop.world.layout.operations, "Pulumi.prod.yaml");
        const document = parseDocument(readFileSync(file, "utf8"));
        document.setIn(["config", "acme-shop:environment", "clusters"], document.createNode(clusters));
        writeFileSync(file, document.toString({ lineWidth: 0 }));
        await shop.delivery.commitSettings("Set the clusters of prod");
    }

    function cluster(region: string) {
        const { project, namespace, clusters } = shop.world.environment("prod");
        const { name } = clusters.find((one: Cluster) => one.region === region)!;
        return { namespace, objects: shop.world.cloud.objects(`${project}/${region}/${name}`) };
    }

    /** Service → what its ready pods run. */
    function images(region: string): Record<string, Record<string, string[]>> {
        const { namespace, objects } = cluster(region);
        return objects.running(namespace);
    }

    /** Deployment → the images that it asks for. */
    function wanted(region: string): Record<string, string[]> {
        const { namespace, objects } = cluster(region);
        const deployments = objects.list<KubernetesObject & Templated>("Deployment", namespace);
        return Object.fromEntries(
            deployments.map(({ metadata, spec }) => [metadata.name, spec.template.spec.containers.map(({ image }) => image)]),
        );
    }

    function objects(region: string): KubernetesObject[] {
        const { namespace, objects } = cluster(region);
        return objects.in(namespace);
    }

    function letNoPodCome(region: string): void {
        const { namespace, objects } = cluster(region);
        const pods = String(objects.list("Pod", namespace).length);
        objects.put({
            ...{ apiVersion: "v1", kind: "ResourceQuota", spec: { hard: { pods } } },
            metadata: { name: "full", namespace, uid: "full", resourceVersion: "1", creationTimestamp: "2026-11-22T00:00:00Z" },
        });
    }

    function letPodsCome(region: string): void {
        const { namespace, objects } = cluster(region);
        objects.delete(objects.get("ResourceQuota", namespace, "full")!);
    }

    function deploy(): Promise<EngineRun> {
        rmSync(output, { force: true });
        return shop.world.oneflow("prod", ["deploy", "prod", "--output", output]);
    }

    /** Kills the engine, with all that it started, once the second wave's cluster has been asked for something else and before it has it. */
    async function killedInSecondWave(): Promise<void> {
        const { layout, daemon } = shop.world;
        const variables = await stackVariables(layout, daemon, "prod");
        const engine = join(__dirname, "killedEngine.js");
        const child = spawn(process.execPath, [engine, "up", "--yes", "--skip-preview", "--stack", "prod"], {
            cwd: layout.operations,
            env: { HOME: process.env.HOME, ...variables, TMPDIR: layout.root, REAL_PULUMI: await toolPath("pulumi") },
            stdio: "ignore",
        });
        const closed = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
        await secondWaveBegun(() => child.exitCode === null);
        child.kill("SIGTERM");
        assert.equal(await closed, "SIGKILL");
    }

    /** Resolves once the second wave's cluster is asked for something else than now, or nobody is there any more who would. */
    async function secondWaveBegun(deploying: () => boolean): Promise<void> {
        const before = wanted(america);
        while (deploying() && isDeepStrictEqual(wanted(america), before)) await pause(10);
    }

    function stackText(): string {
        return readFileSync(join(shop.world.layout.operations, "Pulumi.prod.yaml"), "utf8");
    }

    function askedCommit(): unknown {
        return parseDocument(stackText()).getIn(["config", "acme-shop:commit"]);
    }

    function proposal(): Proposed {
        const [, json] = /^proposal=(.*)\n$/.exec(readFileSync(output, "utf8"))!;
        return JSON.parse(json) as Proposed;
    }
});

interface Templated {
    spec: { template: { spec: { containers: { image: string }[] } } };
}
