import { planPromotion } from "../../core/facts/planPromotion";
import { imageRepository } from "../../core/release/addresses";
import { readSettings } from "../../core/settings/load";
import { registryAs, running } from "../../sandbox/story/readback";
import { kubeconfigOf } from "../../sandbox/world/credentials";
import { identityOf } from "../../sandbox/world/names";
import type { World } from "../../sandbox/world/world";

/** Requests that a program sends to registries, per stack, to decide that nothing changes. */
export async function countRequests(world: World): Promise<Record<string, number>> {
    const { layout } = world;
    const counted: Record<string, number> = {};
    for (const [stack, directory] of [
        ["dev", layout.devJob],
        ["stage", layout.operations],
    ] as const) {
        const settings = readSettings({ directory, stack });
        if (settings.target.kind === "platform") {
            throw new Error(`${stack} is not an environment`);
        }
        const identity = identityOf(stack);
        const registry = registryAs(world, identity);
        const variables = { KUBECONFIG: kubeconfigOf(layout, identity) };
        await planPromotion(settings, settings.target.environment, { registry, variables });
        counted[stack] = registry.requests;
    }
    return counted;
}

/** How long so many resolves of tags take that are all asked for at once, and how many requests they cost. */
export interface Resolves {
    count: number;
    seconds: number;
    requests: number;
}

export async function measureResolves(world: World, count: number): Promise<Resolves> {
    const tier = world.environment("dev");
    const services = Object.keys(await running(world, "dev"));
    const registry = registryAs(world, "auditor");
    const references = Array.from(
        { length: count },
        (_, index) => `${imageRepository(tier, services[index % services.length])}:latest`,
    );
    const started = process.hrtime.bigint();
    const found = await Promise.all(references.map((reference) => registry.resolve(reference)));
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const missing = references.filter((_, index) => !found[index]);
    if (missing.length > 0) {
        throw new Error(`the registry has no ${[...new Set(missing)].join(", ")}`);
    }
    return { count, seconds, requests: registry.requests };
}
