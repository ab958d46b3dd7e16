import type { Digest } from "../registry/reference";
import { fieldsIn, fieldsOf } from "./json";
import { fingerprintIn, hintOf } from "./publicKey";

/** A signed document: DSSE's envelope, and the key that it says signed it. */
export interface Envelope {
    payloadType: string;
    payload: Buffer;
    /** ECDSA as DER, over {@link signedBytes}. */
    signature: Buffer;
    /** Fingerprint of the key. */
    key: Digest;
}

/** Media type of the document that holds an envelope, by which cosign and others know it. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** What is signed: DSSE's pre-authentication encoding, which binds the type to the payload. */
export function signedBytes({ payloadType, payload }: Pick<Envelope, "payloadType" | "payload">): Buffer {
    const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
    return Buffer.concat([Buffer.from(head), payload]);
}

/** An envelope as sigstore's bundle, without an entry of a public log: nothing of a release is told to others. */
export function writeBundle({ payloadType, payload, signature, key }: Envelope): Buffer {
    return Buffer.from(
        JSON.stringify({
            mediaType: bundleType,
            verificationMaterial: { publicKey: { hint: hintOf(key) } },
            dsseEnvelope: {
                payload: payload.toString("base64"),
                payloadType,
                signatures: [{ sig: signature.toString("base64") }],
            },
        }),
    );
}

/**
 * Reads what {@link writeBundle} wrote, and nothing else: a byte more, less or otherwise is none of it.
 *
 * @throws Error with what is wrong, as the end of a sentence
 */
export function readBundle(bytes: Buffer): Envelope {
    const { verificationMaterial, dsseEnvelope } = fieldsIn(bytes);
    const { payload, payloadType, signatures } = fieldsOf(dsseEnvelope);
    const { hint } = fieldsOf(fieldsOf(verificationMaterial).publicKey);
    const { sig } = fieldsOf(Array.isArray(signatures) ? signatures[0] : undefined);
    const key = fingerprintIn(String(hint));
    if (typeof payload !== "string" || typeof payloadType !== "string" || typeof sig !== "string" || key === undefined) {
        throw new Error("is no bundle of a signed document and a key");
    }
    const envelope = { payloadType, payload: Buffer.from(payload, "base64"), signature: Buffer.from(sig, "base64"), key };
    if (!writeBundle(envelope).equals(bytes)) {
        throw new Error("holds something else besides");
    }
    return envelope;
}
