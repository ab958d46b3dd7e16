import { parseArgs } from "node:util";
import { type Problem, Refusal } from "../core/refusal";
import { parseWaiver } from "../core/release/tagText";
import { versionOf } from "../core/release/version";

export const releaseHelp = `usage: oneflow release vX.Y.Z [option …]

Tags a commit as a release, once it is judged that it may be one, and pushes the tag: the workflow makes the release of it.
Says every reason at once where it may not.

      --commit <sha>                   what is released                           [head of the main branch]
      --from <first environment>       what its newest healthy run ran
      --unproven <service>:<reason>    release it although it never ran healthy in the first environment; may be given again
      --without-hotfix <ref>:<reason>  release it without that earlier release; may be given again
      --wait <minutes>                 how long the commit's lock is waited for   [0]
      --yes                            tag it without asking
      --publish                        make the release of a tag that is there, as the workflow does
      --output <file>                  with --publish: write the release's notes there, as Markdown`;

export interface ReleaseArguments {
    /** `1.4.0` */
    version: string;
    commit?: string;
    from?: string;
    /** Service → reason. */
    unproven: Readonly<Record<string, string>>;
    /** Release or commit, as it was typed → reason. */
    withoutHotfix: Readonly<Record<string, string>>;
    waitSeconds: number;
    yes: boolean;
    publish: boolean;
    output?: string;
}

const title = "Nothing was released";

/** @throws Refusal with everything that is wrong with them */
export function readReleaseArguments(argv: readonly string[]): ReleaseArguments {
    const { values, positionals } = parsed(argv);
    const [ref = ""] = positionals;
    const version = versionOf(ref);
    const minutes = Number(values.wait ?? 0);
    const problems: Problem[] = [];
    if (version === undefined || positionals.length > 1) {
        const message = `takes one version, vX.Y.Z or vX.Y.Z-<pre-release>, and was given ${positionals.join(" ") || "none"}`;
        problems.push({ subject: "oneflow release", message, remedy: "npx oneflow release v1.4.0" });
    }
    if (!(minutes >= 0 && minutes <= 24 * 60)) {
        problems.push({ subject: "--wait", message: `is ${values.wait}; expected minutes, at most a day` });
    }
    if (values.commit !== undefined && values.from !== undefined) {
        problems.push({ subject: "--from", message: "says what is released, and --commit says it too: give one of them" });
    }
    // What a tag stands on, and what was waived for it, it says itself.
    for (const name of ["commit", "from", "unproven", "without-hotfix"] as const) {
        if (values.publish && values[name] !== undefined) {
            problems.push({
                subject: `--${name}`,
                message: "goes into the tag: it is given where the tag is made, not with --publish",
            });
        }
    }
    if (values.output !== undefined && !values.publish) {
        problems.push({ subject: "--output", message: "is for --publish: notes are of a release that is made" });
    }
    const waived = (name: "unproven" | "without-hotfix") =>
        Object.fromEntries(
            (values[name] ?? []).flatMap((text) => {
                const waiver = parseWaiver(text);
                if (waiver) return [[waiver.what, waiver.reason] as const];
                const message = `is ${JSON.stringify(text)}; expected ${name === "unproven" ? "<service>" : "<ref>"}:<reason>, in one line`;
                problems.push({ subject: `--${name}`, message });
                return [];
            }),
        );
    const [unproven, withoutHotfix] = [waived("unproven"), waived("without-hotfix")];
    if (version === undefined || problems.length > 0) throw new Refusal(title, problems);
    const { commit, from, yes, publish, output } = values;
    return { version, commit, from, unproven, withoutHotfix, waitSeconds: minutes * 60, yes, publish, output };
}

function parsed(argv: readonly string[]) {
    try {
        return parseArgs({
            args: [...argv],
            allowPositionals: true,
            options: {
                commit: { type: "string" },
                from: { type: "string" },
                unproven: { type: "string", multiple: true },
                "without-hotfix": { type: "string", multiple: true },
                wait: { type: "string" },
                output: { type: "string" },
                yes: { type: "boolean", default: false },
                publish: { type: "boolean", default: false },
            },
        });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        const message = (error as Error).message;
        throw new Refusal(title, [{ subject: "oneflow release", message, remedy: "npx oneflow release --help" }]);
    }
}
