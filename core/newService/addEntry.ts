import { isDeepStrictEqual } from "node:util";
import { type Document, isCollection, isMap, isScalar, type Node, parseDocument, stringify, YAMLMap } from "yaml";

/**
 * A `services.yaml` with one entry more: in its place where the entries are sorted by name, else behind the last one. All other lines
 * stay as they are, comments and blank lines included, wherever the file's form allows it: `services: {}` becomes a block.
 *
 * @param text a document that can be read, without a service of that name
 */
export function withService(text: string, name: string, entry: Readonly<Record<string, unknown>>): string {
    const document = parseDocument(text, reading);
    const services = document.get("services", true);
    const expected = { ...(document.toJS() as Record<string, unknown>) };
    expected.services = { ...(expected.services as object | null), [name]: entry };
    const means = (candidate: string) => {
        const read = parseDocument(candidate, reading);
        return read.errors.length === 0 && isDeepStrictEqual(read.toJS(), expected);
    };
    if (isMap(services) && !services.flow && services.items.length > 0) {
        const block = readBlock(text, services);
        const found = places(text, block, name).find((place) => means(inserted(text, block, place, name, entry)));
        if (found !== undefined) return inserted(text, block, found, name, entry);
    }
    return rewritten(text, document, name, entry);
}

const reading = { merge: true, keepSourceTokens: true } as const;

/** The block of services in the file. */
interface Block {
    entries: readonly Entry[];
    /** Columns that a service's name is indented by. */
    indent: number;
    /** Columns that a key of a service is indented by, more than its name. */
    step: number;
    /** Whether blank lines stand between the entries. */
    apart: boolean;
}

interface Entry {
    name: string;
    /** Offset of the line of its name. */
    start: number;
    /** Offset behind its last line with something in it, line feed included. */
    end: number;
    /** Offset behind all that could be its, as the blank lines of a text that keeps them. */
    outermost: number;
}

/** Where the new lines go, and what stands between them and their neighbours. */
interface Place {
    offset: number;
    first: boolean;
    /** Whether a blank line does. */
    apart: boolean;
}

function readBlock(text: string, services: YAMLMap): Block {
    const entries = services.items.map(({ key, value }): Entry => {
        const node = key as Node;
        const range = (isNode(value) ? value.range : undefined) ?? node.range!;
        const last = text.slice(0, range[1]).trimEnd().length;
        const end = pastOwnComments(text, pastLine(text, Math.max(last, node.range![1])), column(text, node.range![0]));
        return {
            name: String(isScalar(key) ? key.value : key),
            start: lineStart(text, node.range![0]),
            end,
            outermost: Math.max(end, lineStart(text, range[2])),
        };
    });
    const [first] = services.items;
    const indent = column(text, (first.key as Node).range![0]);
    const inner = services.items.map(({ value }) => value).find((value) => isMap(value) && !value.flow && value.items.length > 0);
    const step = inner === undefined ? 2 : column(text, ((inner as YAMLMap).items[0].key as Node).range![0]) - indent;
    const gaps = entries
        .slice(1)
        .map(
            ({ start }, index) =>
                /^\s*$/m.test(text.slice(entries[index].end, start).replace(/\r?\n$/, "")) && start > entries[index].end,
        );
    const several = /\n[^]*\S/.test(text.slice(entries[0].start, entries[0].end).trimEnd());
    return { entries, indent, step, apart: gaps.length > 0 ? gaps.every(Boolean) : several };
}

function places(text: string, { entries, apart }: Block, name: string): Place[] {
    const sorted = entries.length > 1 && entries.every((entry, index) => index === 0 || entries[index - 1].name < entry.name);
    const before = sorted ? entries.filter((entry) => entry.name < name).at(-1) : entries.at(-1);
    if (before) {
        const [near, far] = [before.end, before.outermost].map((offset) => ({ offset, first: false, apart }));
        // A text that keeps its blank lines would take one more for its own.
        return [near, far, { ...far, apart: false }];
    }
    // Before the comments that stand above the first entry: they are about that one.
    let offset = entries[0].start;
    for (let above = lineStart(text, offset - 1); /^\s*#/.test(text.slice(above, offset)); above = lineStart(text, above - 1))
        offset = above;
    return [
        { offset, first: true, apart },
        { offset: entries[0].start, first: true, apart },
    ];
}

function inserted(
    text: string,
    { indent, step }: Pick<Block, "indent" | "step">,
    { offset, first, apart }: Place,
    name: string,
    entry: Readonly<Record<string, unknown>>,
): string {
    const end = text.includes("\r\n") ? "\r\n" : "\n";
    const lines = entryText(name, entry, step)
        .trimEnd()
        .split("\n")
        .map((line) => (line === "" ? "" : `${" ".repeat(indent)}${line}`));
    const own = [...(apart && !first ? [""] : []), ...lines, ...(apart && first ? [""] : [])]
        .map((line) => `${line}${end}`)
        .join("");
    const [head, tail] = [text.slice(0, offset), text.slice(offset)];
    return `${head}${head === "" || head.endsWith("\n") ? "" : end}${own}${tail}`;
}

/** The entry as it is written: what has parts of its own stands in one line, as in the examples. */
export function entryText(name: string, entry: Readonly<Record<string, unknown>>, step: number): string {
    const document = parseDocument(stringify({ [name]: entry }, writing));
    const own = document.get(name, true);
    for (const { value } of isMap(own) ? own.items : []) {
        if (isCollection(value) && value.items.length <= 3) value.flow = true;
    }
    return document.toString({ lineWidth: 0, indent: step }).replace(/^( *\w+: )\[ (.+) \]$/gm, "$1[$2]");
}

/** YAML 1.1 reads `yes` and `0644` as no texts: editors and other tools may still do so. */
const writing = { lineWidth: 0, compat: "yaml-1.1", aliasDuplicateObjects: false } as const;

/** Where the services are no block with entries: the whole document is written again. */
function rewritten(text: string, document: Document, name: string, entry: Readonly<Record<string, unknown>>): string {
    const [pair] = (parseDocument(entryText(name, entry, 2)).contents as YAMLMap).items;
    const services = document.get("services", true);
    const map = isMap(services) ? services : new YAMLMap();
    if (map.items.length === 0) map.flow = false;
    map.add(pair);
    document.set("services", map);
    return document.toString({ lineWidth: 0, indent: /^( +)\S/m.exec(text)?.[1].length ?? 2 });
}

/** Comments below an entry that are indented more than its name are the entry's. */
function pastOwnComments(text: string, offset: number, indent: number): number {
    let end = offset;
    for (let at = offset; at < text.length;) {
        const next = pastLine(text, at);
        const line = text.slice(at, next);
        if (/^\s*#/.test(line) && /^\s*/.exec(line)![0].length > indent) end = next;
        else if (line.trim() !== "") break;
        at = next;
    }
    return end;
}

function lineStart(text: string, offset: number): number {
    return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Offset behind the line that the offset is in; of a line's end, behind that very line. */
function pastLine(text: string, offset: number): number {
    const feed = text.indexOf("\n", offset);
    return feed < 0 ? text.length : feed + 1;
}

function column(text: string, offset: number): number {
    return offset - lineStart(text, offset);
}

function isNode(value: unknown): value is Node {
    return typeof value === "object" && value !== null && "range" in value;
}
