import type { Digest } from "../registry/reference";
import { readBundle, signedBytes, type Envelope } from "./envelope";
import { fieldsIn, fieldsOf } from "./json";
import { provenanceType, releaseBuildType, statementMediaType, statementType } from "./provenance";
import { isSignedBy, type PublicKey } from "./publicKey";

/** Why a signature is not taken. */
export type Rejection =
    /** It says that it is of a key that is not accepted. */
    | { why: "otherKey"; key: Digest }
    /** It is of an accepted key, about something else. */
    | { why: "otherSubject"; subject: string }
    /** It is of an accepted key, and says something else than how a release was made. */
    | { why: "otherStatement"; says: string }
    /** Its bytes were changed, or nobody signed them. The detail is the end of a sentence: `is not JSON`. */
    | { why: "damaged"; detail: string };

/** Who signed a manifest, or why nobody did. */
export type Verdict = { by: Digest } | { rejected: Rejection };

/**
 * Whether a document is the provenance of a release, signed with an accepted key. Pure: nobody is asked.
 *
 * @param bytes the document, as it stands in the registry
 * @param subject digest of the release's manifest
 * @param accepted keys of which one must have signed
 */
export function verifyProvenance(bytes: Buffer, subject: Digest, accepted: readonly PublicKey[]): Verdict {
    let envelope: Envelope;
    try {
        envelope = readBundle(bytes);
    } catch (error) {
        return { rejected: { why: "damaged", detail: (error as Error).message } };
    }
    const key = accepted.find(({ fingerprint }) => fingerprint === envelope.key);
    if (!key) {
        return { rejected: { why: "otherKey", key: envelope.key } };
    }
    // Nothing that the document says is looked at before it is known whose word it is.
    if (!isSignedBy(key, signedBytes(envelope), envelope.signature)) {
        return { rejected: { why: "damaged", detail: `says that ${key.fingerprint} signed it, and that key did not` } };
    }
    const rejected = rejectionOf(envelope, subject);
    return rejected ? { rejected } : { by: key.fingerprint };
}

function rejectionOf({ payloadType, payload }: Envelope, subject: Digest): Rejection | undefined {
    if (payloadType !== statementMediaType) {
        return { why: "otherStatement", says: payloadType };
    }
    const { _type, predicateType, predicate, subject: about } = fieldsIn(payload);
    const { buildType } = fieldsOf(fieldsOf(predicate).buildDefinition);
    const said = { _type, predicateType, buildType };
    const wanted = { _type: statementType, predicateType: provenanceType, buildType: releaseBuildType };
    const odd = (Object.keys(wanted) as (keyof typeof wanted)[]).find((name) => said[name] !== wanted[name]);
    if (odd !== undefined) {
        return { why: "otherStatement", says: `${odd} ${JSON.stringify(said[odd])}` };
    }
    const digests = (Array.isArray(about) ? about : []).map((one) => `sha256:${String(fieldsOf(fieldsOf(one).digest).sha256)}`);
    return digests.length === 1 && digests[0] === subject
        ? undefined
        : { why: "otherSubject", subject: digests.join(", ") || "nothing" };
}
