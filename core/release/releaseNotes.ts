import type { Digest } from "../registry/reference";
import { builtFrom } from "./union";
import { imageNames, type Lock, type LockedImage } from "./lock";

/** What came of an image from one release to the next. */
export interface ImageChange {
    /** Image name. */
    name: string;
    /** Absent where the image is new. */
    before?: LockedImage;
    /** Absent where the image is gone. */
    after?: LockedImage;
}

/** The commits of one source repository that a release adds. */
export interface CommitRange {
    /** `owner/name`. */
    repository: string;
    /** Commits that images were built from before, sorted: several where services were built at different times. */
    from: readonly string[];
    /** Commits that images are built from now, sorted. */
    to: readonly string[];
}

/** One line of history, newest first in a list of them. */
export interface NotedCommit {
    commit: string;
    /** First line of its message. */
    title: string;
}

/** Images whose digest differs between two locks, sorted by name. Without a lock before, all are new. */
export function changedImages(before: Lock | undefined, after: Lock): ImageChange[] {
    const [then, now] = [before?.images ?? {}, after.images];
    return Object.keys({ ...then, ...now })
        .sort()
        .map((name) => ({
            name,
            ...(Object.hasOwn(then, name) && { before: then[name] }),
            ...(Object.hasOwn(now, name) && { after: now[name] }),
        }))
        .filter((change) => change.before?.digest !== change.after?.digest);
}

/** Of each repository whose images changed, between which commits its history is asked for. */
export function commitRanges(before: Lock | undefined, after: Lock): CommitRange[] {
    const changes = changedImages(before, after);
    const commits = (repository: string, side: "before" | "after") => {
        const { catalog } = side === "after" ? after : (before ?? after);
        const found = changes.flatMap((change) => {
            const image = change[side];
            return image && "commit" in image && repositoryOf(catalog, change.name) === repository ? [image.commit] : [];
        });
        return [...new Set(found)].sort();
    };
    return builtFrom(after.catalog)
        .map((repository) => ({ repository, from: commits(repository, "before"), to: commits(repository, "after") }))
        .filter(({ to }) => to.length > 0);
}

/**
 * A release's notes, in Markdown: what changed since the release before, and what did not.
 *
 * @param history repository → commits of its {@link commitRanges range}, newest first. @default - the commits are named by their ends
 */
export function releaseNotes(
    version: string,
    after: Lock,
    previous?: { version: string; lock: Lock },
    history: Readonly<Record<string, readonly NotedCommit[]>> = {},
): string {
    const changes = changedImages(previous?.lock, after);
    const since = previous ? ` since v${previous.version}` : "";
    if (changes.length === 0) {
        return `# v${version}\n\nNo image changed${since}.\n`;
    }
    const unchanged = imageNames(after.catalog).filter((name) => !changes.some((change) => change.name === name));
    const rows = changes.map((change) => `| ${change.name} | ${shown(change.before)} | ${shown(change.after)} |`);
    const table = [`Changed${since}:`, "", "| image | before | now |", "| --- | --- | --- |", ...rows];
    const rest = unchanged.length > 0 ? ["", `Unchanged: ${unchanged.join(", ")}.`] : [];
    const commits = commitRanges(previous?.lock, after).flatMap((range) => section(range, history[range.repository]));
    return `${[`# v${version}`, "", ...table, ...rest, ...commits].join("\n")}\n`;
}

/**
 * The line of a release's notes that says who answers for it.
 *
 * @param by fingerprint of the key that signed it @default - it is not signed
 */
export function signatureNote(by?: Digest): string {
    return by === undefined ? "It is not signed.\n" : `Signed with its provenance by the key \`${by}\`.\n`;
}

function section({ repository, from, to }: CommitRange, commits: readonly NotedCommit[] | undefined): string[] {
    const ends = from.length === 0 ? to.map(short).join(", ") : `${from.map(short).join(", ")} … ${to.map(short).join(", ")}`;
    const list = commits?.map(({ commit, title }) => `- ${short(commit)} ${literal(title)}`) ?? [];
    return ["", `## ${repository}: ${ends}`, ...(list.length > 0 ? ["", ...list] : [])];
}

/** A title as it was written: what is Markdown in it is only words. */
function literal(title: string): string {
    return title.replace(/[\\`*_{}[\]<>()#|~@]/g, "\\$&");
}

function shown(image: LockedImage | undefined): string {
    if (!image) {
        return "–";
    }
    return "commit" in image
        ? `${short(image.commit)} (${image.digest.slice(7, 19)})`
        : `${image.source.split("@")[0]} (${image.digest.slice(7, 19)})`;
}

function short(commit: string): string {
    return commit.slice(0, 7);
}

function repositoryOf({ services }: Lock["catalog"], imageName: string): string | undefined {
    const image = Object.hasOwn(services, imageName) ? services[imageName].image : undefined;
    return image?.from === "source" ? image.repository.toLowerCase() : undefined;
}
