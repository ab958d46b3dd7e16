import { rmSync } from "node:fs";
import { pullLock } from "../../core/release/lockStore";
import { runPipeline, type PipelineReport } from "../ci/pipeline";
import { pushAs } from "../ci/push";
import { Repository } from "../git/repository";
import { stackVariables, writeExports, type EngineRun } from "../world/engine";
import { tokenOf } from "../world/credentials";
import { organisation, type EnvironmentName } from "../world/names";
import { linkDependencies } from "../world/operations";
import type { World } from "../world/world";
import { registryAs } from "./readback";

/** What the flows of a delivery do in the sandbox, as the people and jobs who do them. */
export class Delivery {
    /** Takes the engine's output as it comes. @default nobody listens */
    onOutput?: (text: string) => void;

    constructor(
        readonly world: World,
        private readonly project: string,
    ) {}

    /** The developer's checkout of develop. */
    get developer(): Repository {
        return new Repository(this.world.layout.developer);
    }

    get operations(): Repository {
        return new Repository(this.world.layout.operations);
    }

    /** Pushes develop's head, and runs what the push starts as the builder. */
    async push(): Promise<PipelineReport> {
        await this.developer.push("develop");
        return this.build(await this.developer.commitAt("HEAD"));
    }

    /** The build of one pushed head of develop. */
    build(commit: string): Promise<PipelineReport> {
        const password = tokenOf(this.world.layout, "builder");
        return runPipeline({
            git: new Repository(this.world.layout.github(organisation.repository)),
            repository: organisation.repository,
            branch: "develop",
            commit,
            catalog: this.world.catalog(this.world.layout.developer),
            tier: this.world.environment("dev"),
            registry: registryAs(this.world, "builder"),
            push: pushAs({
                for: () => Promise.resolve({ username: "oauth2accesstoken", password, source: "the builder's token" }),
            }),
        });
    }

    /**
     * The dev job: resolves `latest` once and deploys it from a throw-away checkout of that commit. Nothing happens where
     * no build has moved `latest` yet.
     */
    async deployDev(...args: string[]): Promise<EngineRun> {
        const commit = await this.checkOutLatest();
        return this.up("dev", [...commit, ...args], this.world.layout.devJob);
    }

    /** Makes the dev job's checkout of the commit that is `latest` now. @returns the options by which `pulumi` deploys that one */
    async checkOutLatest(): Promise<string[]> {
        const { layout } = this.world;
        const lock = await pullLock(
            registryAs(this.world, "deployer-dev"),
            this.world.environment("dev"),
            organisation.repository,
            "latest",
        );
        rmSync(layout.devJob, { recursive: true, force: true });
        const bare = new Repository(layout.github(organisation.repository));
        const checkout = await Repository.clone(bare, layout.devJob, { branch: "develop" });
        await checkout.checkout(lock?.source.commit ?? "develop");
        linkDependencies(this.project, layout.devJob);
        writeExports(layout.devJob, "dev", await stackVariables(layout, this.world.daemon, "dev"));
        return lock ? ["--config", `commit=${lock.source.commit}`] : [];
    }

    /** Promotes as a release manager does: one changed line in the stack's config, committed, and `pulumi up`. */
    async promote(environment: EnvironmentName, commit: string): Promise<EngineRun> {
        await this.configure(environment, ["commit", commit]);
        return this.up(environment);
    }

    /** `pulumi config set` and a commit of the changed stack file. */
    async configure(environment: EnvironmentName, setting: readonly string[]): Promise<void> {
        const { code, output } = await this.world.pulumi(environment, ["config", "set", ...setting]);
        if (code !== 0) {
            throw new Error(`pulumi config set ${setting.join(" ")} -s ${environment} failed:\n${output}`);
        }
        await this.operations.commit(`Set ${setting.join(" ")} in ${environment}`);
        await this.operations.push("main");
    }

    up(stack: string, args: readonly string[] = [], checkout?: string): Promise<EngineRun> {
        return this.world.pulumi(stack, ["up", "--yes", "--skip-preview", ...args], { checkout, onOutput: this.onOutput });
    }
}
