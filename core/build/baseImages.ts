import { posix } from "node:path";
import { buildContexts } from "../settings/buildContexts";
import type { BuiltImage, Catalog } from "../settings/model";
import { builtServices } from "../workflows/contentPlan";
import type { Checkout } from "./commits";

/** An image that a build takes by a name that may mean other bytes tomorrow. */
export interface UnpinnedImage {
    /** Path of the Dockerfile in the repository. */
    file: string;
    /** From 1. */
    line: number;
    /** As the build gets it: `golang:1.26`. */
    image: string;
}

/**
 * The images without a digest that services are built from. Such an image is no part of what oneflow compares, so a service is not
 * built again when it changes.
 *
 * @param names the services that are asked about
 */
export async function unpinnedImages(
    { commits, catalog, repository, commit }: { commits: Checkout; catalog: Catalog; repository: string; commit: string },
    names: readonly string[],
): Promise<UnpinnedImage[]> {
    const images = builtServices(catalog, repository).flatMap(({ name, image }) => (names.includes(name) ? [image] : []));
    const found = await Promise.all(
        images.map(async (image) => {
            const { path, dockerfile, args } = image;
            const file = posix.join(path, dockerfile);
            const text = await commits.text(commit, file);
            return text === undefined
                ? []
                : unpinnedIn(text, args, Object.keys(buildContexts(image))).map((one) => ({ file, ...one }));
        }),
    );
    // Services may share a Dockerfile.
    return [...new Map(found.flat().map((one) => [JSON.stringify(one), one])).values()];
}

/**
 * The same of one Dockerfile: what `FROM`, `COPY --from` and `RUN --mount` name. What a variable without a known value names is not
 * judged, and neither are stages, `scratch`, and folders of the repository.
 *
 * @param args build arguments: they win over the defaults of `ARG`
 * @param folders what the Dockerfile calls folders that it is also built from
 */
export function unpinnedIn(text: string, args: BuiltImage["args"], folders: readonly string[] = []): Omit<UnpinnedImage, "file">[] {
    const stages = new Set(["scratch", ...folders]);
    const values = new Map<string, string>();
    let count = 0;
    const found: Omit<UnpinnedImage, "file">[] = [];
    for (const { line, keyword, words } of instructions(text)) {
        if (keyword === "ARG" && count === 0) {
            words.forEach((word) => declare(word));
        } else if (keyword === "FROM") {
            const [image, as, stage] = words.filter((word) => !word.startsWith("--"));
            take(line, image);
            count += 1;
            if (as?.toUpperCase() === "AS" && stage) stages.add(stage.toLowerCase());
        } else if (["COPY", "ADD"].includes(keyword)) {
            flags(words, "from").forEach((from) => take(line, from));
        } else if (keyword === "RUN") {
            flags(words, "mount").forEach((mount) => take(line, /(?:^|,)from=([^,]+)/.exec(mount)?.[1]));
        }
    }
    return found;

    function declare(word: string): void {
        const [, name, preset] = /^(\w+)(?:=(.*))?$/.exec(word) ?? [];
        const value =
            name === undefined ? undefined : Object.hasOwn(args, name) ? args[name] : preset && expanded(unquoted(preset), values);
        if (name !== undefined && value !== undefined) values.set(name, value);
    }

    function take(line: number, word: string | undefined): void {
        const image = word && expanded(unquoted(word), values);
        // A stage may be named by its number, too.
        if (!image || stages.has(image.toLowerCase()) || Number(image) < count || /@sha256:[0-9a-f]{64}$/.test(image)) return;
        found.push({ line, image });
    }
}

/** The text with its variables replaced; nothing where one has no value that is known. */
function expanded(text: string, values: ReadonlyMap<string, string>): string | undefined {
    let known = true;
    const replaced = text.replace(/\$(?:(\w+)|\{(\w+)(?::?([-+])([^}]*))?\})/g, (_, bare, braced, sign, other) => {
        const value = values.get(bare ?? braced);
        if (sign === "+") return value ? other : "";
        const result = value || (sign === "-" ? (other as string) : value);
        known &&= result !== undefined;
        return result ?? "";
    });
    return known && !replaced.includes("$") ? replaced : undefined;
}

interface Instruction {
    /** Line that it starts on, from 1. */
    line: number;
    /** In capitals. */
    keyword: string;
    words: string[];
}

/** The instructions of a Dockerfile, lines that continue joined, without comments and without the texts of here-documents. */
function instructions(text: string): Instruction[] {
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    const escape = /^#\s*escape\s*=\s*`\s*$/im.exec(directives(lines)) ? "`" : "\\";
    const found: Instruction[] = [];
    for (let index = 0; index < lines.length; index++) {
        if (isEmpty(lines[index])) continue;
        const line = index + 1;
        let whole = lines[index].trimEnd();
        while (whole.endsWith(escape) && index + 1 < lines.length) {
            index += 1;
            // Comments and empty lines may stand between lines that continue.
            if (!isEmpty(lines[index])) whole = `${whole.slice(0, -1)} ${lines[index].trimEnd()}`;
        }
        const [keyword, ...words] = whole
            .replace(new RegExp(`\\${escape}$`), "")
            .trim()
            .split(/\s+/);
        found.push({ line, keyword: keyword.toUpperCase(), words });
        if (!["RUN", "COPY", "ADD"].includes(keyword.toUpperCase())) continue;
        for (const [, dash, , end] of whole.matchAll(/(?<!<)<<(-?)(["']?)([A-Za-z_]\w*)\2/g)) {
            const ends = (one: string) => (dash ? one.replace(/^\t+/, "") : one) === end;
            const last = lines.findIndex((one, at) => at > index && ends(one));
            // Without its end it is none: `<<` is also arithmetic.
            if (last > index) index = last;
        }
    }
    return found;
}

/** The comments at the very top, where parser directives stand. */
function directives(lines: readonly string[]): string {
    const end = lines.findIndex((line) => !/^\s*#\s*\w+\s*=/.test(line));
    return lines.slice(0, end < 0 ? lines.length : end).join("\n");
}

/** Values of a flag in front of an instruction's arguments. */
function flags(words: readonly string[], name: string): string[] {
    const end = words.findIndex((word) => !word.startsWith("--"));
    return words
        .slice(0, end < 0 ? words.length : end)
        .filter((word) => word.startsWith(`--${name}=`))
        .map((word) => word.slice(name.length + 3));
}

function unquoted(text: string): string {
    return text.replace(/^(["'])(.*)\1$/, "$2");
}

function isEmpty(line: string): boolean {
    return /^\s*(#|$)/.test(line);
}
