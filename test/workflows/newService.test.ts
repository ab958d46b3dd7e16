import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Service } from "../../core/settings/model";
import { runGit } from "../../sandbox/git/command";
import { writeService } from "../../sandbox/git/monorepo";
import type { Run } from "../../sandbox/github/actions/model";
import { running } from "../../sandbox/story/readback";
import { linkDependencies } from "../../sandbox/world/operations";
import type { EnvironmentName } from "../../sandbox/world/names";
import { steps } from "../engine/engineEvents";
import { jobsOf, PipelineWorld } from "./pipelineWorld";

const project = join(__dirname, "..", "..");

/** Eleven services and redis in every environment. Each test goes on from the one before. */
describe("A twelfth service", function () {
    this.timeout(300_000);
    let pipelines: PipelineWorld;
    let commit: string;

    before(async () => {
        pipelines = await PipelineWorld.create();
        const { delivery } = pipelines;
        const { commit: first } = await delivery.push();
        for (const run of [
            await delivery.deployDev(),
            await delivery.promote("stage", first),
            await delivery.promote("prod", first),
        ])
            assert.equal(run.code, 0, run.output);
        for (const branch of ["main", "develop"]) for (const run of await pipelines.merge(branch)) pipelines.green(run);
        for (const environment of environments) assert.equal(Object.keys(await running(pipelines.world, environment)).length, 12);
    });
    after(() => pipelines.end());

    it("is one entry, by one command that says what will come of it", async () => {
        const { developer } = pipelines.delivery;
        await developer.fetch();
        await developer.checkout("origin/develop");
        linkDependencies(project, developer.directory);
        const { adservice } = pipelines.world.catalog().services as Record<string, Service & { image: { from: "source" } }>;
        const gift = { ...adservice, name: "giftservice", image: { ...adservice.image, path: "src/giftservice" } };
        await writeService(developer.directory, { ...gift, ports: [{ name: "grpc", port: 7777, target: 7777 }] });

        const said = await oneflow(developer.directory, "new", "giftservice", "--health", "grpc");

        const { stdout } = await runGit(developer.directory, ["diff", "--unified=0"]);
        assert.deepEqual(changedLines(stdout.toString()), [
            "+",
            "+  giftservice:",
            "+    source: src/giftservice",
            "+    port: 7777",
            "+    health: grpc",
        ]);
        assert.match(said, new RegExp(`dev, stage, prod +adds ${objects.join(", ")}\n`));
        assert.match(said, /workflows +none changes/);
        assert.match(said, /platform +nothing/);
    });

    it("is nothing to the platform", async () => {
        const args = ["up", "--yes", "--skip-preview", "--json"];
        const run = await pipelines.world.pulumi("platform", args, { checkout: pipelines.delivery.developer.directory });
        assert.equal(run.code, 0, run.output);
        assert.deepEqual(steps(run), []);
    });

    it("is built with its first push, the eleven are tagged, and dev gets its objects alone", async () => {
        const before = objectsIn("dev");
        const { developer } = pipelines.delivery;
        commit = await developer.commit("Wrap gifts");
        await developer.push("HEAD:refs/heads/develop");
        const run = pipelines.green(await pipelines.only(commit));
        assert.deepEqual(jobsOf(run), {
            ...{ "build/plan": "success", "Build giftservice": "success", "build/lock": "success" },
            ...{ "deploy/deploy": "success", "deploy/request": "skipped" },
        });
        assert.deepEqual(changes(before, objectsIn("dev")), created);
        const lock = (await pipelines.lockOf(commit))!;
        const dev = await running(pipelines.world, "dev");
        assert.equal(Object.keys(dev).length, 13);
        for (const [name, digest] of Object.entries(dev)) assert.equal(digest, lock.images[name].digest, name);
    });

    for (const environment of ["stage", "prod"] as const) {
        it(`comes to ${environment} by one changed line, and nothing else is touched there`, async () => {
            const { delivery, world } = pipelines;
            if (environment === "stage") for (const run of await mergeDevelop()) pipelines.green(run);
            const before = objectsIn(environment);
            await delivery.set(environment, ["commit", commit]);
            const run = await delivery.up(environment, ["--json"]);
            assert.equal(run.code, 0, run.output);
            assert.deepEqual(steps(run).sort(), changedResources);
            assert.deepEqual(changes(before, objectsIn(environment)), created);
            assert.deepEqual(await running(world, environment), await running(world, "dev"));

            const after = objectsIn(environment);
            const pushed = await delivery.commitSettings(`${environment} runs ${commit}`);
            for (const started of await world.waitForRuns(pushed)) pipelines.green(started);
            assert.deepEqual(objectsIn(environment), after);
        });
    }

    /** Merges develop into main, as a person does, and takes it into the operations checkout. */
    async function mergeDevelop(): Promise<Run[]> {
        pipelines.openPullRequest({ base: "main", head: "develop", title: "Wrap gifts" });
        const runs = await pipelines.merge("main");
        await pipelines.delivery.operations.pull();
        return runs;
    }

    /** Every object of an environment's namespace: `Deployment frontend` → what it was made to be. */
    function objectsIn(environment: EnvironmentName): Map<string, string> {
        const { project: of, region, namespace, clusters } = pipelines.world.environment(environment);
        const all = pipelines.world.cloud.objects(`${of}/${region}/${clusters[0].name}`).in(namespace);
        return new Map(all.map((object) => [`${object.kind} ${object.metadata.name}`, JSON.stringify(object)]));
    }
});

const environments = ["dev", "stage", "prod"] as const;
const objects = ["Deployment", "NetworkPolicy", "Service", "ServiceAccount"].map((kind) => `${kind} giftservice`);
const created = [...objects, "Pod giftservice", "ReplicaSet giftservice"].map((object) => `+ ${object}`).sort();

const changedResources = [
    "create kubernetes:apps/v1:Deployment europe-west1-giftservice",
    "create kubernetes:core/v1:Service europe-west1-giftservice",
    "create kubernetes:core/v1:ServiceAccount europe-west1-giftservice-account",
    "create kubernetes:networking.k8s.io/v1:NetworkPolicy europe-west1-giftservice",
    "create oneflow:index:Microservice europe-west1-giftservice",
    "update pulumi-nodejs:dynamic/oneflow:PromotedImages images",
    "update pulumi-nodejs:dynamic/oneflow:RunRecord run",
];

/** What came, went or changed; pods and their ReplicaSets by their service. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    return names.flatMap((name) => {
        if (before.get(name) === after.get(name)) return [];
        const sign = !before.has(name) ? "+" : !after.has(name) ? "-" : "~";
        return [`${sign} ${name.replace(/^(Pod|ReplicaSet) ([^-]+)-.*/, "$1 $2")}`];
    });
}

function changedLines(diff: string): string[] {
    return diff.split("\n").filter((line) => /^[+-](?![+-]{2} )/.test(line));
}

/** Runs the command as `npx oneflow` does, in a checkout. */
function oneflow(directory: string, ...args: string[]): Promise<string> {
    return new Promise((done, fail) =>
        execFile(process.execPath, [join(directory, "bin", "oneflow.js"), ...args], { cwd: directory }, (error, stdout, stderr) =>
            error ? fail(new Error(`${stdout}${stderr}`)) : done(stdout),
        ),
    );
}
