import { compareVersions, versionOf } from "../release/version";
import { commitsIn, said } from "./commits";

/** A tag of git that names a release. */
export interface TaggedRelease {
    /** `1.4.0` */
    version: string;
    /** Full SHA of the commit that it stands on. */
    commit: string;
}

/** One commit of a log. */
export interface LoggedCommit {
    commit: string;
    /** First line of its message. */
    title: string;
}

/** How the commits of a checkout stand to releases and branches, as far as it has fetched them. */
export interface History {
    /** Every release that is tagged; with a commit, those that it stands on, itself included. */
    releases(standsOn?: string): Promise<readonly TaggedRelease[]>;
    /** Text of a release's tag; nothing where there is none, or one without a text of its own. */
    tagText(version: string): Promise<string | undefined>;
    /** Branches of `origin` that hold a commit, by their names there. */
    branches(commit: string): Promise<readonly string[]>;
    /** Commits that some have behind them and others do not, newest first. Commits that the checkout lacks have none. */
    between(from: readonly string[], to: readonly string[]): Promise<readonly LoggedCommit[]>;
}

/** The history of a checkout on disk, as the real `git` tells it. */
export function historyOf(directory: string): History {
    const refs = async (format: string, ...filters: readonly string[]) =>
        (await said(directory, ["for-each-ref", `--format=${format}`, ...filters])).split("\n").filter(Boolean);
    return {
        async releases(standsOn) {
            const filters = standsOn === undefined ? [] : [`--merged=${standsOn}`];
            const lines = await refs("%(refname:strip=2) %(objecttype) %(objectname) %(*objectname)", ...filters, "refs/tags/v*");
            return lines.flatMap((line) => {
                const [tag, type, own, commit] = line.split(" ");
                const version = versionOf(tag);
                return version === undefined ? [] : [{ version, commit: type === "tag" ? commit : own }];
            });
        },
        async tagText(version) {
            const ref = `refs/tags/v${version}`;
            const [type] = await refs("%(objecttype)", ref);
            return type === "tag" ? said(directory, ["for-each-ref", "--format=%(contents)", ref]) : undefined;
        },
        async branches(commit) {
            const names = await refs("%(refname:strip=3)", `--contains=${commit}`, "refs/remotes/origin");
            return names.filter((name) => name !== "HEAD");
        },
        async between(from, to) {
            const known = async (commits: readonly string[]) => {
                const input = await Promise.all(commits.map((commit) => has(directory, commit)));
                return commits.filter((_, index) => input[index]);
            };
            const [before, now] = await Promise.all([known(from), known(to)]);
            if (now.length === 0 || before.length < from.length) {
                return [];
            }
            const stdout = await said(directory, ["log", "--no-merges", "--format=%H %s", ...now, "--not", ...before, "--"]);
            return stdout
                .split("\n")
                .filter(Boolean)
                .map((line) => ({ commit: line.slice(0, 40), title: line.slice(41) }));
        },
    };
}

/** The newest release that a commit stands on; its own tag says nothing, since a hotfix may get one before its lock. */
export async function mendedRelease(history: Pick<History, "releases">, commit: string): Promise<TaggedRelease | undefined> {
    return newestRelease((await history.releases(commit)).filter((release) => release.commit !== commit));
}

/** The release with the highest version. */
export function newestRelease<Release extends { version: string }>(releases: readonly Release[]): Release | undefined {
    return [...releases].sort((a, b) => compareVersions(a.version, b.version)).at(-1);
}

async function has(directory: string, commit: string): Promise<boolean> {
    return (await commitsIn(directory).find(commit)) === commit;
}
