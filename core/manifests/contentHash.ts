import { createHash } from "node:crypto";

/** So many hexadecimal digits of the hash of a value, for the name of an object that another content makes another object. */
export function contentHash(value: unknown, digits: number): string {
    return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, digits);
}
