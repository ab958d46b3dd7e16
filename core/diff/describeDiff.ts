import { stringify } from "yaml";
import { list, shortDigest } from "../promotion/words";
import { formatRefusal } from "../refusal";
import { canonicalJson } from "../release/lock";
import type { FieldChange, ImageChange, LoggedCommit, ObjectChange, Outcome, PromotionDiff } from "./model";

/**
 * A promotion in words, for a terminal: what comes, what of it is more than another image, what goes, and all that is said against it.
 *
 * @param full whether whole objects, every field and every commit are told. @default - what a reader looks for
 */
export function describeDiff(diff: PromotionDiff, { full = false }: { full?: boolean } = {}): string {
    const { outcome, environment, refusals } = diff;
    const parts = outcome
        ? [images(outcome, full), objects(outcome, full), warnings(outcome), [outcome.wayBack]]
        : [[`What would come of it cannot be told: something of it is not there.`]];
    return [
        [headline(diff)],
        ...parts,
        ...(refusals.length > 0 ? [[formatRefusal(`Promotion to ${environment} would be refused`, refusals)]] : []),
    ]
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join("\n"))
        .join("\n\n");
}

/** The same as Markdown, for a pull request: what is long stands folded. */
export function markdownDiff(diff: PromotionDiff): string {
    const { outcome, refusals, environment } = diff;
    const fence = (text: string) => `~~~\n${text.replaceAll("~~~", "~ ~ ~")}\n~~~`;
    const folded = (summary: string, text: string) => `<details><summary>${summary}</summary>\n\n${fence(text)}\n\n</details>`;
    const parts = outcome
        ? [imageTable(outcome), ...objectSections(outcome, folded), ...bullets([...warnings(outcome), outcome.wayBack])]
        : ["What would come of it cannot be told: something of it is not there."];
    return [
        `**${literal(headline(diff))}**`,
        ...(refusals.length > 0 ? [fence(formatRefusal(`Promotion to ${environment} would be refused`, refusals))] : []),
        ...parts,
    ].join("\n\n");
}

function headline({ environment, from, to, outcome, allowed }: PromotionDiff): string {
    const way = {
        first: `${environment} would run for the first time, at ${shortened(to)}`,
        forward: `${environment} would go forward to ${shortened(to)}`,
        rollback: `${environment} would go back to ${shortened(to)}, which ran healthy there before`,
        unchanged: `${environment} would stay with the images that it has, at ${shortened(to)}`,
    };
    const since = from ? `; it runs ${shortened(from.ref)} since ${from.at}` : "";
    return `${outcome ? way[outcome.direction] : `${environment} was asked for ${shortened(to)}`}${since}${allowed ? "" : ": refused"}`;
}

function images({ images: changed, staying }: Outcome, full: boolean): string[] {
    const width = Math.max(0, ...changed.map(({ image }) => image.length));
    return [
        `Images: ${counted(changed.length, "changes", "change")}, ${counted(staying, "stays", "stay")}`,
        ...changed.flatMap((change) => [`  ${change.image.padEnd(width)}  ${digests(change)}`, ...history(change, full)]),
    ];
}

function digests({ from, to, origin }: ImageChange): string {
    if (to === undefined) {
        return `${shortDigest(from!)} → leaves`;
    }
    return `${from === undefined ? "new" : shortDigest(from)} → ${shortDigest(to)}${origin === undefined ? "" : ` (${origin})`}`;
}

function history({ history: known }: ImageChange, full: boolean): string[] {
    if (!known) {
        return [];
    }
    if ("unknown" in known) {
        return [`      commits: ${known.unknown}`];
    }
    return [...commits("+", known.added, full), ...commits("-", known.takenBack, full)];
}

function commits(sign: string, logged: readonly LoggedCommit[], full: boolean): string[] {
    const told = full ? logged : logged.slice(0, toldCommits);
    const rest = logged.length - told.length;
    return [
        ...told.map(({ commit, title }) => `      ${sign} ${commit.slice(0, 7)} ${title}`),
        ...(rest > 0 ? [`      ${sign} and ${rest} more: --full`] : []),
    ];
}

/** How many commits of an image are told where not all are asked for. */
const toldCommits = 10;

function objects({ objects: all, clusters }: Outcome, full: boolean): string[] {
    const told = full ? all : beyondImages(all);
    const others = all.length - told.length;
    const rest = others > 0 ? `; ${others} with another image alone` : "";
    return [
        `Kubernetes objects in ${list(clusters)}: ${told.length} ${told.length === 1 ? "differs" : "differ"}${full ? "" : ` in more than the image${rest}`}`,
        ...told.flatMap((object) => objectLines(object, full)),
    ];
}

/** What differs in more than that another image runs: such fields alone are left. */
function beyondImages(all: readonly ObjectChange[]): ObjectChange[] {
    return all.flatMap((object) => {
        const fields = object.fields.filter(({ isImage }) => !isImage);
        return fields.length > 0 ? [{ ...object, fields }] : [];
    });
}

function objectLines({ object, change, fields }: ObjectChange, full: boolean): string[] {
    const sign = { added: "+", removed: "-", changed: "~" }[change];
    if (change === "changed") {
        return [`  ${sign} ${object}`, ...fields.map((field) => `      ${fieldLine(field)}`)];
    }
    const whole = full ? stringify(fields[0].after ?? fields[0].before, { lineWidth: 0, aliasDuplicateObjects: false }) : "";
    return [
        `  ${sign} ${object}`,
        ...whole
            .split("\n")
            .filter(Boolean)
            .map((line) => `      ${line}`),
    ];
}

function fieldLine({ path, before, after }: FieldChange): string {
    return `${path}: ${before === undefined ? "not set" : canonicalJson(before)} → ${after === undefined ? "not set" : canonicalJson(after)}`;
}

function warnings({ migrations, removals, notes }: Outcome): string[] {
    return [
        ...(migrations.length > 0
            ? [`Before their rollout migrate runs of ${list(migrations)}: what it does to a database stays, whatever comes.`]
            : []),
        ...(removals.length > 0
            ? [`${list(removals)} would be deleted there, with all objects: to be confirmed with --removes ${removals.join(",")}`]
            : []),
        ...notes,
    ];
}

function imageTable({ images: changed, staying }: Outcome): string {
    if (changed.length === 0) {
        return `No image changes; ${counted(staying, "stays", "stay")}.`;
    }
    const row = (change: ImageChange) => {
        const { image, from, to, origin = "" } = change;
        const told = history(change, false).map((line) => literal(line.trim()));
        const cells = [image, from ? `\`${shortDigest(from)}\`` : "new", to ? `\`${shortDigest(to)}\`` : "leaves", literal(origin)];
        return `| ${[...cells, told.join("<br>")].join(" | ")} |`;
    };
    const rest = staying > 0 ? `\n\n${counted(staying, "image stays", "images stay")}.` : "";
    return `| image | runs | would run | built from | commits |\n| --- | --- | --- | --- | --- |\n${changed.map(row).join("\n")}${rest}`;
}

function objectSections({ objects: all, clusters }: Outcome, folded: (summary: string, text: string) => string): string[] {
    const told = beyondImages(all);
    return told.length === 0
        ? [`Nothing but images differs in ${list(clusters)}.`]
        : [
              folded(
                  `${counted(told.length, "Kubernetes object differs", "Kubernetes objects differ")} in more than the image`,
                  told.flatMap((object) => objectLines(object, true)).join("\n"),
              ),
          ];
}

function bullets(sentences: readonly string[]): string[] {
    return sentences.length > 0 ? [sentences.map((sentence) => `- ${literal(sentence).replaceAll("\n", "<br>")}`).join("\n")] : [];
}

/** Words of others, as they were written: what is Markdown or HTML in them is only words. */
function literal(words: string): string {
    return words.replace(/[\\`*_{}[\]<>#|~@]/g, "\\$&");
}

/** Full SHAs in a text that a stack file holds, as a sentence names them. */
function shortened(text: string): string {
    return text.replace(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, "$1…");
}

function counted(count: number, one: string, many: string): string {
    return `${count === 0 ? "none" : count} ${count === 1 ? one : many}`;
}
