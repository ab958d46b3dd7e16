import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of JSON Schema that our documents use, and two words of our own: `expected` and `absent`. */
export interface Shape {
    title?: string;
    description?: string;
    /** What a person reads after "is not" when a value does not fit. */
    expected?: string;
    /** What is meant where the key is absent, in words. */
    absent?: string;
    type?: "string" | "integer" | "number" | "boolean" | "object" | "array";
    const?: unknown;
    enum?: readonly unknown[];
    anyOf?: readonly Shape[];
    pattern?: string;
    minLength?: number;
    maxLength?: number;
    minimum?: number;
    maximum?: number;
    items?: Shape;
    minItems?: number;
    properties?: Readonly<Record<string, Shape>>;
    required?: readonly string[];
    additionalProperties?: false | Shape;
    propertyNames?: Shape;
}

export interface Shapes {
    services: Shape;
    environment: Shape;
    platform: Shape;
    /** `gcp:project`. */
    project: Shape;
    /** `gcp:region`. */
    region: Shape;
}

export const shapesFile = join(__dirname, "shapes.json");

/**
 * The shapes of all documents, as generated from `schema/`.
 *
 * Requiring zod takes 100 ms on a small machine, twice in each `pulumi up`; reading what it says takes one.
 */
export function readShapes(): Shapes {
    return JSON.parse(readFileSync(shapesFile, "utf8")) as Shapes;
}
