import type { Cloud, Identity } from "../providers/cloud";
import { signingVersion, type SigningVersion } from "../providers/cloud/signingKeys";
import { requireApi, requirePermission } from "./api";
import { signDigest } from "./ecdsa";
import { apiFailure } from "./failure";

/**
 * Plays `getPublicKey` of Cloud KMS.
 *
 * @param name of a version of a key, `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1`
 * @throws GoogleFailure
 */
export function publicKeyOf(cloud: Cloud, caller: Identity, name: string): object {
    const { publicKey: pem, algorithm } = versionFor(cloud, caller, name, "viewPublicKey");
    return { name, pem, algorithm, protectionLevel: "SOFTWARE" };
}

/**
 * Plays `asymmetricSign` of Cloud KMS with a key that lies in the sandbox's cloud. What it is given is a digest: the key never sees more.
 *
 * @throws GoogleFailure
 */
export function asymmetricSign(cloud: Cloud, caller: Identity, name: string, body: Record<string, unknown>): object {
    const { privateKey } = versionFor(cloud, caller, name, "useToSign");
    const digest = Buffer.from(String((body.digest as { sha256?: unknown } | undefined)?.sha256 ?? ""), "base64");
    if (digest.length !== 32) {
        throw apiFailure(400, "INVALID_ARGUMENT", "The digest must be a SHA-256 digest of 32 bytes.");
    }
    return { name, signature: signDigest(privateKey, digest).toString("base64"), protectionLevel: "SOFTWARE" };
}

function versionFor(cloud: Cloud, caller: Identity, name: string, use: "useToSign" | "viewPublicKey"): SigningVersion {
    const permission = `cloudkms.cryptoKeyVersions.${use}`;
    const message = `Permission '${permission}' denied on resource '${name}' (or it may not exist).`;
    requireApi(cloud, name.split("/")[1], "cloudkms");
    requirePermission(cloud, caller, permission, name, "cloudkms.googleapis.com", message);
    const version = signingVersion(cloud, name);
    if (!version) throw apiFailure(404, "NOT_FOUND", `CryptoKeyVersion ${name} not found.`);
    if (version.state !== "ENABLED") {
        throw apiFailure(400, "FAILED_PRECONDITION", `${name} is not enabled, current state is: ${version.state}.`);
    }
    return version;
}
