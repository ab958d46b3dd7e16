import type { Catalog } from "../settings/model";
import { isCommit } from "./lock";

/** Commits of several source repositories: repository in lower case, `owner/name` → full SHA. */
export type Union = Readonly<Record<string, string>>;

/**
 * A union as the one text that a stack's config and a run record hold: `acme/cart@<sha>,acme/checkout@<sha>`, sorted.
 * It is what `latest` comes to where services are built from several repositories: no single SHA names them all.
 */
export function formatUnion(union: Union): string {
    return Object.entries(union)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([repository, commit]) => `${repository}@${commit}`)
        .join(",");
}

/** What {@link formatUnion} wrote. Nothing where the text is none, names a repository twice, or a commit that is no full SHA. */
export function parseUnion(text: string): Union | undefined {
    const parts = text.split(",").map((part) => /^([^/@\s]+\/[^/@\s]+)@([^@]*)$/.exec(part));
    const entries = parts.flatMap((part) => (part && isCommit(part[2]) ? [[part[1].toLowerCase(), part[2]] as const] : []));
    const union = Object.fromEntries(entries);
    return entries.length === parts.length && Object.keys(union).length === parts.length ? union : undefined;
}

/** The commits that a ref names: one, or one of each repository. Nothing where it is neither a full SHA nor a union. */
export function commitsOf(ref: string): string[] {
    return isCommit(ref) ? [ref] : Object.values(parseUnion(ref) ?? {});
}

/** Repositories that services are built from, in lower case and sorted, each once: GitHub tells no names apart by case. */
export function builtFrom({ services }: Catalog): string[] {
    const named = Object.values(services).flatMap(({ image }) => (image.from === "source" ? [image.repository.toLowerCase()] : []));
    return [...new Set(named)].sort();
}

/**
 * A ref that ran, as the catalog of now asks for it again: repositories may have come or gone since, and with them the need to say
 * which repository a commit is of.
 */
export function askedAgain(ref: string, then: Catalog, now: Catalog): string {
    const [built, ...others] = builtFrom(then);
    const union = isCommit(ref) && built !== undefined && others.length === 0 ? { [built]: ref } : parseUnion(ref);
    const here = builtFrom(now);
    const kept = Object.entries(union ?? {}).filter(([repository]) => here.includes(repository));
    return (here.length > 1 ? formatUnion(Object.fromEntries(kept)) : kept[0]?.[1]) || ref;
}
