import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import type { Digest } from "../../core/registry/reference";
import { noWaivers } from "../../core/release/tagText";
import { writeBundle, signedBytes, type Envelope } from "../../core/signing/envelope";
import type { SigningKey } from "../../core/signing/kmsKey";
import { provenanceOf, statementBytes, statementMediaType, type Run, type Statement } from "../../core/signing/provenance";
import { readPublicKey, type PublicKey } from "../../core/signing/publicKey";
import { releaseOf } from "./releaseFixture";

/** A key on this machine, where a real one is in Cloud KMS. */
export class LocalKey implements SigningKey {
    readonly name = "projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/releases/cryptoKeyVersions/1";
    readonly public: PublicKey;
    private readonly secret: KeyObject;
    /** How often it has signed. */
    signed = 0;

    constructor() {
        const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        this.secret = privateKey;
        this.public = readPublicKey(publicKey.export({ type: "spki", format: "pem" }).toString());
    }

    publicKey(): Promise<PublicKey> {
        return Promise.resolve(this.public);
    }

    sign(bytes: Buffer): Promise<Buffer> {
        this.signed++;
        return Promise.resolve(sign("sha256", bytes, this.secret));
    }

    /** A document of any kind, signed. */
    bundle(document: Pick<Envelope, "payloadType" | "payload">): Buffer {
        return writeBundle({
            ...document,
            signature: sign("sha256", signedBytes(document), this.secret),
            key: this.public.fingerprint,
        });
    }

    /** A statement, signed as a release's provenance is. */
    statement(statement: Statement): Buffer {
        return this.bundle({ payloadType: statementMediaType, payload: statementBytes(statement) });
    }
}

export const run: Run = {
    server: "https://github.com",
    builder: "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0",
    invocation: "https://github.com/acme/shop/actions/runs/7/attempts/1",
};

export const manifest: Digest = `sha256:${"5".repeat(64)}`;

/** The provenance of {@link releaseOf}'s release, about a manifest. */
export function provenance(digest = manifest): Statement {
    return provenanceOf(releaseOf(), digest, { waivers: noWaivers }, run);
}
