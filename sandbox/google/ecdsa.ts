import { createECDH, createPrivateKey, randomBytes } from "node:crypto";

/** Order of the curve P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * Signs a digest with a key on the curve P-256, as DER. Node signs only what it hashes itself, and a key in Cloud KMS is never shown
 * more than the digest.
 *
 * @param pem the private key
 * @param digest 32 bytes
 */
export function signDigest(pem: string, digest: Buffer): Buffer {
    const secret = number(Buffer.from(createPrivateKey(pem).export({ format: "jwk" }).d!, "base64url"));
    for (;;) {
        const nonce = number(randomBytes(32));
        if (nonce === 0n || nonce >= order) continue;
        const r = firstCoordinate(nonce) % order;
        const s = (inverse(nonce) * ((number(digest) + r * secret) % order)) % order;
        if (r !== 0n && s !== 0n) return sequence(Buffer.concat([integer(r), integer(s)]));
    }
}

/** Of the curve's base point, so many times. */
function firstCoordinate(times: bigint): bigint {
    const curve = createECDH("prime256v1");
    curve.setPrivateKey(times.toString(16).padStart(64, "0"), "hex");
    return number(curve.getPublicKey().subarray(1, 33));
}

/** By Fermat: the order is prime. */
function inverse(value: bigint): bigint {
    let [result, base, exponent] = [1n, value % order, order - 2n];
    for (; exponent > 0n; exponent >>= 1n) {
        if (exponent & 1n) result = (result * base) % order;
        base = (base * base) % order;
    }
    return result;
}

function number(bytes: Buffer): bigint {
    return BigInt(`0x${bytes.toString("hex")}`);
}

/** ASN.1's INTEGER, whose first bit is its sign. */
function integer(value: bigint): Buffer {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
    const positive = bytes[0] >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

function sequence(content: Buffer): Buffer {
    return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
