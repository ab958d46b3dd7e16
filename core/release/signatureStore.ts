import { UnreadableContent, type Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { bundleType } from "../signing/envelope";
import type { PublicKey } from "../signing/publicKey";
import { verifyProvenance, type Rejection, type Verdict } from "../signing/verify";
import { releaseRepository } from "./release";
import type { ReleasePlace } from "./releaseStore";

/** What is known of who signed a release. */
export interface Signatures {
    /** Fingerprint of an accepted key that signed it. Absent: none did. */
    by?: Digest;
    /** Why each of the signatures that were found is not taken. */
    rejected: readonly Rejection[];
}

/**
 * Looks for the signature of a release. One more request for each that is there, up to the first that is valid.
 *
 * @param digest digest of the release's manifest
 * @param accepted keys of which one must have signed
 */
export async function readSignatures(
    registry: Registry,
    place: ReleasePlace,
    digest: Digest,
    accepted: readonly PublicKey[],
): Promise<Signatures> {
    const repository = releaseRepository(place.deploy, place.project);
    const rejected: Rejection[] = [];
    for (const found of await registry.referrers(repository, digest, bundleType)) {
        const verdict = await readSignature(registry, `${repository}@${found.digest}`, digest, accepted);
        if ("by" in verdict) return { by: verdict.by, rejected };
        rejected.push(verdict.rejected);
    }
    return { rejected };
}

async function readSignature(
    registry: Registry,
    address: string,
    subject: Digest,
    accepted: readonly PublicKey[],
): Promise<Verdict> {
    try {
        const artifact = await registry.pullArtifact(address);
        return artifact
            ? verifyProvenance(artifact.content, subject, accepted)
            : { rejected: { why: "damaged", detail: "is listed, and is gone" } };
    } catch (error) {
        // Whoever may write there may put anything beside a release: that is no reason to take no other signature.
        if (error instanceof UnreadableContent) {
            return { rejected: { why: "damaged", detail: `cannot be read: ${error.message}` } };
        }
        throw error;
    }
}
