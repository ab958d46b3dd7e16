import { planAgainstTier } from "../core/build/plan";
import { repositoryCatalog, thirdPartyImages } from "../core/build/repositoryCatalog";
import { provideThirdParty } from "../core/build/thirdParty";
import { OciRegistry } from "../core/registry/client";
import { imageRepository } from "../core/release/addresses";
import { pullLock } from "../core/release/lockStore";
import { readSource } from "./source";

/**
 * `oneflow carry`: gives a pushed commit's tag to every image that was built before, and mirrors what others build.
 * What needs a build is left to `oneflow tag`.
 *
 * @throws Refusal for arguments, configuration, or an image of others that its source does not have
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { settings, first, more: _, ...source } = await readSource("carry", argv);
    const { repository, commit } = source;
    const registry = new OciRegistry();
    if (await pullLock(registry, first, repository, commit)) {
        console.log(`${commit} has its lock: nothing to carry`);
        return 0;
    }
    const { tag } = await planAgainstTier({ ...source, catalog: settings.catalog }, registry, first);
    for (const { name, digest } of tag) {
        await registry.tag(imageRepository(first, name), digest, commit);
        console.log(`${name} tagged ${digest}`);
    }
    const others = thirdPartyImages(repositoryCatalog(settings.catalog, repository));
    for (const [name, image] of Object.entries(others)) {
        const { outcome, digest } = await provideThirdParty({ commit, tier: first, registry }, name, image);
        console.log(`${name} ${outcome} ${digest}`);
    }
    return 0;
}
