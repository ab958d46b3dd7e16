import { isCommit } from "./lock";

/** What somebody answers for so that a release can be made. */
export interface Waivers {
    /** Service whose image never ran healthy in the first environment → why it is released. */
    unproven: Readonly<Record<string, string>>;
    /** Full commit SHA of an earlier release that the commit does not stand on → why it is not needed. */
    hotfixes: Readonly<Record<string, string>>;
}

export const noWaivers: Waivers = { unproven: {}, hotfixes: {} };

/** What the annotated tag of a release says to whoever makes the release of it. */
export interface TagText {
    waivers: Waivers;
    /** Key of the set that is released, where no single commit names it. @default - the set of the tagged commit */
    set?: string;
}

/**
 * Text of a release's tag: a title, and a line for each thing that was decided when it was made.
 *
 * ```
 * v1.4.0
 *
 * Unproven: mailer: sends nothing before Monday
 * Hotfix-waived: 3c2d91a4f0b7e5d6c8a9b0e1f2d3c4b5a6978870: the total is computed elsewhere now
 * ```
 */
export function writeTagText(version: string, { waivers: { unproven, hotfixes }, set }: TagText): string {
    const lines = [
        ...(set === undefined ? [] : [`Set: ${set}`]),
        ...sorted(unproven).map(([service, reason]) => `Unproven: ${service}: ${reason}`),
        ...sorted(hotfixes).map(([commit, reason]) => `Hotfix-waived: ${commit}: ${reason}`),
    ];
    return [`v${version}`, ...(lines.length > 0 ? ["", ...lines] : []), ""].join("\n");
}

/** What a tag's text says. Lines that say something else are somebody's own words. */
export function readTagText(text: string): TagText {
    const found = (name: string) =>
        text.split("\n").flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2).trim()] : []));
    const waived = (name: string) => found(name).flatMap((line) => parseWaiver(line) ?? []);
    const set = found("Set").find((key) => /^[0-9a-f]{64}$/.test(key));
    return {
        waivers: {
            unproven: Object.fromEntries(waived("Unproven").map(({ what, reason }) => [what, reason])),
            hotfixes: Object.fromEntries(
                waived("Hotfix-waived").flatMap(({ what, reason }) => (isCommit(what) ? [[what, reason]] : [])),
            ),
        },
        ...(set !== undefined && { set }),
    };
}

/** `<what>:<reason>`, in one line. Nothing where one of the two is missing. */
export function parseWaiver(text: string): { what: string; reason: string } | undefined {
    const [, what, reason] = /^([^:\s]+):\s*(\S.*?)\s*$/.exec(text) ?? [];
    return what === undefined || /[\r\n]/.test(text) ? undefined : { what, reason };
}

function sorted(waived: Readonly<Record<string, string>>): [string, string][] {
    return Object.entries(waived).sort(([a], [b]) => (a < b ? -1 : 1));
}
