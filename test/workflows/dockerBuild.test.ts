import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Buildkit, startBuildkit } from "../../sandbox/docker/buildkit";
import { type DockerDaemon, DockerMissing, openDocker } from "../../sandbox/docker/daemon";
import { changeService } from "../../sandbox/git/monorepo";
import type { Run } from "../../sandbox/github/actions/model";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import type { EnvironmentName } from "../../sandbox/world/names";
import { jobsOf, PipelineWorld, repository } from "./pipelineWorld";

const catalog = `defaults:
  repository: ${repository}
  user: 1000
  resources: { cpu: 100m, memory: 64Mi }
services:
  cartservice:
    source: { path: src/cartservice, args: { MODE: fast } }
    port: 7070
    health: grpc
  checkoutservice:
    source: src/checkoutservice
    port: 5050
    health: grpc
  emailservice:
    source: src/emailservice
    port: 5000
    health: grpc
`;
const services = ["cartservice", "checkoutservice", "emailservice"];
const shared = "libs/Money";
const withShared = catalog.replace("args: { MODE: fast }", `args: { MODE: fast }, alsoBuildFrom: [${shared}]`);

/** Each test goes on from where the one before left the world. What the daemon's driver leaves out stands in docs/pipelines.md. */
describe("The generated workflows with real docker builds", function () {
    this.timeout(300_000);
    let docker: DockerDaemon | undefined;
    let pipelines: PipelineWorld;
    /** Service → digest of its newest image. */
    let built: Record<string, string>;

    before(async function () {
        docker = await orSkip(this, openDocker);
        pipelines = await PipelineWorld.create({ operations: repository, catalog }, { dockerHost: docker.host });
    });
    after(async () => {
        await pipelines?.end();
        await docker?.stop();
    });

    it("build every image of the first push, whose lock names the digests that buildx told", async () => {
        const [run] = await pipelines.merge("main");
        const jobs = jobsOf(pipelines.green(run));
        assert.deepEqual(
            services.map((name) => jobs[`Build ${name}`]),
            services.map(() => "success"),
        );
        built = Object.fromEntries(services.map((name) => [name, toldBy(pipelines, run, name, "docker")]));
        assert.equal(new Set(Object.values(built)).size, 3);
        assert.deepEqual(await locked(pipelines, run.sha), built);
        assert.deepEqual(await tagged(pipelines, run.sha), built);
    });

    it("build nothing for develop, whose content has images: no second build of it is ever needed", async () => {
        const [run] = await pipelines.merge("develop");
        const { "build/build": build, "deploy/deploy": deploy } = jobsOf(pipelines.green(run));
        assert.deepEqual([build, deploy], ["skipped", "success"]);
        assert.deepEqual(await locked(pipelines, run.sha), built);
        assert.deepEqual(await tagged(pipelines, "latest"), built);
        assert.deepEqual(await running(pipelines.world, "dev"), built);
    });

    it("build the one image whose service was changed, tag the others, and bring it to dev", async () => {
        const { commit, run } = await pipelines.pushed("develop", "Round totals", (worktree) =>
            changeService(worktree, pipelines.world.catalog().services.checkoutservice, "Round totals"),
        );
        const builds = Object.keys(jobsOf(pipelines.green(run))).filter((name) => name.startsWith("Build "));
        assert.deepEqual(builds, ["Build checkoutservice"]);
        const digest = toldBy(pipelines, run, "checkoutservice", "docker");
        assert.notEqual(digest, built.checkoutservice);
        built = { ...built, checkoutservice: digest };
        assert.deepEqual(await locked(pipelines, commit), built);
        assert.deepEqual(await tagged(pipelines, commit), built);
        assert.deepEqual(await running(pipelines.world, "dev"), built);
    });

    it("push nothing where the build fails, in docker's words, and dev stays", async () => {
        const { commit, run } = await pipelines.pushed("develop", "Copy what is not there", (worktree) =>
            editDockerfile(worktree, "emailservice", "COPY app /app", "COPY appp /app"),
        );
        assert.deepEqual([jobsOf(run)["Build emailservice"], jobsOf(run)["build/lock"]], ["failure", "skipped"]);
        assert.match(logOf(pipelines, run, "emailservice"), /buildx failed with: ERROR: .*"\/appp".*not found/);
        assert.equal(await pipelines.lockOf(commit), undefined);
        assert.deepEqual(await running(pipelines.world, "dev"), built);
    });

    it("build what a pull request changes, and throw it away", async () => {
        await pipelines.push("try/mail", "Try mails", (worktree) =>
            changeService(worktree, pipelines.world.catalog().services.emailservice, "Try mails"),
        );
        const bytes = await pipelines.world.registry.contentHash();
        const number = pipelines.openPullRequest({ base: "main", head: "try/mail", title: "Try mails" });
        const [run] = await pipelines.world.actions
            .handle({ name: "pull_request", repository, actor: "robin", number, action: "opened" })
            .then((runs) => pipelines.ended(runs));
        pipelines.green(run);
        assert.match(logOf(pipelines, run, "emailservice"), /Built, and thrown away/);
        assert.equal(await pipelines.world.registry.contentHash(), bytes);
    });
});

/** BuildKit by itself can what the daemon's driver cannot: the build is the one of the generated file, to the letter. */
describe("The generated workflows with BuildKit", function () {
    this.timeout(300_000);
    let buildkit: Buildkit | undefined;
    let pipelines: PipelineWorld;
    let built: Record<string, string>;

    before(async function () {
        buildkit = await orSkip(this, startBuildkit);
        const world = { buildkitHost: buildkit.host };
        pipelines = await PipelineWorld.create({ operations: repository, catalog: withShared }, world);
        // Before the workflows are there: a push that starts nothing.
        await pipelines.push("develop", "Count money", async (worktree) => {
            await writeRates(worktree, "1 EUR");
            await editDockerfile(worktree, "cartservice", "COPY app /app", "COPY --from=libs/money rates /\nCOPY app /app");
        });
    });
    after(async () => {
        await pipelines?.end();
        await buildkit?.stop();
    });

    it("push every image by digest and with its provenance, and dev runs them", async () => {
        pipelines.green((await pipelines.merge("main"))[0]);
        const [run] = await pipelines.merge("develop");
        built = await locked(pipelines, pipelines.green(run).sha);
        // Main's has no such line, the others' content is main's.
        const builds = Object.keys(jobsOf(run)).filter((name) => name.startsWith("Build "));
        assert.deepEqual(builds, ["Build cartservice"]);
        assert.equal(toldBy(pipelines, run, "cartservice", "remote"), built.cartservice);
        assert.deepEqual(await running(pipelines.world, "dev"), built);
        for (const name of services) assert.deepEqual(await attested(pipelines, "dev", name, built[name]), [1, 1], name);
    });

    it("build the service that is built from a folder of several when that alone is changed", async () => {
        const { run } = await pipelines.pushed("develop", "Count more money", (worktree) => writeRates(worktree, "2 EUR"));
        const builds = Object.keys(jobsOf(pipelines.green(run))).filter((name) => name.startsWith("Build "));
        assert.deepEqual(builds, ["Build cartservice"]);
        const digest = toldBy(pipelines, run, "cartservice", "remote");
        assert.notEqual(digest, built.cartservice);
        built = { ...built, cartservice: digest };
        assert.deepEqual(await running(pipelines.world, "dev"), built);
    });

    it("promote them with their provenance, by the digests of dev", async () => {
        const commit = (await recorded(pipelines.world, "dev"))!.request.commit;
        pipelines.green(await pipelines.press("promote-stage.yml", { ref: commit }));
        for (const run of await pipelines.merge("main")) pipelines.green(run);
        assert.deepEqual(await running(pipelines.world, "stage"), built);
        for (const name of services) assert.deepEqual(await attested(pipelines, "stage", name, built[name]), [1, 1], name);
    });
});

async function orSkip<T>(context: Mocha.Context, open: () => Promise<T>): Promise<T> {
    try {
        return await open();
    } catch (error) {
        if (!(error instanceof DockerMissing)) throw error;
        console.log(`    docker builds are not tested: ${error.message}`);
        return context.skip();
    }
}

function logOf({ world }: PipelineWorld, run: Run, name: string): string {
    const job = run.jobs.find((one) => one.name.endsWith(` / Build ${name}`))!;
    return world.runs.log(run, job.id);
}

/** The digest that a build's log says was pushed, by buildx. @param driver what buildx built with */
function toldBy(pipelines: PipelineWorld, run: Run, name: string, driver: "docker" | "remote"): string {
    const log = logOf(pipelines, run, name);
    assert.match(log, new RegExp(`building with "\\w+" instance using ${driver} driver`));
    return /Pushed (sha256:[0-9a-f]{64})/.exec(log)![1];
}

async function locked(pipelines: PipelineWorld, commit: string): Promise<Record<string, string>> {
    const { images } = (await pipelines.lockOf(commit))!;
    return Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

async function tagged({ world }: PipelineWorld, tag: string): Promise<Record<string, string | undefined>> {
    const { registry, tier } = world.environment("dev");
    const client = registryAs(world, "auditor");
    const found = services.map(async (name) => [name, (await client.resolve(`${registry}/${tier}/${name}:${tag}`))?.digest]);
    return Object.fromEntries(await Promise.all(found)) as Record<string, string | undefined>;
}

/** How many images for a platform, and how many attestations of them, stand in a tier under an index. */
async function attested({ world }: PipelineWorld, environment: EnvironmentName, name: string, digest: string): Promise<number[]> {
    const { registry, tier } = world.environment(environment);
    const client = registryAs(world, "auditor");
    const manifest = async (of: string) => (await client.manifest(`${registry}/${tier}/${name}@${of}`))!.bytes.toString();
    const { manifests } = JSON.parse(await manifest(digest)) as { manifests: { digest: string }[] };
    const texts = await Promise.all(manifests.map((one) => manifest(one.digest)));
    const provenance = texts.filter((text) => text.includes("https://slsa.dev/provenance/"));
    return [texts.length - provenance.length, provenance.length];
}

async function writeRates(worktree: string, rates: string): Promise<void> {
    await mkdir(join(worktree, shared), { recursive: true });
    await writeFile(join(worktree, shared, "rates"), `${rates}\n`);
}

async function editDockerfile(worktree: string, name: string, line: string, by: string): Promise<void> {
    const file = join(worktree, "src", name, "Dockerfile");
    await writeFile(file, (await readFile(file, "utf8")).replace(line, by));
}
