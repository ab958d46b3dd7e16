import { execFile } from "node:child_process";
import type { Plan } from "../promotion/model";
import { shortCommit } from "../promotion/words";
import type { RunRecord } from "../release/runRecord";
import type { Catalog } from "../settings/model";
import type { LoggedCommit, PathHistory } from "./model";

/** Between which commits an image's sources changed. */
export interface PathRange {
    image: string;
    /** `owner/name` on GitHub, in lower case. */
    repository: string;
    from: string;
    to: string;
    /** What the image is built from. */
    paths: readonly string[];
}

/** The ranges of all images that a commit built before and another commit would bring. */
export function pathRanges(
    { images, transitions }: Plan,
    current: Pick<RunRecord, "images"> | undefined,
    { services }: Catalog,
): PathRange[] {
    return transitions.flatMap(({ image }) => {
        const then = current && Object.hasOwn(current.images, image) ? current.images[image] : undefined;
        const now = Object.hasOwn(images, image) ? images[image] : undefined;
        const source = Object.hasOwn(services, image) ? services[image].image : undefined;
        return then && "commit" in then && now && "commit" in now && source?.from === "source"
            ? [
                  {
                      image,
                      repository: source.repository.toLowerCase(),
                      from: then.commit,
                      to: now.commit,
                      paths: [source.path, ...source.alsoBuildFrom],
                  },
              ]
            : [];
    });
}

/**
 * The commits of a range, as the checkout's git tells them.
 *
 * @param repository which repository's checkout it is, `owner/name`
 */
export async function readPathHistory(directory: string, repository: string, range: PathRange): Promise<PathHistory> {
    if (range.repository !== repository.toLowerCase()) {
        return { unknown: `built from ${range.repository}, which is not checked out here` };
    }
    const missing = (
        await Promise.all([range.from, range.to].map(async (commit) => ((await has(directory, commit)) ? [] : [commit])))
    ).flat();
    if (missing.length > 0) {
        return { unknown: `this checkout does not have ${missing.map(shortCommit).join(" and ")}: git fetch` };
    }
    const [added, takenBack] = await Promise.all([
        log(directory, `${range.from}..${range.to}`, range.paths),
        log(directory, `${range.to}..${range.from}`, range.paths),
    ]);
    return { added, takenBack };
}

async function has(directory: string, commit: string): Promise<boolean> {
    return (await git(directory, ["cat-file", "-e", `${commit}^{commit}`])) !== undefined;
}

async function log(directory: string, range: string, paths: readonly string[]): Promise<LoggedCommit[]> {
    const everything = paths.includes(".") ? [] : ["--", ...paths];
    const said = await git(directory, ["--literal-pathspecs", "log", "--no-merges", "--format=%H %s", range, ...everything]);
    if (said === undefined) throw new Error(`git log ${range} in ${directory} failed`);
    return said
        .split("\n")
        .filter(Boolean)
        .map((line) => ({ commit: line.slice(0, 40), title: line.slice(41) }));
}

/** What git says. Nothing where it ends with another code than 0. */
function git(directory: string, args: readonly string[]): Promise<string | undefined> {
    return new Promise((resolve) =>
        execFile("git", ["-C", directory, ...args], { maxBuffer: 2 ** 26 }, (error, stdout) => resolve(error ? undefined : stdout)),
    );
}
