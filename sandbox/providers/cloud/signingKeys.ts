import { generateKeyPairSync } from "node:crypto";
import type { Cloud } from "../cloud";

/** A version of a key that signs, as the sandbox keeps it. */
export interface SigningVersion {
    algorithm: typeof signingAlgorithm;
    state: "ENABLED" | "DISABLED";
    /** Both as PEM. */
    publicKey: string;
    privateKey: string;
}

export const signingAlgorithm = "EC_SIGN_P256_SHA256";

/** Makes the first version of a key that was just created; one that is there stays. */
export function makeSigningVersion(cloud: Cloud, key: string): void {
    const name = `${key}/cryptoKeyVersions/1`;
    if (cloud.resource(name) !== undefined) return;
    const { publicKey, privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    cloud.store.put(name, { algorithm: signingAlgorithm, state: "ENABLED", publicKey, privateKey } satisfies SigningVersion);
}

export function signingVersion(cloud: Cloud, name: string): SigningVersion | undefined {
    return cloud.resource<SigningVersion>(name);
}
