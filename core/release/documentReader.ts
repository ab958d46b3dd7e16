import { Refusal, type Problem } from "../refusal";

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON document from a registry strictly and remembers everything that is wrong with it, so that one report names it all.
 * A method that finds its value wrong returns nothing useful; {@link DocumentReader.finish} then throws.
 */
export class DocumentReader {
    private readonly problems: Problem[] = [];

    constructor(
        /** Title of the report: `Lock europe-west1-docker.pkg.dev/…:9f8e02b… cannot be read`. */
        private readonly title: string,
    ) {}

    /** The document's object. A text that is not JSON, and a schema of another version, end the reading at once. */
    document(content: unknown, schema: string): Fields {
        const value = Buffer.isBuffer(content) ? this.json(content) : content;
        const fields = this.fields("document", value);
        if (fields.schema !== schema) {
            this.report("schema", `is ${show(fields.schema)}, expected ${show(schema)}: written by another version of oneflow.`);
            this.finish();
        }
        return fields;
    }

    /** An object; with `keys`, one that has no others. */
    fields(path: string, value: unknown, keys?: readonly string[]): Fields {
        if (value === null || typeof value !== "object" || Array.isArray(value)) {
            this.report(path, `is ${show(value)}, expected an object.`);
            return {};
        }
        for (const key of keys ? Object.keys(value).filter((name) => !keys.includes(name)) : []) {
            this.report(`${path}.${key}`, `is not a key that this version of oneflow knows: ${keys?.join(", ")}.`);
        }
        return value as Fields;
    }

    text(path: string, value: unknown): void {
        this.expect(path, value, typeof value === "string" && value !== "", "a text");
    }

    expect(path: string, value: unknown, holds: boolean, expected: string): void {
        if (!holds) {
            this.report(path, `is ${show(value)}, expected ${expected}.`);
        }
    }

    report(subject: string, message: string): void {
        this.problems.push({ subject, message });
    }

    /** @throws Refusal with everything that was reported */
    finish(): void {
        if (this.problems.length > 0) {
            throw new Refusal(this.title, this.problems);
        }
    }

    private json(content: Buffer): unknown {
        try {
            return JSON.parse(content.toString("utf8"));
        } catch (error) {
            throw new Refusal(this.title, [{ subject: "document", message: `is not JSON: ${(error as Error).message}` }]);
        }
    }
}

function show(value: unknown): string {
    const text = value === undefined ? "absent" : JSON.stringify(value);
    return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
