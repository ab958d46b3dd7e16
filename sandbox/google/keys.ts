import type { Cloud, Identity } from "../providers/cloud";
import { requireApi, requirePermission } from "./api";
import { apiFailure } from "./failure";

/**
 * Plays `decrypt` of Cloud KMS for the keys of stacks. The sandbox encrypts every stack with one passphrase, because the engine
 * reaches a key by gRPC at Google alone: whoever may decrypt with a stack's key is told the passphrase, and nobody else is.
 *
 * @param key name of the key, `projects/P/locations/L/keyRings/R/cryptoKeys/K`
 * @throws GoogleFailure
 */
export function decrypt(cloud: Cloud, caller: Identity, key: string, passphrase: string): { plaintext: string } {
    const permission = "cloudkms.cryptoKeyVersions.useToDecrypt";
    const domain = "cloudkms.googleapis.com";
    const message = `Permission '${permission}' denied on resource '${key}' (or it may not exist).`;
    requireApi(cloud, key.split("/")[1], "cloudkms");
    requirePermission(cloud, caller, permission, key, domain, message);
    if (cloud.resource(key) === undefined) throw apiFailure(404, "NOT_FOUND", `CryptoKey ${key} not found.`);
    return { plaintext: Buffer.from(passphrase).toString("base64") };
}
