/** A release's version: SemVer 2.0 without build metadata, as a `+` can stand in no OCI tag. */
const version =
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?$/;

/** How many characters an OCI tag may have. */
const tagLength = 128;

/** Whether the text is a version, `1.4.0` or `1.5.0-rc.1`, that can be tagged with and without its `v`. */
export function isVersion(text: string): boolean {
    return version.test(text) && text.length < tagLength;
}

/** The version that a release's git tag names: `1.4.0` of `v1.4.0`. Nothing where the text is no release tag. */
export function versionOf(tag: string): string | undefined {
    return tag.startsWith("v") && isVersion(tag.slice(1)) ? tag.slice(1) : undefined;
}

/** The tags of a release in the deploy registry: people's, and Helm's, which takes a version literally as the tag. */
export function releaseTags(released: string): readonly [string, string] {
    return [`v${released}`, released];
}

/** Order of two versions as SemVer has it: negative where the first comes before the second. */
export function compareVersions(a: string, b: string): number {
    const [left, right] = [version.exec(a), version.exec(b)];
    if (!left || !right) {
        throw new Error(`${left ? b : a} is no version: expected X.Y.Z or X.Y.Z-<pre-release>`);
    }
    const numbers = [1, 2, 3].map((part) => compareNumbers(left[part], right[part]));
    return numbers.find((order) => order !== 0) ?? comparePreReleases(left[4], right[4]);
}

/** Whether two versions have the same major and minor number: one can be a patch of the other. */
export function sameLine(a: string, b: string): boolean {
    return line(a) === line(b);
}

/** The first version without a pre-release above all of one line. */
export function nextPatch(versions: readonly string[]): string {
    const highest = [...versions].sort(compareVersions).at(-1)!;
    const [, major, minor, patch, preRelease] = version.exec(highest)!;
    return `${major}.${minor}.${preRelease === undefined ? BigInt(patch) + 1n : patch}`;
}

function line(text: string): string {
    return text.split(".").slice(0, 2).join(".");
}

function comparePreReleases(a: string | undefined, b: string | undefined): number {
    if (a === undefined || b === undefined) {
        return Number(a === undefined) - Number(b === undefined);
    }
    const [left, right] = [a.split("."), b.split(".")];
    const orders = left.slice(0, right.length).map((part, index) => compareParts(part, right[index]));
    return orders.find((order) => order !== 0) ?? left.length - right.length;
}

function compareParts(a: string, b: string): number {
    const [numberA, numberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (numberA && numberB) {
        return compareNumbers(a, b);
    }
    return numberA !== numberB ? (numberA ? -1 : 1) : compareTexts(a, b);
}

/** Digits without leading zeros, of any length. */
function compareNumbers(a: string, b: string): number {
    return a.length - b.length || compareTexts(a, b);
}

function compareTexts(a: string, b: string): number {
    return a === b ? 0 : a < b ? -1 : 1;
}
