import type { Descriptor, Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { bundleType, signedBytes, writeBundle } from "../signing/envelope";
import { SigningRefused, type SigningKey } from "../signing/kmsKey";
import { provenanceType, statementBytes, statementMediaType, type Statement } from "../signing/provenance";
import type { PublicKey } from "../signing/publicKey";
import { verifyProvenance } from "../signing/verify";
import { releaseRepository } from "./release";
import type { ReleasePlace } from "./releaseStore";
import { readSignatures } from "./signatureStore";

/**
 * Puts a release's provenance, signed, beside the release. One that an accepted key signed already is left as it is: a second signature
 * would be other bytes. The signature is verified before anybody sees it.
 *
 * @param release what the statement is about
 * @param accepted the keys that environments accept, of which this must be one
 * @returns fingerprint of the key
 * @throws SigningRefused where the key is not accepted, or does not sign
 */
export async function signRelease(
    registry: Registry,
    place: ReleasePlace,
    release: Descriptor,
    statement: Statement,
    { key, accepted }: { key: SigningKey; accepted: readonly PublicKey[] },
): Promise<Digest> {
    const { by } = await readSignatures(registry, place, release.digest, accepted);
    if (by !== undefined) {
        return by;
    }
    const own = requireAccepted(await key.publicKey(), key.name, accepted);
    const document = { payloadType: statementMediaType, payload: statementBytes(statement) };
    const signature = await key.sign(signedBytes(document));
    const content = writeBundle({ ...document, signature, key: own.fingerprint });
    if ("rejected" in verifyProvenance(content, release.digest, [own])) {
        throw new SigningRefused(`${key.name} gave a signature that its own public key ${own.fingerprint} does not verify`);
    }
    await registry.attach(releaseRepository(place.deploy, place.project), release, {
        artifactType: bundleType,
        content,
        annotations: { "dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": provenanceType },
    });
    return own.fingerprint;
}

function requireAccepted(own: PublicKey, name: string, accepted: readonly PublicKey[]): PublicKey {
    if (accepted.some(({ fingerprint }) => fingerprint === own.fingerprint)) {
        return own;
    }
    const committed = accepted.length === 0 ? "none is committed" : accepted.map(({ fingerprint }) => fingerprint).join(", ");
    throw new SigningRefused(
        [
            `${name} is the key ${own.fingerprint}, and no environment would accept it.`,
            `Accepted by platform.signing.publicKeys: ${committed}.`,
            "→ if it is the right one, add it there, and commit it to the operations branch:",
            own.pem.trimEnd(),
        ].join("\n"),
    );
}
