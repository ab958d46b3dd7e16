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
        "Chart.yaml": `${canonicalJson(metadata)}\n`,
        "values.yaml": values(registry),
        "values.schema.json": `${JSON.stringify(valuesSchema, undefined, 2)}\n`,
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
    const outside = [...files.keys()].find((path) => !path.startsWith(`${name}/`));
    const metadata = files.get(`${name}/Chart.yaml`);
    if (outside !== undefined || metadata === undefined) {
        throw new Error(
            outside === undefined ? `it holds no ${name}/Chart.yaml` : `${outside} stands outside of the folder ${name}`,
        );
    }
    const folder = `${name}/templates/`;
    const templates = [...files].filter(([path]) => path.startsWith(folder));
    return { metadata: metadata.trimEnd(), templates: new Map(templates.map(([path, text]) => [path.slice(folder.length), text])) };
}

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
