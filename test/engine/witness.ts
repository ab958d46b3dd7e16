import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { World } from "../../sandbox/world/world";

/** A resource as a stack's state keeps it. */
export interface StateResource {
    urn: string;
    type: string;
    custom: boolean;
    id?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    /** What was there before it. */
    dependencies?: string[];
}

/** Everything that a refused command must leave as it is: two witnesses are equal when not a byte of it changed. */
export async function witness(world: World, stack: string) {
    return {
        /** Every manifest, blob and tag of every registry, begun uploads included. */
        registry: await world.registry.contentHash(),
        /** Every cloud resource, IAM policy, Kubernetes object and pod. */
        cloud: hashOf(world.layout.cloud),
        /** The stack's state with all its resources and outputs. The engine stamps a time on it whenever it ran. */
        state: stateText(world, stack).replace(/"time":\s*"[^"]*"/, ""),
    };
}

/** The resources of a stack's state. */
export function stateOf(world: World, stack: string): StateResource[] {
    const { checkpoint } = JSON.parse(stateText(world, stack)) as {
        checkpoint: { latest?: { resources?: StateResource[] } };
    };
    return checkpoint.latest?.resources ?? [];
}

/** A stack's outputs, as the state keeps them. */
export function outputsOf(world: World, stack: string): Record<string, unknown> | undefined {
    return stateOf(world, stack).find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
}

function stateText(world: World, stack: string): string {
    return readFileSync(join(world.layout.state(stack), ".pulumi", "stacks", "acme-shop", `${stack}.json`), "utf8");
}

function hashOf(folder: string): string {
    const hash = createHash("sha256");
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) {
        hash.update(`${relative(folder, file)}\n`).update(readFileSync(file));
    }
    return hash.digest("hex");
}
