import type { Registry } from "../registry/model";
import { isCommit } from "../release/lock";
import { builtFrom, parseUnion } from "../release/union";
import type { Catalog, Environment } from "../settings/model";
import { resolveLatest } from "./latest";

/** What an environment that follows `latest` comes to, or why it is left as it is. */
export type Followed = { commit: string } | { left: "held" | "unbuilt" | "overtaken"; words: string };

/**
 * Asks once what `latest` means.
 *
 * @param pushed what was pushed, `<owner/name>@<sha>` or the sha alone: where `latest` means another commit of that repository, the
 *     run of that one deploys it. @default - whatever `latest` means
 */
export async function followedRef(
    registry: Registry,
    environment: Environment,
    catalog: Catalog,
    pushed?: string,
): Promise<Followed> {
    const { name, commit } = environment;
    if (commit !== "latest") {
        const held = commit === undefined ? "commit is unset" : `it is held at ${commit}`;
        return { left: "held", words: `${name} does not follow latest: ${held} in Pulumi.${name}.yaml. It is left as it is.` };
    }
    const latest = await resolveLatest(registry, environment, catalog);
    if (latest === undefined) {
        return { left: "unbuilt", words: `${name} follows latest, and no commit of develop was built yet.` };
    }
    const own = pushed === undefined ? undefined : pushedCommit(pushed, catalog);
    const now = own && (parseUnion(latest) ?? { [own.repository]: latest })[own.repository];
    return own && now !== own.commit
        ? {
              left: "overtaken",
              words: `latest means ${now ?? "nothing"} by now, not ${own.commit}: the run of that push deploys it.`,
          }
        : { commit: latest };
}

/** The commit that was pushed, of the repository that it was pushed to. Nothing where no service is built from that one. */
export function pushedCommit(pushed: string, catalog: Catalog): { repository: string; commit: string } | undefined {
    const repositories = builtFrom(catalog);
    const [repository, commit] = isCommit(pushed) ? [repositories[0], pushed] : (Object.entries(parseUnion(pushed) ?? {})[0] ?? []);
    return repository !== undefined && commit !== undefined && repositories.includes(repository)
        ? { repository, commit }
        : undefined;
}
