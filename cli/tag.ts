import { planAgainstTier } from "../core/build/plan";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { type Registry, TagMoved } from "../core/registry/model";
import { type Digest, isDigest } from "../core/registry/reference";
import { imageRepository } from "../core/release/addresses";
import { readSource } from "./source";

/**
 * `oneflow tag`: gives an image that was just built the tag of its content and that of its commit. A tag is written once: where
 * another run built the same content meanwhile, that image is the commit's.
 *
 * @throws Refusal where the repository builds no such service; TagMoved where the commit means another image already
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { settings, first, more, ...source } = await readSource("tag", argv, ["service", "digest"]);
    const { service = "", digest = "" } = more;
    if (!isDigest(digest)) {
        const message = `is no digest: ${JSON.stringify(digest)}; expected sha256: and 64 hex digits, as the build says it`;
        throw new Refusal("Nothing was tagged", [{ subject: "--digest", message }]);
    }
    const registry = new OciRegistry();
    const { build, tag, unchanged } = await planAgainstTier({ ...source, catalog: settings.catalog }, registry, first);
    if (unchanged.includes(service)) {
        console.log(`${service} has its image: an earlier run tagged it`);
        return 0;
    }
    const planned = [...build, ...tag].find(({ name }) => name === service);
    if (!planned) {
        const message = `is no service that ${source.repository} builds`;
        throw new Refusal("Nothing was tagged", [{ subject: service, message, remedy: "add it to services.yaml" }]);
    }
    const repository = imageRepository(first, service);
    // The content's tag first: a run that breaks off between the two is continued without a build.
    const settled = await tagContent(registry, repository, digest, planned.tag);
    await registry.tag(repository, settled, source.commit);
    console.log(settled === digest ? `${service} built ${digest}` : `${service} tagged ${settled}, which another run built`);
    return 0;
}

/** The image that stands for the content: this one, or the one that came first. */
async function tagContent(registry: Registry, repository: string, digest: Digest, tag: string): Promise<Digest> {
    try {
        await registry.tag(repository, digest, tag);
        return digest;
    } catch (error) {
        if (!(error instanceof TagMoved)) throw error;
        return error.current;
    }
}
