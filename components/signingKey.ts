import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { Delivery } from "../core/settings/model";
import { keyOfVersion, releaseKey } from "../core/settings/signing";

/** What a {@link SigningKey} is made from. */
export interface SigningKeyArgs {
    delivery: Pick<Delivery, "project" | "region">;
    /** The version that signs, `…/cryptoKeys/releases/cryptoKeyVersions/1`. A key of another name is there already. */
    version: string;
    /** Who signs, as an IAM member. */
    signer: pulumi.Input<string>;
}

/**
 * The key that releases are signed with, and who may sign. It never leaves Cloud KMS, and is never destroyed: what it signed stays
 * verifiable by its public key. The bootstrap makes the ring that it lies in.
 */
export class SigningKey extends pulumi.ComponentResource {
    /** As PEM: what environments accept. */
    readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: SigningKeyArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:SigningKey", name, {}, opts);
        const { delivery, version, signer } = args;
        const cryptoKeyId = keyOfVersion(version);
        const own = cryptoKeyId === releaseKey(delivery);

        const key =
            own &&
            new gcp.kms.CryptoKey(
                name,
                {
                    name: cryptoKeyId.split("/").at(-1)!,
                    keyRing: cryptoKeyId.slice(0, cryptoKeyId.indexOf("/cryptoKeys/")),
                    purpose: "ASYMMETRIC_SIGN",
                    versionTemplate: { algorithm: "EC_SIGN_P256_SHA256", protectionLevel: "SOFTWARE" },
                },
                { parent: this, protect: true, retainOnDelete: true },
            );
        const there = { parent: this, dependsOn: key ? [key] : [] };
        // To sign, and to see the public key: that it is an accepted one is known before it signs.
        new gcp.kms.CryptoKeyIAMMember(
            `${name}-signer`,
            { cryptoKeyId, role: "roles/cloudkms.signerVerifier", member: signer },
            there,
        );
        const number = Number(version.slice(version.lastIndexOf("/") + 1));
        const known = gcp.kms.getKMSCryptoKeyVersionOutput({ cryptoKey: cryptoKeyId, version: number }, there);
        this.publicKey = known.publicKeys.apply(([{ pem }]) => pem);
        this.registerOutputs({ publicKey: this.publicKey });
    }
}
