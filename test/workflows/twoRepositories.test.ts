import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Service } from "../../core/settings/model";
import { imageRepository, lockRepository } from "../../core/release/addresses";
import { changeService } from "../../sandbox/git/monorepo";
import { Repository } from "../../sandbox/git/repository";
import type { Run } from "../../sandbox/github/actions/model";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { jobsOf, PipelineWorld, setIn } from "./pipelineWorld";

const ops = "acme/ops";
const cart = "acme/cart";
const checkout = "acme/checkout";

const catalog = `defaults:
  user: 1000
  resources: { cpu: 100m, memory: 64Mi }
services:
  cartservice:
    source: { repository: ${cart}, path: src/cartservice }
    port: 7070
    health: grpc
    calls: [redis-cart]
  checkoutservice:
    source: { repository: ${checkout}, path: src/checkoutservice }
    port: 5050
    health: grpc
    calls: [cartservice, emailservice]
  emailservice:
    source: { repository: ${checkout}, path: src/emailservice }
    port: 5000
    health: grpc
  redis-cart:
    image: redis:8.10.1-alpine@sha256:becdda6c7f4b3fb42e42fd7f120bbf5c54c4caaaf16f26da24e4563d2c1f0576
    ports: { tcp-redis: 6379 }
    health: tcp
`;

/** An operations repository that builds nothing, and two that services are built from. Each test goes on from the one before. */
describe("Two source repositories, by the generated workflows,", function () {
    this.timeout(300_000);
    let pipelines: PipelineWorld;
    /** Repository → head of its develop. */
    const heads: Record<string, string> = {};

    before(async () => {
        pipelines = await PipelineWorld.create({ operations: ops, catalog });
    });
    after(() => pipelines.end());

    it("get their files by pull requests, and nothing starts before those of the operations repository are there", async () => {
        const bases = (of: string) => pipelines.pullRequests(of).map(({ base }) => base);
        assert.deepEqual(
            [ops, cart, checkout].map((of) => [of, bases(of).sort()]),
            [
                [ops, ["main"]],
                [cart, ["develop", "main"]],
                [checkout, ["develop", "main"]],
            ],
        );
        assert.deepEqual(await pipelines.merge("main", ops), []);
        assert.deepEqual(await running(pipelines.world, "dev"), {});
    });

    it("let dev run what the first of them built, and say that the other's services are pending", async () => {
        const [run] = await pipelines.merge("develop", cart);
        heads[cart] = run.sha;
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build cartservice": "success", "build/lock": "success" },
            ...{ "deploy/deploy": "success", "deploy/request": "skipped" },
        });
        assert.deepEqual(Object.keys(await dev()).sort(), ["cartservice", "redis-cart"]);
        assert.deepEqual(await request(), `${cart}@${heads[cart]}`);
        const log = pipelines.world.runs.log(run, "deploy/deploy");
        assert.match(log, /checkoutservice.*pending/);
        assert.match(log, /emailservice.*pending/);
    });

    it("let dev run what both built, once the other did", async () => {
        const before = await dev();
        const [run] = await pipelines.merge("develop", checkout);
        heads[checkout] = run.sha;
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build checkoutservice": "success", "Build emailservice": "success" },
            ...{ "build/lock": "success", "deploy/deploy": "success", "deploy/request": "skipped" },
        });
        const after = await dev();
        assert.deepEqual(changed(before, after), ["checkoutservice", "emailservice"]);
        assert.deepEqual(await request(), both());
    });

    it("change their own services alone", async () => {
        const before = await dev();
        const pods = pipelines.pods("dev");
        const run = await pushed(checkout, "Greet by name", change("emailservice", "Greet by name"));
        assert.deepEqual(jobsOf(pipelines.green(run)), {
            ...{ "build/plan": "success", "Build emailservice": "success", "build/lock": "success" },
            ...{ "deploy/deploy": "success", "deploy/request": "skipped" },
        });
        assert.deepEqual(changed(before, await dev()), ["emailservice"]);
        assert.deepEqual(
            Object.keys(pods)
                .filter((pod) => !(pod in pipelines.pods("dev")))
                .map((pod) => pod.replace(/-[^-]+-[^-]+$/, "")),
            ["emailservice"],
        );
        assert.deepEqual(await request(), both());
    });

    it("end with both where their pushes cross each other, and where the run of the earlier comes once more", async () => {
        const before = await dev();
        const earlier = await push(cart, "Count twice", change("cartservice", "Count twice"));
        const later = await push(checkout, "Pay once", change("checkoutservice", "Pay once"));
        const [run] = [await runOf(earlier), await runOf(later)].map((one) => pipelines.green(one));
        const after = await dev();
        assert.deepEqual(changed(before, after), ["cartservice", "checkoutservice"]);
        assert.deepEqual(await request(), both());

        const { id } = await pipelines.world.actions.rerun(run.id);
        const again = pipelines.green(await pipelines.world.actions.finished(id));
        assert.equal(jobsOf(again)["build/build"], "skipped");
        assert.deepEqual([await dev(), await request()], [after, both()]);
    });

    it("build nothing of each other, whatever a push of one of them brings", async () => {
        const before = await dev();
        const locks = await tagsOf(lockRepository(tier(), checkout));
        const run = await pushed(cart, "Come as a checkout", async (directory) => {
            const stranger = pipelines.world.catalog().services.checkoutservice;
            await change("cartservice", "Come as a checkout")(directory);
            writeFileSync(join(directory, "services.yaml"), readFileSync(join(pipelines.world.layout.operations, "services.yaml")));
            setIn(join(directory, "services.yaml"), ["services", "checkoutservice", "source", "repository"], cart);
            mkdirSync(join(directory, "src", stranger.name), { recursive: true });
            writeFileSync(join(directory, "src", stranger.name, "Dockerfile"), "FROM scratch\nCOPY . /\n");
        });
        assert.deepEqual(
            Object.keys(jobsOf(pipelines.green(run))).filter((job) => job.startsWith("Build ")),
            ["Build cartservice"],
        );
        assert.deepEqual(changed(before, await dev()), ["cartservice"]);
        assert.deepEqual(await tagsOf(lockRepository(tier(), checkout)), locks);
        assert.ok(!(await tagsOf(imageRepository(tier(), "checkoutservice"))).includes(run.sha));
    });

    it("are deployed anew where services.yaml changes on the operations repository's main", async () => {
        const { operations } = pipelines.delivery;
        const before = await dev();
        await operations.pull();
        setIn(join(operations.directory, "services.yaml"), ["services", "cartservice", "env"], { CURRENCY: "EUR" });
        const commit = await operations.commit("Sell in euros");
        await operations.push("HEAD:refs/heads/main");
        const run = await runOf(commit);
        assert.deepEqual(
            [run.path, jobsOf(pipelines.green(run))],
            [".github/workflows/deploy-dev.yml", { "deploy/deploy": "success", "deploy/request": "skipped" }],
        );
        assert.deepEqual(await dev(), before);
        const [cartPod] = podsOf("cartservice");
        assert.deepEqual(cartPod.spec.containers[0].env, [{ name: "CURRENCY", value: "EUR" }]);
        assert.deepEqual(await request(), both());
    });

    it("are those that the catalog names: a third one of the owner gets no token for calling the same workflow", async () => {
        const other = "acme/other";
        await pipelines.world.addRepository(other);
        const directory = join(pipelines.world.layout.root, "other");
        const stranger = await Repository.clone(new Repository(pipelines.world.layout.github(other)), directory);
        const path = ".github/workflows/oneflow-push.yml";
        mkdirSync(dirname(join(directory, path)), { recursive: true });
        writeFileSync(join(directory, path), readFileSync(join(pipelines.world.layout.checkout(cart), path)));
        const { store } = pipelines.world.cloud;
        store.put(variable(other), store.get(variable(cart)));
        const commit = await stranger.commit("Build me too");
        await refused(commit, () => stranger.push("HEAD:refs/heads/develop"));
    });

    it("are those that they were: one that is registered again under the same name gets no token", async () => {
        const { cloud, layout } = pipelines.world;
        const { id } = cloud.repository(cart)!;
        const provider = cloud.store.get(variable(cart));
        cloud.store.deleteAll(`github/${cart}`);
        rmSync(layout.github(cart), { recursive: true });
        await pipelines.world.addRepository(cart);
        assert.notEqual(cloud.repository(cart)!.id, id);
        cloud.store.put(variable(cart), provider);
        const again = new Repository(layout.checkout(cart));
        await change("cartservice", "Take over")(again.directory);
        const commit = await again.commit("Take over");
        await refused(commit, () => again.push("HEAD:refs/heads/develop"));
    });

    const dev = () => running(pipelines.world, "dev");
    const tier = () => pipelines.world.environment("dev");
    const both = () => `${cart}@${heads[cart]},${checkout}@${heads[checkout]}`;
    const request = async () => (await recorded(pipelines.world, "dev"))?.request.commit;
    const tagsOf = (of: string) => registryAs(pipelines.world, "auditor").tags(of);
    const change = (name: string, what: string) => (directory: string) =>
        changeService(directory, pipelines.world.catalog().services[name] as Service, what);

    async function push(of: string, message: string, edit: (directory: string) => Promise<void>): Promise<string> {
        const developer = new Repository(pipelines.world.layout.checkout(of));
        await developer.pull();
        await edit(developer.directory);
        heads[of] = await developer.commit(message);
        await developer.push("HEAD:refs/heads/develop");
        return heads[of];
    }

    async function pushed(...what: Parameters<typeof push>): Promise<Run> {
        return runOf(await push(...what));
    }

    async function runOf(commit: string): Promise<Run> {
        const [run, ...others] = await pipelines.world.waitForRuns(commit);
        assert.deepEqual(others, []);
        return run;
    }

    function podsOf(service: string) {
        const { project, region, namespace, clusters } = tier();
        const pods = pipelines.world.cloud.objects(`${project}/${region}/${clusters[0].name}`).readyPods(namespace);
        return pods.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === service) as unknown as {
            spec: { containers: { env?: unknown }[] };
        }[];
    }

    /** The run of the commit fails where it asks Google for a token, and nothing comes of it. */
    async function refused(commit: string, push: () => Promise<void>): Promise<void> {
        const was = [await pipelines.world.registry.contentHash(), await dev()];
        await push();
        const run = await runOf(commit);
        const said = pipelines.logs(run);
        assert.deepEqual(
            jobsOf(run),
            { "build/plan": "failure", "build/build": "skipped", "build/lock": "skipped", deploy: "skipped" },
            said,
        );
        assert.match(said, /rejected by the attribute condition/);
        assert.deepEqual([await pipelines.world.registry.contentHash(), await dev()], was);
    }
});

const variable = (of: string) => `github/${of}/variables/ONEFLOW_IDENTITY_PROVIDER`;

function changed(before: Record<string, string>, after: Record<string, string>): string[] {
    return Object.keys({ ...before, ...after })
        .filter((name) => before[name] !== after[name])
        .sort();
}
