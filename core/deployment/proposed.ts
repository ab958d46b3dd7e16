import { createHash } from "node:crypto";
import { isRelease } from "../release/lock";

/** A change of one file as a pull request: printed as one line of JSON. */
export interface Proposed {
    branch: string;
    title: string;
    body: string;
    /** The one file that changes, and its whole new text. */
    file: string;
    text: string;
    /** {@link textHash} of the text that it replaces: where another stands on the branch by then, nothing is proposed. */
    was: string;
}

/** sha256 of a text, as `sha256sum` prints it of the file. */
export function textHash(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/** A ref as a branch and a title name it: a release as it is, a commit by its first twelve digits. */
export function shortRef(ref: string): string {
    const release: boolean = isRelease(ref);
    return release ? ref : ref.slice(0, 12);
}
