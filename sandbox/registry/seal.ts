import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Short-lived texts that only the process that made them can have made: bearer tokens and download addresses.
 * They end with the process, as a real service's end with its keys.
 */
export class Seal {
    private readonly key = randomBytes(32);

    /** @param purpose keeps a text that was made for one use from being taken for another */
    close(purpose: string, value: string, lifetimeSeconds: number): string {
        const body = Buffer.from(JSON.stringify([value, Date.now() + lifetimeSeconds * 1000])).toString("base64url");
        return `${body}.${this.sign(purpose, body)}`;
    }

    /** The sealed value. Nothing where the text was not made here for this purpose, or is too old. */
    open(purpose: string, text: string): string | undefined {
        const [body, signature = ""] = text.split(".");
        const given = Buffer.from(signature);
        const expected = Buffer.from(this.sign(purpose, body));
        if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
            return undefined;
        }
        const [value, expires] = JSON.parse(Buffer.from(body, "base64url").toString()) as [string, number];
        return Date.now() < expires ? value : undefined;
    }

    private sign(purpose: string, body: string): string {
        return createHmac("sha256", this.key).update(`${purpose}\n${body}`).digest("base64url");
    }
}
