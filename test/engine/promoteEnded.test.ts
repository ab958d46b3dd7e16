import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogImages } from "../../core/release/lock";
import { builtServices } from "../../core/workflows/contentPlan";
import { changeService } from "../../sandbox/git/monorepo";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { type EngineRun, runOneflow, stackVariables } from "../../sandbox/world/engine";
import { organisation } from "../../sandbox/world/names";
import { World } from "../../sandbox/world/world";
import { deploy, push, writeEntries } from "./catalogEdits";
import { deliveredShop } from "./shop";
import { stateOf, type StateResource } from "./witness";

/** It comes with a promotion in which all others change: a step of every kind that a promotion has. */
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
        commit = await push(shop, "Add gifts, change all others", async (checkout) => {
            const services = builtServices(world.catalog(), organisation.repository);
            assert.equal(services.length, 11);
            for (const service of services) await changeService(checkout, service, "Think of gifts");
            writeEntries(checkout, { giftservice: gifts });
        });
        assert.equal((await deploy(shop, commit)).code, 0);
        symlinkSync(join(__dirname, "killedEngine.js"), join(folder, "pulumi"));
        cpSync(world.layout.root, kept, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });

        const run = await promoteSlowly();
        assert.equal(run.code, 0, run.output);
        steps = momentsIn(readFileSync(events, "utf8")).flatMap((moment) => /^begin (.*)/.exec(moment)?.[1] ?? []);
        undisturbed = await outcome();
    });
    after(async () => {
        await World.stop(world.layout.root);
        rmSync(folder, { recursive: true, force: true });
    });

    it("has steps of every kind", () => {
        const kinds = new Set(steps.map(kindOf));
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

    it("keeps its state in no file that may be half written where the engine is killed", () => {
        const files = readdirSync(world.layout.state("stage"), { recursive: true, encoding: "utf8" });
        assert.ok(files.some((file) => file.endsWith("stage.json")));
        assert.deepEqual(
            files.filter((file) => file.endsWith(".attrs")),
            [],
        );
    });

    it("while several steps are done at a time, ends as if it had not been, once the same is typed again", async () => {
        await restore();
        const rollout = steps.find((step) => step.startsWith("update kubernetes:apps/v1:Deployment "));
        const killed = await promote([`end ${rollout}`]);
        assert.equal(killed.code, 1, killed.output);
        assert.match(killed.output, /Deployment of stage was broken off \(SIGKILL\)/);
        const again = await promote();
        assert.equal(again.code, 0, again.output);
        assert.match(again.output, /Taking that lock away: pulumi cancel -s stage/);
        assert.deepEqual(await outcome(), undisturbed);
    });

    it("at each step in turn, as it begins or as it ends, ends as if it had not been, once the same is typed again", async () => {
        await restore();
        await promoteKilledAt(steps.map(byTurns));
        assert.deepEqual(await outcome(), undisturbed);
    });

    it("at the other end of each kind of step that was not met at both, likewise", async () => {
        await restore();
        const met = new Set(steps.map(byTurns).map(kindOf));
        const others = steps.map((step, index) => byTurns(step, index + 1));
        await promoteKilledAt(others.filter((moment) => !met.has(kindOf(moment))));
        assert.deepEqual(await outcome(), undisturbed);
    });

    it("before it wrote down what it had made, or could make it, finds out which, and makes it only where it is not there", async () => {
        await restore();
        const run = await promote();
        assert.equal(run.code, 0, run.output);
        const { project, region, clusters, namespace } = world.environment("stage");
        const objects = world.cloud.objects(`${project}/${region}/${clusters[0].name}`);
        const made = objects.get("Service", namespace, "giftservice")!;
        objects.delete(objects.get("Service", namespace, "adservice")!);
        forget(["v1:Service::europe-west1-giftservice", "v1:Service::europe-west1-adservice", "oneflow:RunRecord::run"]);

        const again = await promote();
        assert.equal(again.code, 0, again.output);
        assert.match(again.output, /An engine that was killed left 3 begun in the state of stage/);
        assert.equal(objects.get("Service", namespace, "giftservice")!.metadata.uid, made.metadata.uid);
        assert.deepEqual(await outcome(), undisturbed);
    });

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

    /** Leaves resources in the state as an engine does that was killed between a request to their provider and its answer. */
    function forget(ends: readonly string[]): void {
        const file = stateFile();
        const state = JSON.parse(readFileSync(file, "utf8")) as Checkpoint;
        const { latest } = state.checkpoint;
        const begun = latest.resources.filter(({ urn }) => ends.some((end) => urn.endsWith(end)));
        const gone = begun.map(({ urn }) => urn);
        const without = (urns: readonly string[] = []) => urns.filter((urn) => !gone.includes(urn));
        latest.resources = latest.resources
            .filter(({ urn }) => !gone.includes(urn))
            .map((resource) => ({
                ...resource,
                dependencies: without(resource.dependencies),
                propertyDependencies: Object.fromEntries(
                    Object.entries(resource.propertyDependencies ?? {}).map(([key, urns]) => [key, without(urns ?? [])]),
                ),
            }));
        latest.pending_operations = begun.map(({ id: _id, outputs: _outputs, ...resource }) => ({ type: "creating", resource }));
        writeFileSync(file, JSON.stringify(state));
    }

    /**
     * Types the same again for as long as it is killed: at each of these moments, one at a time. That a run reaches the next of them shows
     * that it could do what the one before had left.
     */
    async function promoteKilledAt(moments: readonly string[]): Promise<void> {
        const left = new Set(moments);
        for (;;) {
            const run = await promoteSlowly([...left]);
            if (run.code === 0) break;
            assert.match(run.output, /Deployment of stage was broken off \(SIGKILL\)/);
            const at = momentsIn(readFileSync(events, "utf8")).find((moment) => left.has(moment));
            assert.ok(at !== undefined && left.delete(at), run.output);
        }
        assert.deepEqual([...left], []);
    }

    /** One step at a time: whatever comes after the one at which it is killed was not begun. */
    function promoteSlowly(killAt: readonly string[] = []): Promise<EngineRun> {
        return promote(killAt, { PARALLEL: "1" });
    }

    async function promote(killAt: readonly string[] = [], more: Readonly<Record<string, string>> = {}): Promise<EngineRun> {
        const { layout, daemon } = world;
        const variables = await stackVariables(layout, daemon, "stage");
        return runOneflow(["promote", "stage", commit, "--yes"], {
            checkout: layout.operations,
            variables: {
                // Whoever is killed leaves what it keeps for the time being.
                ...{ ...variables, PATH: `${folder}:${variables.PATH}`, TMPDIR: folder },
                ...{ REAL_PULUMI: await toolPath("pulumi"), EVENTS: events, KILL_AT: killAt.join("\n"), ...more },
            },
        });
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
                .filter(({ kind }) => kind !== "Pod" && kind !== "ReplicaSet")
                .map(({ status: _status, metadata: { name, labels, annotations }, ...object }) => ({
                    ...object,
                    metadata: { name, labels, annotations },
                }))
                .sort((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1)),
            resources: stateOf(world, "stage")
                // What the last run brought, and what a component's parts waited for: nothing, where it found the record written.
                .map(({ urn, custom, inputs: { copies: _copies, ...inputs } = {}, dependencies = [] }) => ({
                    urn,
                    inputs,
                    dependencies: custom ? [...dependencies].sort() : [],
                }))
                .sort((a, b) => (a.urn < b.urn ? -1 : 1)),
            pending: (JSON.parse(readFileSync(stateFile(), "utf8")) as Checkpoint).checkpoint.latest.pending_operations,
            locked: existsSync(locks) && readdirSync(locks).length > 0,
            file: readFileSync(join(world.layout.operations, "Pulumi.stage.yaml"), "utf8"),
        };
    }
});

interface Checkpoint {
    checkpoint: { latest: { resources: KeptResource[]; pending_operations?: unknown } };
}

/** When the steps that change something began and ended. */
function momentsIn(log: string): string[] {
    return log
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as { resourcePreEvent?: StepEvent; resOutputsEvent?: StepEvent })
        .flatMap(({ resourcePreEvent: begun, resOutputsEvent: ended }) => {
            const { op, type, urn } = (begun ?? ended)?.metadata ?? { op: "same", type: "", urn: "" };
            if (op === "same" || type.startsWith("pulumi:") || type.startsWith("oneflow:")) return [];
            return [`${begun ? "begin" : "end"} ${op} ${type} ${urn.split("::").pop()}`];
        });
}

interface StepEvent {
    metadata: { op: string; type: string; urn: string };
}

/** A step, or a moment of one, without the name of its resource. */
function kindOf(step: string): string {
    return step.slice(0, step.lastIndexOf(" "));
}

function byTurns(step: string, index: number): string {
    return `${index % 2 === 0 ? "begin" : "end"} ${step}`;
}

/** A resource with what the state keeps of it beside. */
type KeptResource = StateResource & { propertyDependencies?: Record<string, string[] | null> };
