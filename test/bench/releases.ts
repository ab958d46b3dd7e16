import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordedRunInputs } from "../../components/recordedRun";
import { planPromotion } from "../../core/facts/planPromotion";
import { recordRun } from "../../core/facts/recordRun";
import { imageCopies } from "../../core/promotion/imageCopies";
import { OciRegistry } from "../../core/registry/client";
import { copyImages } from "../../core/release/copyImages";
import { imageRepository } from "../../core/release/addresses";
import { lockSchema, type Lock, type LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { publishRelease, releaseOf } from "../../core/release/publish";
import type { Environment, Settings } from "../../core/settings/model";
import { buildImage } from "../../sandbox/registry/images";
import { basicAuthorization, pushImage } from "../../sandbox/registry/push";
import { readImagePath, type RegistryPolicy, serveRegistry } from "../../sandbox/registry/server";
import { environment, service, settings as defaulted } from "../components/settings";

/** What one step of a release's way cost. */
export interface StepCost {
    step: string;
    /** HTTP requests to the registry. */
    requests: number;
    seconds: number;
    /** How many bytes more the registry holds. */
    grown: number;
}

/** The way of two releases of a shop: the first of everything, the second of one changed service. */
export interface ReleaseCosts {
    services: number;
    steps: readonly StepCost[];
}

/**
 * Lets shops of several sizes release and promote, over HTTP against the sandbox's registry: what oneflow itself asks and sends. No
 * engine and no cluster take part.
 */
export async function measureReleases(
    root: string,
    sizes: readonly number[],
    progress: (line: string) => void,
): Promise<ReleaseCosts[]> {
    const costs: ReleaseCosts[] = [];
    for (const services of sizes) {
        progress(`${services} services.`);
        const directory = mkdtempSync(join(root, `releases-${services}-`));
        const server = await serveRegistry({ directory, policy: everything });
        try {
            costs.push({ services, steps: await new Shop(directory, server.address, services).releaseTwice() });
        } finally {
            await server.close();
        }
    }
    return costs;
}

/** A team's images, releases and environments in one registry. */
class Shop {
    private readonly steps: StepCost[] = [];
    private readonly settings: Settings;
    private readonly variables: NodeJS.ProcessEnv;

    constructor(
        private readonly directory: string,
        private readonly address: string,
        count: number,
    ) {
        const names = Array.from({ length: count }, (_, index) => `service-${index}`);
        const own = (name: string, before?: string) =>
            environment(name, { registry: `${address}/acme-${name}`, ...(before !== undefined && { promotesFrom: before }) });
        const environments = [own("dev"), own("stage", "dev"), own("prod", "stage")];
        const { delivery } = defaulted();
        this.settings = defaulted({
            catalog: { services: Object.fromEntries(names.map((name) => [name, service(name)])) },
            delivery: { ...delivery, deploy: `${address}/acme-delivery/deploy` },
            environments,
        });
        this.variables = { KUBECONFIG: this.kubeconfig() };
    }

    async releaseTwice(): Promise<StepCost[]> {
        const names = Object.keys(this.settings.catalog.services);
        await this.release("1.0.0", "1".repeat(40), names, {});
        const first = this.lock!.images;
        await this.release("1.1.0", "2".repeat(40), names.slice(0, 1), first);
        return this.steps;
    }

    private lock?: Lock;

    /** Builds what changed, deploys dev, releases, and promotes the release to stage and prod. */
    private async release(version: string, commit: string, changed: readonly string[], before: Lock["images"]): Promise<void> {
        const [dev, stage, prod] = this.settings.environments;
        const what = changed.length === 1 ? "one changed" : "all new";
        const built: Record<string, LockedImage> = { ...before };
        for (const name of changed) {
            const image = buildImage({ files: { "app/word": { content: `${name} ${commit}` } } });
            const repository = imageRepository(dev, name).slice(this.address.length + 1);
            const digest = await pushImage({ address: this.address, repository }, image, [commit], basicAuthorization(token));
            built[name] = { commit, digest };
        }
        const { catalog, delivery } = this.settings;
        const source = { repository: delivery.operations.repository, commit, branch: "main" } as const;
        const lock = { schema: lockSchema, source, catalog, images: built } satisfies Lock;
        this.lock = lock;
        await pushLock(registryOfOne(), dev, lock);
        await this.promote(dev, commit);
        await this.measured(`release, ${what}`, (registry) =>
            publishRelease(registry, releaseOf(this.settings, version, lock), dev),
        );
        await this.measured(`to stage, ${what}`, (registry) => this.promote(stage, `v${version}`, registry));
        await this.measured(`to prod, ${what}`, (registry) => this.promote(prod, `v${version}`, registry));
        await this.measured(`prod again, ${what}`, (registry) => this.promote(prod, `v${version}`, registry));
    }

    /** What `pulumi up` asks the registry for: the decision, twice, as preview and update make it; the copies; the record. */
    private async promote(target: Environment, ref: string, registry = registryOfOne()): Promise<void> {
        const { settings, variables, directory } = this;
        const wanted = { ...target, commit: ref };
        const decide = () => planPromotion(settings, wanted, { registry, variables, directory });
        await decide();
        const { plan } = await decide();
        if (!plan || plan.direction === "unchanged") return;
        const from = settings.environments.find(({ name }) => name === target.promotesFrom) ?? target;
        await copyImages(registry, imageCopies(plan, from, settings.delivery.deploy));
        const { to, run } = recordedRunInputs({ plan, catalog: settings.catalog });
        await recordRun(registry, to, JSON.parse(run) as Parameters<typeof recordRun>[2], { directory, environment: {} });
    }

    private async measured(step: string, act: (registry: OciRegistry) => Promise<unknown>): Promise<void> {
        const registry = registryOfOne();
        const before = bytesIn(this.directory);
        const started = process.hrtime.bigint();
        await act(registry);
        const seconds = Number(process.hrtime.bigint() - started) / 1e9;
        this.steps.push({ step, requests: registry.requests, seconds, grown: bytesIn(this.directory) - before });
    }

    private kubeconfig(): string {
        const folder = mkdtempSync(`${this.directory}-kube-`);
        mkdirSync(folder, { recursive: true });
        const contexts = this.settings.environments.flatMap(({ clusters }) => clusters.map(({ context }) => context));
        const config = {
            apiVersion: "v1",
            kind: "Config",
            clusters: [{ name: "one", cluster: { server: "https://127.0.0.1" } }],
            contexts: contexts.map((name) => ({ name, context: { cluster: "one", user: "one" } })),
            users: [{ name: "one", user: {} }],
        };
        const file = join(folder, "config");
        writeFileSync(file, JSON.stringify(config));
        return file;
    }
}

/** Whoever asks may do all: what is measured is how much is asked. */
const everything: RegistryPolicy = {
    authenticate: () => "user:bench@acme.example",
    repository: (path) => {
        const image = readImagePath(path);
        return image && { ...image, immutableTags: image.repositoryId !== "develop" };
    },
    denied: () => undefined,
};
const token = "ya29.bench";

function registryOfOne(): OciRegistry {
    const credential = { username: "oauth2accesstoken", password: token, source: "the bench" };
    return new OciRegistry({ credentials: { for: () => Promise.resolve(credential) } });
}

function bytesIn(directory: string): number {
    return readdirSync(directory, { recursive: true, encoding: "utf8" })
        .map((file) => statSync(join(directory, file)))
        .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
}
