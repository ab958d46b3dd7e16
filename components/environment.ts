import { setImmediate as nextTurn } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Outcome } from "../core/facts/planPromotion";
import type { Kept } from "../core/facts/readKept";
import type { RenderContext } from "../core/manifests/workload";
import type { Plan } from "../core/promotion/model";
import { movesForward } from "../core/promotion/movesForward";
import { askedRef } from "../core/promotion/words";
import type { Credentials } from "../core/registry/credentials";
import { pinnedImage } from "../core/release/addresses";
import { catalogImages } from "../core/release/lock";
import { clusterKey } from "../core/settings/clusterKey";
import type { Catalog, Environment as EnvironmentSettings, Settings } from "../core/settings/model";
import { inWaves } from "../core/settings/waves";
import { clusterProvider, suspendedProvider } from "./clusterProvider";
import { clusterWorkloads } from "./clusterWorkloads";
import type { LocalImage } from "./localImage";
import { PromotedImages } from "./promotedImages";
import { RecordedRun } from "./recordedRun";
import { suspendedCluster } from "./suspendedCluster";

/** What an {@link Environment} is made from. */
export interface EnvironmentArgs {
    settings: Settings;
    environment: EnvironmentSettings;
    /** What will run, already judged, or why nothing does. */
    outcome: Outcome;
    /** What the suspended clusters have. @default no cluster is suspended */
    kept?: Kept;
    /** How images of the working copy are pushed. @default as all else in a registry: docker's configuration, else Google's defaults */
    credentials?: Credentials;
}

/** What is said of an environment once its run is healthy. One that failed leaves what was said of the run before. */
export interface EnvironmentOutputs {
    /** The commit that the environment follows; empty where nothing is deployed. */
    commit: pulumi.Output<string>;
    /** Service → digest. */
    images: pulumi.Output<Readonly<Record<string, string>>>;
}

/** What runs in one environment: its images in its own tier, its services in every cluster, and last the record of the run. */
export class Environment extends pulumi.ComponentResource {
    /** Resolves when every resource is registered: the program must not end before. */
    readonly registered: Promise<EnvironmentOutputs>;

    constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Environment", name, {}, opts);
        const { plan, words } = args.outcome;
        pulumi.log.info(words, this);

        this.registered = this.register(plan, args);
    }

    private async register(plan: Plan | undefined, args: EnvironmentArgs): Promise<EnvironmentOutputs> {
        const run = plan && (await this.deploy(plan, args));
        const healthy = pulumi.output(run?.urn);
        const outputs = {
            commit: healthy.apply(() => (plan ? askedRef(plan.request) : "")),
            images: healthy.apply(() => plan?.set ?? {}),
        };
        this.registerOutputs(outputs);
        return outputs;
    }

    /** @returns what is there once all is healthy. Nothing where services of the working copy run: such a run is not recorded */
    private async deploy(plan: Plan, args: EnvironmentArgs): Promise<RecordedRun | undefined> {
        const { environment, outcome, kept = {}, credentials } = args;
        const settings = outcome.catalog ? { ...args.settings, catalog: outcome.catalog } : args.settings;
        const from = settings.environments.find((other) => other.name === environment.promotesFrom) ?? environment;
        const images = new PromotedImages("images", { plan, from, deploy: settings.delivery.deploy }, { parent: this });
        // The images' provider is a process of its own, for which every workload waits: it starts while they are made.
        await this.reachedEngine();

        // What runs already has its images: only what changes waits for them to come.
        const waitsFor = plan.direction === "unchanged" ? [] : [images];
        const catalog = deployedCatalog(settings.catalog, plan);
        const built = plan.local ? await this.buildLocally(plan.local, environment, settings.catalog, credentials) : {};
        const pinned = plan.local && Object.fromEntries(Object.values(built).map((image) => [image.reference, image.pinned]));
        const context = renderContext(settings, plan, built);
        for (const cluster of environment.clusters.filter(({ suspended }) => suspended)) {
            const key = clusterKey(settings.project, environment, cluster);
            pulumi.log.info(`${cluster.context} is suspended: what it has stays as it is`, this);
            suspendedCluster(kept[key] ?? [], suspendedProvider(key, cluster.context, { parent: this }), this);
        }
        const workloads: pulumi.Resource[] = [];
        let gate: pulumi.Resource[] = [];
        for (const wave of inWaves(environment.clusters)) {
            const deployed = await Promise.all(
                wave.map((cluster) => {
                    const key = clusterKey(settings.project, environment, cluster);
                    // All that is in a cluster waits for its provider: one edge each, where edges between all would be their product.
                    const provider = clusterProvider(key, cluster.context, { parent: this, dependsOn: gate });
                    const args = { plan, catalog, context, provider, images: pinned, dependsOn: waitsFor };
                    return clusterWorkloads(key, args, this);
                }),
            );
            workloads.push(...deployed.flat());
            gate = movesForward(plan) ? deployed.flat() : [];
        }
        // What no commit has must never look as if it had run: it could be promoted then.
        return plan.local ? undefined : new RecordedRun("run", { plan, catalog }, { parent: this, dependsOn: workloads });
    }

    /** Only here is the docker provider asked for anything, and its package loaded. */
    private async buildLocally(
        services: readonly string[],
        environment: EnvironmentSettings,
        catalog: Catalog,
        credentials: Credentials | undefined,
    ): Promise<Readonly<Record<string, LocalImage>>> {
        const { buildLocally } = await import("./localImage");
        return buildLocally({ services, environment, catalog, credentials }, { parent: this });
    }

    /** Waits until the engine knows this component, and has been asked for the children made so far. */
    private async reachedEngine(): Promise<void> {
        await new Promise((resolve) => this.urn.apply(resolve));
        await nextTurn();
    }
}

/** The services that the plan has images for; the others are pending. */
function deployedCatalog(catalog: Catalog, { pending }: Plan): Catalog {
    return { services: Object.fromEntries(Object.entries(catalog.services).filter(([name]) => !pending.includes(name))) };
}

function renderContext(
    { project, catalog }: Settings,
    { environment, images, releases, migrations }: Plan,
    built: Readonly<Record<string, LocalImage>>,
): RenderContext {
    return {
        environment: environment.name,
        cloudProject: environment.project,
        namespace: environment.namespace,
        partOf: project,
        services: catalog.services,
        image: (imageName: string) =>
            built[imageName]?.reference ??
            (images[imageName] ? pinnedImage(environment, imageName, images[imageName].digest) : unmirrored(catalog, imageName)),
        commit: (service: string) => {
            const locked = built[service] ? undefined : images[service];
            return locked && "commit" in locked ? locked.commit : undefined;
        },
        release: (service: string) => (built[service] ? undefined : releases?.[service]),
        migrates: (service: string) => migrations.due.includes(service) || migrations.done.includes(service),
    };
}

/** An image beside a service of the working copy that no build has mirrored yet: pulled from where it comes from. */
function unmirrored(catalog: Catalog, imageName: string): string {
    const image = catalogImages(catalog)[imageName];
    if (image?.from !== "thirdParty") {
        throw new Error(`the plan deploys ${imageName} and has no image of it`);
    }
    return image.source;
}
