import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { digestOf } from "../registry/contents";
import { isDigest, type Digest } from "../registry/reference";

/** A key that signatures are verified with: ECDSA on the curve P-256. */
export interface PublicKey {
    /** Digest of the key's DER: what it is called by. */
    fingerprint: Digest;
    /** `-----BEGIN PUBLIC KEY-----` … */
    pem: string;
}

/**
 * Reads a public key as Cloud KMS and openssl give it.
 *
 * @throws Error with what it is instead, as the end of a sentence: `is no PEM`
 */
export function readPublicKey(text: string): PublicKey {
    if (/PRIVATE KEY/.test(text)) {
        throw new Error("is a private key, which belongs nowhere: whoever reads it can sign");
    }
    if (!/^-----BEGIN PUBLIC KEY-----\s[^-]+-----END PUBLIC KEY-----\s*$/.test(text.trim())) {
        throw new Error("is no public key as PEM");
    }
    const key = keyOf(text);
    const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails } = key;
    if (type !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1") {
        throw new Error(`is of type ${[type, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(" ")}`);
    }
    return {
        fingerprint: digestOf(key.export({ type: "spki", format: "der" })),
        pem: key.export({ type: "spki", format: "pem" }).toString(),
    };
}

/** Whether the bytes were signed with the key: ECDSA over their SHA-256, as DER. */
export function isSignedBy({ pem }: PublicKey, bytes: Buffer, signature: Buffer): boolean {
    return verify("sha256", bytes, pem, signature);
}

/** A fingerprint as sigstore's bundles hint at a key: the digest's bytes as base64. */
export function hintOf(fingerprint: Digest): string {
    return Buffer.from(fingerprint.slice("sha256:".length), "hex").toString("base64");
}

/** The fingerprint that a hint stands for; nothing where it is of another kind. */
export function fingerprintIn(hint: string): Digest | undefined {
    const fingerprint = `sha256:${Buffer.from(hint, "base64").toString("hex")}`;
    return isDigest(fingerprint) && hintOf(fingerprint) === hint ? fingerprint : undefined;
}

function keyOf(text: string): KeyObject {
    try {
        return createPublicKey(text);
    } catch (error) {
        throw new Error(`is no public key that can be read: ${(error as Error).message}`, { cause: error });
    }
}
