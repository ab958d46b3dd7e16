import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { imagePlaces } from "../manifests/bring/images";
import { at } from "../manifests/import/objects";
import { canonicalJson } from "./lock";

/** Where objects are deployed: what a chart leaves open. */
export interface Place {
    namespace: string;
    /** What image names start with. */
    registry: string;
}

/** Objects as YAML, and as the Helm template that gives the very same YAML where both values are those of the plain text. */
export interface ManifestText {
    plain: string;
    template: string;
}

/**
 * Writes objects for a kustomization and for a chart. Every text in them stands in quotes on one line, so that nothing in it can be
 * taken for a number, for the end of a document, or for a template.
 */
export function manifestText(objects: readonly object[], place: Place): ManifestText {
    // A text that holds its own hash cannot be written, so what is open cannot be mistaken for a user's words.
    const mark = `oneflow-${createHash("sha256").update(canonicalJson(objects)).digest("hex")}`;
    const open = { namespace: `${mark}-namespace`, registry: `${mark}-registry` };
    const text = objects.map((object) => `---\n${yaml(opened(object, place, open))}`).join("");
    const filled = (words: string, { namespace, registry }: Place) =>
        words.replaceAll(open.namespace, () => namespace).replaceAll(open.registry, () => registry);
    return { plain: filled(text, place), template: filled(escaped(text), actions) };
}

/** What Helm makes of a template for a place. */
export function fillTemplate(template: string, place: Place): string {
    return template.replace(anyAction, (action, braces?: string) =>
        braces !== undefined ? braces : action === actions.namespace ? place.namespace : place.registry,
    );
}

/** Whether a template leaves open what {@link manifestText} does, and asks nothing else of Helm. */
export function isPlainTemplate(template: string): boolean {
    return !template.replace(anyAction, "").includes("{{");
}

/** The images of a template, as image name and digest, in the order in which they stand there. */
export function templateImages(template: string): { name: string; digest: string }[] {
    return [...template.matchAll(templateImage)].map(([, name, digest]) => ({ name, digest }));
}

/** An object as YAML that every reader of 1.1 and 1.2 takes for the same. */
export function yaml(value: object): string {
    const text = stringify(value, {
        lineWidth: 0,
        aliasDuplicateObjects: false,
        compat: "yaml-1.1",
        defaultKeyType: "PLAIN",
        defaultStringType: "QUOTE_DOUBLE",
        blockQuote: false,
        doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    });
    // Line breaks in YAML 1.1, or no characters at all: JSON, by which texts are quoted, leaves them as they are.
    return text.replace(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

const actions: Place = {
    namespace: "{{ .Values.namespace | default .Release.Namespace }}",
    registry: "{{ .Values.registry }}",
};
const anyAction = /\{\{ (?:"(\{+)"|\.Values\.namespace \| default \.Release\.Namespace|\.Values\.registry) \}\}/g;
const templateImage = /"\{\{ \.Values\.registry \}\}\/([^"@]+)@(sha256:[0-9a-f]{64})"/g;

/** A template that gives the text: only two braces begin an action. */
function escaped(text: string): string {
    return text.replace(/\{{2,}/g, (braces) => `{{ "${braces}" }}`);
}

/** The object with marks where its namespace and the registry of its images stand. */
function opened(object: object, place: Place, open: Place): object {
    const own = `${place.registry}/`;
    const images = imagePlaces(object as Readonly<Record<string, unknown>>).map((path) => {
        const image = String(at(object, ...path));
        return [path, image.startsWith(own) ? `${open.registry}/${image.slice(own.length)}` : image] as const;
    });
    return [[["metadata", "namespace"], open.namespace] as const, ...images].reduce<object>(
        (tree, [path, value]) => replaced(tree, path, value) as object,
        object,
    );
}

function replaced(tree: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
    if (key === undefined) {
        return value;
    }
    return Array.isArray(tree)
        ? tree.map((entry: unknown, index) => (index === key ? replaced(entry, rest, value) : entry))
        : { ...(tree as object), [key]: replaced((tree as Record<string, unknown>)[key], rest, value) };
}
