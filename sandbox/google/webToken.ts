import { createPublicKey, createVerify } from "node:crypto";
import type { JsonWebKeySet } from "../github/oidc";
import { oauthFailure } from "./failure";

/** What a token says, once its signature was found to be its issuer's. */
export type Assertion = Readonly<Record<string, unknown>>;

/** What a token has to be, besides signed. */
export interface Expected {
    issuer: string;
    /** Any of these. */
    audiences: readonly string[];
    now: Date;
}

/**
 * Reads a token of an issuer.
 *
 * @throws GoogleFailure where the token is not signed by one of the keys, is another issuer's, for another audience, or not valid now
 */
export function readWebToken(token: string, { keys }: JsonWebKeySet, { issuer, audiences, now }: Expected): Assertion {
    const [head, body, signature = ""] = token.split(".");
    const [header, claims] = [head, body].map(decoded);
    if (!header || !claims) {
        throw oauthFailure("invalid_request", "Unable to parse the ID Token.");
    }
    const { iss, aud, exp, nbf, iat } = claims;
    if (iss !== issuer) {
        throw oauthFailure("invalid_grant", `The issuer in ID Token ${String(iss)} does not match the expected ones: ${issuer}`);
    }
    const key = keys.find(({ kid }) => kid === header.kid);
    // A token names its algorithm itself: whoever believed it would take `none`.
    if (header.alg !== "RS256" || !key || !verified(`${head}.${body}`, signature, key)) {
        throw oauthFailure("invalid_grant", "The signature of the ID Token is invalid, or its key is none of the issuer's.");
    }
    if (!(Array.isArray(aud) ? aud : [aud]).some((one) => audiences.includes(String(one)))) {
        throw oauthFailure(
            "invalid_grant",
            `The audience in ID Token [${String(aud)}] does not match the expected audience ${audiences.join(" or ")}.`,
        );
    }
    const seconds = now.getTime() / 1000;
    if (typeof exp !== "number" || typeof iat !== "number" || exp <= seconds || (typeof nbf === "number" && nbf > seconds)) {
        throw oauthFailure("invalid_grant", `ID Token issued at ${String(iat)} is stale to sign-in.`);
    }
    return claims;
}

function decoded(part: string | undefined): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
        return typeof value === "object" && value !== null && !Array.isArray(value)
            ? (value as Record<string, unknown>)
            : undefined;
    } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
    }
}

function verified(text: string, signature: string, { kty, n, e }: JsonWebKeySet["keys"][number]): boolean {
    const key = createPublicKey({ key: { kty, n, e }, format: "jwk" });
    return createVerify("RSA-SHA256").update(text).verify(key, signature, "base64url");
}
