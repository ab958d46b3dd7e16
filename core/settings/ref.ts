const sha = /^[0-9a-f]{40}$/;

/** What a person may have meant by a ref that is none, and the next command. Nothing where it is a full commit SHA. */
export function refuseRef(ref: string): { message: string; remedy?: string } | undefined {
    if (sha.test(ref)) {
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
        return {
            message: `${shown} is a release tag, and release tags are not supported yet; ${full}`,
            remedy: `git rev-parse '${ref}^{commit}'`,
        };
    }
    return {
        message: `${shown} is no commit, but perhaps a branch, and a branch moves; ${full}`,
        remedy: `git rev-parse ${quoted(ref)}`,
    };
}

/** A word of a shell command. */
export function quoted(word: string): string {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
