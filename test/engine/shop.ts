import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runGit } from "../../sandbox/git/command";
import { changeService } from "../../sandbox/git/monorepo";
import { Delivery } from "../../sandbox/story/delivery";
import type { EngineRun } from "../../sandbox/world/engine";
import type { WorldSettings } from "../../sandbox/world/settings";
import { World } from "../../sandbox/world/world";

/** This project: what a world's operations repository is a copy of. */
export const project = join(__dirname, "..", "..");

/** A world of Online Boutique, and the hands to work in it. */
export class Shop {
    readonly delivery: Delivery;

    constructor(
        readonly world: World,
        /** The commit that the world began with. Empty before it was pushed. */
        readonly first = "",
    ) {
        this.delivery = new Delivery(world, project);
    }

    /** `pulumi up` with its events instead of its display: `engineEvents.ts` reads them. */
    up(stack: string, ...args: string[]): Promise<EngineRun> {
        return this.delivery.up(stack, ["--json", ...args]);
    }

    /** Sets what an environment runs, and `pulumi up`. */
    async promote(environment: "dev" | "stage" | "prod", commit: string): Promise<EngineRun> {
        await this.delivery.configure(environment, ["commit", commit]);
        return this.up(environment);
    }

    /** Pushes a change of a service's code, and says which commit that is. Its images are built; nothing is deployed. */
    async change(service: string, what: string): Promise<string> {
        return this.edit(what, (directory) => changeService(directory, this.world.catalog().services[service], what));
    }

    /** Pushes what an edit leaves in the developer's checkout, and says which commit that is. */
    async edit(message: string, edit: (directory: string) => Promise<void>): Promise<string> {
        const { developer } = this.delivery;
        await edit(developer.directory);
        await developer.commit(message);
        const { commit, failures } = await this.delivery.push();
        assert.deepEqual(failures, []);
        return commit;
    }

    /** Takes back every edit in the operations repository that was not committed. */
    async undoEdits(): Promise<void> {
        await runGit(this.world.layout.operations, ["checkout", "--quiet", "--", "."]);
    }
}

/** A world in which nothing has happened yet. */
export async function emptyShop(settings?: WorldSettings): Promise<Shop> {
    return new Shop(await World.create(newRoot(), project, settings));
}

/**
 * A world in which the platform is up and the first commit runs in dev and stage, while prod is empty. It is made once;
 * every call brings the same folder back to that moment, so a file's tests need not tidy up for the next file.
 */
export async function deliveredShop(): Promise<Shop> {
    delivered ??= deliver();
    const { root, kept, first } = await delivered;
    await World.stop(root);
    rmSync(root, { recursive: true, force: true });
    copy(kept, root);
    return new Shop(await World.open(root), first);
}

/** Fails with what the engine said where a command did not end well. */
export function succeeded(run: EngineRun): EngineRun {
    assert.equal(run.code, 0, run.output);
    return run;
}

async function deliver(): Promise<{ root: string; kept: string; first: string }> {
    const shop = await emptyShop();
    const { world, delivery } = shop;
    succeeded(await delivery.up("platform"));
    world.fetchCredentials();
    const { commit } = await delivery.push();
    succeeded(await delivery.deployDev());
    succeeded(await delivery.promote("stage", commit));
    const kept = newRoot();
    copy(world.layout.root, kept);
    return { root: world.layout.root, kept, first: commit };
}

let delivered: ReturnType<typeof deliver> | undefined;
const roots: string[] = [];

function newRoot(): string {
    const root = mkdtempSync(join(tmpdir(), "oneflow-shop-"));
    roots.push(root);
    return root;
}

/** Links stay the links that they are: a checkout's `node_modules` is one. */
function copy(from: string, to: string): void {
    cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

after("stop the worlds and remove them", async function () {
    // As many worlds as files, some with control planes, each with thousands of files.
    this.timeout(180_000);
    await Promise.all(roots.map((root) => World.stop(root)));
    for (const root of roots) rmSync(root, { recursive: true, force: true });
});
