import { parse } from "yaml";
import { packArchive, unpackArchive } from "./archive";
import { canonicalJson } from "./lock";
import { yaml } from "./manifestText";

/** What Helm's `Chart.yaml` holds, and the config of a chart in a registry. */
export interface ChartMetadata {
    apiVersion: "v2";
    name: string;
    type: "application";
    version: string;
    appVersion: string;
    description: string;
    annotations: Readonly<Record<string, string>>;
}

/** A chart taken apart. */
export interface Chart {
    metadata: string;
    /** What is open in the templates, as it is where Helm is told nothing. */
    values: unknown;
    /** Path under `templates/` → text. */
    templates: ReadonlyMap<string, string>;
}

/**
 * The chart's bytes. Its templates leave two things open, and Helm refuses to be told any other: the namespace and the registry.
 *
 * @param registry what image names start with unless Helm is told otherwise
 */
export function packChart(metadata: ChartMetadata, templates: ReadonlyMap<string, string>, registry: string): Buffer {
    const files = {
        [metadataFile]: `${canonicalJson(metadata)}\n`,
        [valuesFile]: values(registry),
        [schemaFile]: `${JSON.stringify(valuesSchema, undefined, 2)}\n`,
    };
    const folder = metadata.name;
    return packArchive(
        new Map([
            ...Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text] as const),
            ...[...templates].map(([path, text]) => [`${folder}/templates/${path}`, text] as const),
        ]),
    );
}

/**
 * @param name the chart's, in whose folder everything stands
 * @throws Error that says why the bytes are no chart of that name
 */
export function unpackChart(bytes: Buffer, name: string): Chart {
    const files = unpackArchive(bytes);
    const folder = `${name}/templates/`;
    const others = [...files.keys()].filter((path) => !path.startsWith(folder)).sort();
    const expected = [metadataFile, schemaFile, valuesFile].map((file) => `${name}/${file}`);
    if (others.join() !== expected.join()) {
        throw new Error(`beside its templates it holds ${others.join(", ") || "nothing"}; expected ${expected.join(", ")}`);
    }
    const text = (file: string) => files.get(`${name}/${file}`)!;
    const templates = [...files].filter(([path]) => path.startsWith(folder));
    return {
        metadata: text(metadataFile).trimEnd(),
        values: parse(text(valuesFile)),
        templates: new Map(templates.map(([path, template]) => [path.slice(folder.length), template])),
    };
}

const metadataFile = "Chart.yaml";
const schemaFile = "values.schema.json";
const valuesFile = "values.yaml";

function values(registry: string): string {
    return [
        "# Where every object goes. Empty: the namespace that Helm is told, by --namespace.",
        yaml({ namespace: "" }).trimEnd(),
        "# What image names start with: another registry that has the same images, by digest.",
        yaml({ registry }),
    ].join("\n");
}

const valuesSchema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    additionalProperties: false,
    required: ["namespace", "registry"],
    properties: {
        namespace: { type: "string", maxLength: 63, pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$" },
        registry: { type: "string", pattern: "^[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?(/[a-z0-9]([-._a-z0-9]*[a-z0-9])?)*$" },
        // Helm hands it to a chart that stands under another one.
        global: { type: "object" },
    },
};
