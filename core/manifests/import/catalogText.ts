import { Document, isMap, type Node, visit } from "yaml";
import type { ServiceEntry } from "../../settings/schema/service";
import type { Imported } from "./importManifests";
import { formatLine, type Line } from "./objects";

/** The catalog as a file to read and go on with: each line stands above the service that it is about. */
export function catalogText(
    { defaults, entries, pending, lines }: Pick<Imported, "defaults" | "entries" | "pending" | "lines">,
    source: string,
): string {
    const names = [...Object.keys(entries), ...Object.keys(pending)];
    const about = (name: string) => comments(lines.filter(({ service }) => service === name));
    const others = lines.filter(({ service }) => service === undefined || !names.includes(service));
    const blocks = [
        ...Object.entries(entries).map(([name, entry]) => [...about(name), ...yaml({ [name]: entry })]),
        ...Object.entries(pending).map(([name, entry]) => [
            ...about(name),
            ...commented([`Give each image its digest in place of the zeros, and take the first "# " from these lines:`]),
            ...commented(yaml({ [name]: entry })),
        ]),
    ];
    return [
        "# yaml-language-server: $schema=services.schema.json",
        "#",
        `# Written by: npx oneflow import ${source}`,
        "# Lines that begin with `not carried:` say what the manifests had and this catalog does not, `stricter:` where more care is",
        "# taken than there, `note:` what is worth a look. Delete each when it is done with. docs/configuration.md lists all keys.",
        ...(others.length > 0 ? ["#", ...comments(others)] : []),
        "",
        ...(Object.keys(defaults).length > 0 ? [...yaml({ defaults }), ""] : []),
        Object.keys(entries).length > 0 ? "services:" : "services: {}",
        ...blocks.flatMap((block, index) => [...(index > 0 ? [""] : []), ...block.map((line) => (line === "" ? "" : `  ${line}`))]),
        "",
    ].join("\n");
}

function comments(lines: readonly Line[]): string[] {
    return lines.map((line) => `# ${formatLine(line)}`);
}

function commented(lines: readonly string[]): string[] {
    return lines.map((line) => `# ${line}`.trimEnd());
}

/** Small maps on one line, as people write them. */
function yaml(value: Record<string, unknown | ServiceEntry>): string[] {
    const document = new Document(value, { aliasDuplicateObjects: false });
    visit(document, {
        Collection(_key, node, path) {
            if (isMap(node) && path.length > 3 && isShort(node)) {
                node.flow = true;
            }
        },
    });
    const text = document.toString({ lineWidth: 0 });
    return text.trimEnd().split("\n");
}

function isShort(node: Node): boolean {
    const text = JSON.stringify(node.toJSON());
    return text.length <= 100 && !text.includes("\\n");
}
