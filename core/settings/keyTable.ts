import type { Shape, Shapes } from "./shape";

/** The reference of all keys as Markdown tables. */
export function keyTables({ services, environment, platform }: Shapes): string {
    const { defaults, services: entries } = services.properties!;
    const sections: [string, Row[]][] = [
        ["### `services.yaml`: `defaults`", rows(defaults, ["defaults"], [], new Set())],
        [
            "### `services.yaml`: an entry of `services`",
            rows(entries.additionalProperties as Shape, ["services", "*"], [], new Set()),
        ],
        ["### Stack file of an environment: `<project>:environment`", rows(environment, [], [], new Set())],
        ["### Stack file of a platform: `<project>:platform`", rows(platform, [], [], new Set())],
    ];
    return sections.map(([title, body]) => [title, "", table(body), ""].join("\n")).join("\n");
}

interface Row {
    key: string;
    takes: string;
    absent: string;
    meaning: string;
}

function rows(shape: Shape, path: readonly string[], shown: readonly string[], seen: Set<string>): Row[] {
    return Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => {
        const place = [...path, key];
        const row = {
            key: `\`${[...shown, key].join(".")}\``,
            takes: takes(inner),
            absent: shape.required?.includes(key) ? "required" : (inner.absent ?? "none"),
            meaning: inner.description ?? "",
        };
        return [row, ...nested(inner, place, [...shown, key], seen)];
    });
}

/** The keys inside a key: of a map, of each value of a map of names, of each item of a list. The same keys are shown once. */
function nested(shape: Shape, path: readonly string[], shown: readonly string[], seen: Set<string>): Row[] {
    const alternatives = shape.anyOf ?? [shape];
    return alternatives.flatMap((inner) => {
        const keys = inner.properties && JSON.stringify(inner.properties);
        if (keys !== undefined && seen.has(keys)) {
            return [];
        }
        seen.add(keys ?? "");
        // A probe apart has the keys of `health` itself.
        if (["readiness", "liveness", "startup"].includes(path.at(-1) ?? "")) {
            return [];
        }
        if (inner.items && (inner.items.properties || inner.items.anyOf)) {
            return nested(inner.items, [...path, "*"], [...shown.slice(0, -1), `${shown.at(-1)}[]`], seen);
        }
        if (inner.additionalProperties) {
            return nested(inner.additionalProperties, [...path, "*"], [...shown, "<name>"], seen);
        }
        return rows(inner, path, shown, seen);
    });
}

function takes(shape: Shape): string {
    if (shape.expected) {
        return shape.expected;
    }
    switch (shape.type) {
        case "string":
            return "a text";
        case "boolean":
            return "true or false";
        case "object":
            return shape.additionalProperties ? `by name: ${takes(shape.additionalProperties)}` : "a map";
        case "array":
            return `a list: ${takes(shape.items ?? {})}`;
        default:
            return shape.enum ? shape.enum.join(", ") : "";
    }
}

function table(body: readonly Row[]): string {
    // A < outside of code begins a tag in Markdown.
    const cell = (text: string) => text.replaceAll("|", "\\|").replace(/(`[^`]*`)|</g, (_, code?: string) => code ?? "&lt;");
    return [
        "| key | takes | default | meaning |",
        "|---|---|---|---|",
        ...body.map(({ key, takes, absent, meaning }) => `| ${[key, takes, absent, meaning].map(cell).join(" | ")} |`),
    ].join("\n");
}
