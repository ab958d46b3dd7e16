import { Refusal } from "../refusal";
import { type CopyReport, type Registry, RegistryError } from "./model";
import { formatReference, parseReference } from "./reference";

/**
 * Brings an image that others build into a repository of ours, by digest and with the digest it has.
 * Where it is there already, the upstream is not asked.
 *
 * @param source `redis:8.2@sha256:…`; names without host are Docker Hub's
 * @throws Refusal where the source has no digest or the upstream does not have it
 * @throws TagMoved where a tag means another digest already
 */
export async function mirror(registry: Registry, source: string, to: string, tags: readonly string[]): Promise<CopyReport> {
    const { host, repository, tag, digest } = parseReference(source);
    const refuse = (message: string, remedy: string) =>
        new Refusal(`Mirroring into ${to} refused, nothing was changed`, [{ subject: source, message, remedy }]);
    if (!digest) {
        throw refuse(
            "is not named by digest: whoever pushes to the upstream would decide what runs here. Expected name@sha256:<64 hex digits>",
            `crane digest ${source}`,
        );
    }
    const upstream = formatReference({ host, repository });
    try {
        return await registry.copy({ repository: upstream, digest }, { repository: to, tags });
    } catch (error) {
        if (error instanceof RegistryError && error.status === 404 && !(await registry.resolve(`${upstream}@${digest}`))) {
            const named = `${upstream}:${tag ?? "latest"}`;
            throw refuse(
                `${upstream} does not have ${digest}: it never did, or it was deleted there`,
                `crane digest ${named}, then put that digest into services.yaml`,
            );
        }
        throw error;
    }
}
