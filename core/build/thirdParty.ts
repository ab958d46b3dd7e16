import { mirror } from "../registry/mirror";
import type { Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { imageRepository, type Tier } from "../release/addresses";
import type { ThirdPartyImage } from "../settings/model";

/** How a commit came by an image of others. */
export interface MirroredImage {
    outcome: "unchanged" | "tagged" | "mirrored";
    digest: Digest;
}

/**
 * Sees to it that a third party's image stands in the tier under the commit's SHA, with the digest that the catalog names.
 *
 * @throws RegistryError, TagMoved, and Refusal where the upstream does not have it
 */
export async function provideThirdParty(
    { commit, tier, registry }: { commit: string; tier: Tier; registry: Registry },
    name: string,
    { source, digest }: ThirdPartyImage,
): Promise<MirroredImage> {
    const repository = imageRepository(tier, name);
    if ((await registry.resolve(`${repository}:${commit}`))?.digest === digest) {
        return { outcome: "unchanged", digest };
    }
    if (await registry.resolve(`${repository}@${digest}`)) {
        await registry.tag(repository, digest, commit);
        return { outcome: "tagged", digest };
    }
    await mirror(registry, source, repository, [commit]);
    return { outcome: "mirrored", digest };
}
