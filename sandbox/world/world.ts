import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readSettings } from "../../core/settings/load";
import type { Catalog } from "../../core/settings/model";
import { sourceRepositories } from "../../core/workflows/origins";
import { writeMonorepo } from "../git/monorepo";
import { Repository } from "../git/repository";
import { installPushHook } from "../github/pushHook";
import { ActionsClient } from "../github/worldCalls";
import { RunFiles } from "../github/actions/runFiles";
import type { Run } from "../github/actions/model";
import { bootstrapStack } from "../google/bootstrap";
import { readyServers } from "../kubernetes/servers";
import { Cloud } from "../providers/cloud";
import { RegistryFiles } from "../registry/files";
import { toolDirectory } from "../toolchain/toolchain";
import { issueTokens, writeDockerConfigs, writeKubeconfigs } from "./credentials";
import type { DaemonState } from "./daemonState";
import { startDaemon, stopDaemon } from "./daemonProcess";
import { installDockerPlugin } from "./dockerPlugin";
import { runOneflow, runPulumi, stackVariables, writeExports, type EngineRun } from "./engine";
import { layout, type Layout } from "./layout";
import { organisation, type EnvironmentName } from "./names";
import { linkDependencies, writeOperations } from "./operations";
import { readWorldSettings, writeWorldSettings, type WorldSettings } from "./settings";
import { fillUpstream } from "./upstream";

/** A sandbox: the clouds, registries, repositories and checkouts of one organisation, under one folder. */
export class World {
    readonly cloud: Cloud;
    /** The registry's content, read without the registry. */
    readonly registry: RegistryFiles;
    /** What a person does on GitHub's pages: starts a workflow, repeats a run, approves, merges. */
    readonly actions: ActionsClient;
    /** Runs of workflows and their logs, read without GitHub. */
    readonly runs: RunFiles;

    private constructor(
        readonly layout: Layout,
        readonly daemon: DaemonState,
    ) {
        this.cloud = new Cloud(layout.cloud);
        this.registry = new RegistryFiles(layout.registry);
        this.actions = new ActionsClient(layout.actions);
        this.runs = new RunFiles(join(layout.actions, "runs"));
    }

    /** The folder's world, its servers running. */
    static async open(root: string): Promise<World> {
        const where = layout(root);
        await requirePrograms(where);
        return new World(where, await startDaemon(where));
    }

    /**
     * An organisation before oneflow: four empty Google Cloud projects, and on GitHub its sources and a fresh copy of the given
     * project, in one repository or in several. Whatever stood in the folder before is gone.
     */
    static async create(root: string, project: string, settings: WorldSettings = { kubernetes: "double" }): Promise<World> {
        const where = layout(root);
        await stopDaemon(where);
        rmSync(root, { recursive: true, force: true });
        mkdirSync(root, { recursive: true, mode: 0o700 });
        writeWorldSettings(where, settings);
        await requirePrograms(where);
        seedCloud(new Cloud(where.cloud));
        issueTokens(where, new Cloud(where.cloud));
        writeFileSync(where.githubToken, `ghp_sandbox${randomBytes(24).toString("hex")}`, { mode: 0o600 });
        writeFileSync(where.passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
        installDockerPlugin(where);
        const world = new World(where, await startDaemon(where));
        writeDockerConfigs(where, world.daemon.registry);
        writeKubeconfigs(where, world.cloud);
        await world.seedRepositories(project);
        return world;
    }

    /** What was decided when it was made. */
    get settings(): WorldSettings {
        return readWorldSettings(this.layout);
    }

    /** The repository of the settings, `owner/name`. */
    get repository(): string {
        return this.settings.delivers?.operations ?? organisation.repository;
    }

    /** Stops the servers of a folder's world. What they held stays. */
    static stop(root: string): Promise<boolean> {
        return stopDaemon(layout(root));
    }

    /** The catalog that a checkout has. */
    catalog(checkout = this.layout.operations): Catalog {
        return readSettings({ directory: checkout, stack: "platform" }).catalog;
    }

    /** Address of an environment's registry tier. */
    environment(name: EnvironmentName, checkout = this.layout.operations) {
        // Read as the first environment reads it, which takes what somebody tries in this working copy.
        const { environments } = readSettings({ directory: checkout, stack: "dev" });
        return environments.find((environment) => environment.name === name)!;
    }

    /** Runs `pulumi` on a stack as the identity that works on it. */
    async pulumi(
        stack: string,
        args: readonly string[],
        options: { checkout?: string; onOutput?: (text: string) => void } = {},
    ): Promise<EngineRun> {
        const { checkout = this.layout.operations, onOutput } = options;
        const variables = await stackVariables(this.layout, this.daemon, stack);
        return runPulumi([...args, "--stack", stack], { checkout, variables, onOutput });
    }

    /** Runs `oneflow` in the operations checkout, with the exports of a stack. */
    async oneflow(stack: string, args: readonly string[], onOutput?: (text: string) => void): Promise<EngineRun> {
        const variables = await stackVariables(this.layout, this.daemon, stack);
        return runOneflow(args, { checkout: this.layout.operations, variables, onOutput });
    }

    /** Fetches cluster credentials for every identity that may have them. */
    fetchCredentials(): void {
        writeKubeconfigs(this.layout, this.cloud);
    }

    /** Presses a workflow's button on a branch, as a person does. @param workflow name of its file, `promote-stage.yml` */
    async dispatch(workflow: string, inputs: Readonly<Record<string, string>> = {}, ref = "refs/heads/main"): Promise<Run> {
        const { repository } = this;
        const [run] = await this.actions.handle({ name: "workflow_dispatch", repository, actor: "ada", workflow, ref, inputs });
        return run;
    }

    /** The runs of a commit, oldest first. */
    runsOf(commit: string): Run[] {
        return this.runs
            .all()
            .filter(({ sha }) => sha === commit)
            .reverse();
    }

    /** The runs of a commit, when all that is under way has ended. */
    waitForRuns(commit: string): Promise<Run[]> {
        return Promise.all(this.runsOf(commit).map(({ id }) => this.actions.finished(id)));
    }

    /** An empty repository of the organisation on GitHub, whose pushes start workflows. @returns its git */
    async addRepository(fullName: string): Promise<Repository> {
        const { github, actions } = this.layout;
        const id = Math.max(700_000, ...this.cloud.repositories().map((one) => one.id)) + 1;
        this.cloud.addRepository({ fullName, id, ownerId: 4200, private: true, branches: ["main", "develop"] });
        mkdirSync(dirname(github(fullName)), { recursive: true });
        const bare = await Repository.bare(github(fullName));
        installPushHook(bare.directory, { directory: actions, repository: fullName });
        return bare;
    }

    private async seedRepositories(project: string): Promise<void> {
        const { operations, developer, state } = this.layout;
        const bare = await this.addRepository(this.repository);
        const main = await Repository.clone(bare, operations);
        const written = await writeOperations(project, operations, {
            registry: this.daemon.registry,
            thirdParty: (images) => fillUpstream(this.layout.upstream, this.daemon.upstream, images),
            ...(this.settings.delivers ? { delivers: this.settings.delivers } : {}),
        });
        linkDependencies(project, operations);
        const stacks = ["platform", ...organisation.environments];
        for (const stack of stacks) {
            mkdirSync(state(stack), { recursive: true });
            writeExports(operations, stack, await stackVariables(this.layout, this.daemon, stack));
        }
        await Promise.all(stacks.map((stack) => this.initialiseStack(stack)));
        await main.commit("Take over oneflow");
        await main.push("HEAD:refs/heads/main", "HEAD:refs/heads/develop");
        await Repository.clone(bare, developer, { branch: "develop" });
        for (const source of sourceRepositories(written).filter((one) => one !== this.repository)) {
            await this.seedSource(source, written.catalog);
        }
    }

    private async seedSource(fullName: string, catalog: Catalog): Promise<void> {
        const checkout = this.layout.checkout(fullName);
        const bare = await this.addRepository(fullName);
        const first = await Repository.clone(bare, `${checkout}-first`);
        await writeMonorepo(first.directory, catalog, fullName);
        await first.commit("Start");
        await first.push("HEAD:refs/heads/main", "HEAD:refs/heads/develop");
        rmSync(first.directory, { recursive: true });
        await Repository.clone(bare, checkout, { branch: "develop" });
    }

    private async initialiseStack(stack: string): Promise<void> {
        const { code, output } = await this.pulumi(stack, ["stack", "init"]);
        if (code !== 0) {
            throw new Error(`pulumi stack init ${stack} failed:\n${output}`);
        }
    }
}

/** Makes what the daemon will run while somebody sees the progress: its own output goes to a log. */
async function requirePrograms(where: Layout): Promise<void> {
    await toolDirectory(["pulumi", "pulumi-language-nodejs", "act"]);
    if (readWorldSettings(where).kubernetes === "real") {
        await readyServers();
    }
}

/** Whether a folder holds a sandbox. */
export function hasWorld(root: string): boolean {
    return existsSync(join(root, "passphrase")) && readFileSync(join(root, "passphrase"), "utf8").length > 0;
}

function seedCloud(cloud: Cloud): void {
    const { administrator, projects, region } = organisation;
    Object.values(projects).forEach((id, index) =>
        cloud.addProject({ id, number: String(100000000001 + index), owner: administrator }),
    );
    for (const [stack, project] of Object.entries(projects)) bootstrapStack(cloud, { project, region }, stack);
}
