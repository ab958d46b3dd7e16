import { isRelease } from "../release/lock";

const sha = /^[0-9a-f]{40}$/;

/**
 * What a person may have meant by a ref that is none, and the next command. Nothing where it is a full commit SHA, or a release where
 * one may be asked for.
 */
export function refuseRef(ref: string, asked: "commit" | "commit or release"): { message: string; remedy?: string } | undefined {
    const releases = asked === "commit or release";
    if (sha.test(ref) || (releases && isRelease(ref))) {
        return undefined;
    }
    const full = "expected a full commit SHA: 40 lower-case hex digits";
    const shown = JSON.stringify(ref);
    if (sha.test(ref.toLowerCase())) {
        return { message: `${shown} has upper-case letters; ${full}`, remedy: `write ${ref.toLowerCase()}` };
    }
    if (/^[0-9a-fA-F]{4,39}$/.test(ref)) {
        return { message: `${shown} is a short SHA of ${ref.length} digits; ${full}`, remedy: `git rev-parse ${ref}` };
    }
    if (/^[0-9a-fA-F]{41,}$/.test(ref)) {
        return { message: `${shown} has ${ref.length} digits; ${full}` };
    }
    if (/^v?[0-9]+\.[0-9]+\.[0-9]+/i.test(ref)) {
        return releases ? refuseVersion(ref, shown) : { message: `${shown} is a release; ${full}`, remedy: releasedCommit(ref) };
    }
    return {
        message: `${shown} is no commit, but perhaps a branch, and a branch moves; ${full}`,
        remedy: `git rev-parse ${quoted(ref)}`,
    };
}

/** A version that is no release's tag: without its `v`, or with what no tag of a registry may have. */
function refuseVersion(ref: string, shown: string): { message: string; remedy?: string } {
    const meant = `v${ref.replace(/^v/i, "").split("+")[0]}`;
    return { message: `${shown} is no release; expected its tag: v1.4.0`, ...(isRelease(meant) && { remedy: `write ${meant}` }) };
}

function releasedCommit(ref: string): string {
    return `git rev-parse ${quoted(`${ref}^{commit}`)}`;
}

/** A word of a shell command. */
export function quoted(word: string): string {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
