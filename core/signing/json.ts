/** The fields of an object; none of whatever is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The fields of an object's JSON; none of any other bytes, which may be anybody's. */
export function fieldsIn(bytes: Buffer): Readonly<Record<string, unknown>> {
    try {
        return fieldsOf(JSON.parse(bytes.toString("utf8")));
    } catch {
        // Who asks for a field finds out that there is none.
        return {};
    }
}
