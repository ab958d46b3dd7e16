import { join } from "node:path";
import { Delivery } from "../../sandbox/story/delivery";
import type { EngineRun } from "../../sandbox/world/engine";
import { World } from "../../sandbox/world/world";

/** This project: what a world's operations repository is a copy of, and whose dependencies every measured program uses. */
export const project = join(__dirname, "..", "..");

/** A world of Online Boutique in which the first commit runs in dev and stage. */
export async function benchWorld(root: string): Promise<{ world: World; delivery: Delivery; commit: string }> {
    const world = await World.create(root, project);
    const delivery = new Delivery(world, project);
    succeeded(await delivery.up("platform"));
    world.fetchCredentials();
    const { commit } = await delivery.push();
    succeeded(await delivery.deployDev());
    succeeded(await delivery.promote("stage", commit));
    return { world, delivery, commit };
}

/** @throws Error with what the engine said where a command did not end well */
export function succeeded<Run extends EngineRun>(run: Run): Run {
    if (run.code !== 0) {
        throw new Error(`pulumi ended with ${run.code}:\n${run.output}`);
    }
    return run;
}
