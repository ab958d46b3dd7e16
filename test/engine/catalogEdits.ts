import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { writeMonorepo } from "../../sandbox/git/monorepo";
import { organisation } from "../../sandbox/world/names";
import type { EngineRun } from "../../sandbox/world/engine";
import type { Shop } from "./shop";

/** Keys of an entry of `services.yaml`, or of all; a key without a value is taken out. */
type Edit = Readonly<Record<string, unknown>>;

/** Writes entries into a checkout's `services.yaml`, whole, or takes them out. */
export function writeEntries(checkout: string, entries: Edit): void {
    edit(checkout, [], entries);
}

/** Writes keys of one entry, or takes them out. */
export function writeKeys(checkout: string, service: string, keys: Edit): void {
    edit(checkout, [service], keys);
}

/** Pushes what an edit leaves in the developer's checkout, with sources for services that are new; all is built, nothing deployed. */
export function push(shop: Shop, message: string, change: (checkout: string) => void | Promise<void>): Promise<string> {
    return shop.edit(message, async (checkout) => {
        await change(checkout);
        const known = Object.keys(shop.world.catalog().services);
        const services = Object.entries(shop.world.catalog(checkout).services).filter(([name]) => !known.includes(name));
        await writeMonorepo(checkout, { services: Object.fromEntries(services) }, organisation.repository);
    });
}

/** Deploys a commit to dev from the operations repository, which has taken over what develop says of the services. */
export async function deploy(shop: Shop, commit: string): Promise<EngineRun> {
    const { operations } = shop.delivery;
    await operations.fetch();
    if (!(await operations.isAncestor("origin/develop", "HEAD"))) {
        await operations.merge("origin/develop", "Take over develop");
    }
    return shop.promote("dev", commit);
}

function edit(checkout: string, path: readonly string[], keys: Edit): void {
    const file = join(checkout, "services.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    for (const [key, value] of Object.entries(keys)) {
        const place = ["services", ...path, key];
        if (value === undefined) {
            document.deleteIn(place);
        } else {
            document.setIn(place, document.createNode(value));
        }
    }
    writeFileSync(file, document.toString({ lineWidth: 0 }));
}
