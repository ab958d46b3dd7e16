import { isKnown, isRecord } from "../values";

/** What a field may hold. */
export type Shape =
    | "string"
    | "integer"
    | "boolean"
    | "quantity"
    | "integerOrString"
    | "any"
    | { readonly fields: Readonly<Record<string, Shape>> }
    | { readonly list: Shape; readonly key?: string | readonly string[] }
    | { readonly map: Shape };

/** What does not fit a shape, in the words of server-side apply; what is not known yet fits every shape. */
export function misfits(value: unknown, shape: Shape, path = ""): string[] {
    if (value === undefined || !isKnown(value) || shape === "any") {
        return isRecord(value) && typeof shape === "object" ? fieldMisfits(value, shape, path) : [];
    }
    if (typeof shape === "string") {
        return scalarMisfit(value, shape, path);
    }
    if ("list" in shape) {
        if (!Array.isArray(value)) {
            return [`${path}: expected list, got ${JSON.stringify(value)}`];
        }
        return [
            ...value.flatMap((item, index) => misfits(item, shape.list, `${path}[${index}]`)),
            ...duplicates(value, shape.key, path),
        ];
    }
    return isRecord(value) ? fieldMisfits(value, shape, path) : [`${path}: expected map, got ${JSON.stringify(value)}`];
}

function fieldMisfits(value: Record<string, unknown>, shape: Exclude<Shape, string>, path: string): string[] {
    return Object.entries(value).flatMap(([key, inner]) => {
        const under = `${path}.${key}`;
        if ("map" in shape) {
            return misfits(inner, shape.map, under);
        }
        if ("list" in shape) {
            return [];
        }
        return key in shape.fields ? misfits(inner, shape.fields[key], under) : [`${under}: field not declared in schema`];
    });
}

function scalarMisfit(value: unknown, shape: Extract<Shape, string>, path: string): string[] {
    const is = {
        string: typeof value === "string",
        integer: Number.isInteger(value),
        boolean: typeof value === "boolean",
        quantity: isQuantity(value),
        integerOrString: Number.isInteger(value) || typeof value === "string",
        any: true,
    }[shape];
    return is
        ? []
        : [
              shape === "quantity"
                  ? `${path}: quantities must match the regular expression '${quantityPattern.source}', got ${JSON.stringify(value)}`
                  : `${path}: expected ${shape}, got ${JSON.stringify(value)}`,
          ];
}

function duplicates(items: readonly unknown[], key: string | readonly string[] | undefined, path: string): string[] {
    if (key === undefined) {
        return [];
    }
    const names = items.map((item) =>
        (Array.isArray(key) ? key : [key])
            .map((part: string) => `${part}=${JSON.stringify((item as Record<string, unknown>)[part] ?? "TCP")}`)
            .join(","),
    );
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
        (name) => `${path}: duplicate entries for key [${name}]`,
    );
}

const quantityPattern = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const factors: Readonly<Record<string, number>> = {
    ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
    ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
};

export function isQuantity(value: unknown): boolean {
    return typeof value === "number" || (typeof value === "string" && !Number.isNaN(quantity(value)));
}

/** `250m` as 0.25, `64Mi` as 67108864. NaN where it is no quantity. */
export function quantity(value: unknown): number {
    const [, number, suffix] = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)([a-zA-Z]*)$/.exec(String(value)) ?? [];
    return number === undefined || !(suffix in factors) ? Number.NaN : Number(number) * factors[suffix];
}
