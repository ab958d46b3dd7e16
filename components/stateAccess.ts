import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../core/settings/model";
import { stateBucket, stateKey } from "../core/settings/state";

/** What a {@link StateAccess} is made from. */
export interface StateAccessArgs {
    environment: Pick<Environment, "name" | "project" | "region">;
    /** Who deploys the environment, as an IAM member: writes its state. */
    deployer: pulumi.Input<string>;
    /** Who only looks: reads its state. A preview takes no lock and writes nothing. */
    auditor: pulumi.Input<string>;
}

/**
 * Who reaches the state of an environment's stack, and nobody reaches that of another. Bucket and key are there before
 * any stack is: the bootstrap makes them.
 */
export class StateAccess extends pulumi.ComponentResource {
    constructor(name: string, args: StateAccessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:StateAccess", name, {}, opts);
        const { environment, deployer, auditor } = args;
        const bucket = stateBucket(environment.project, environment.name);
        const cryptoKeyId = stateKey(environment, environment.name);

        const grants = {
            deployer: { member: deployer, role: "roles/storage.objectUser" },
            auditor: { member: auditor, role: "roles/storage.objectViewer" },
        };
        for (const [who, { member, role }] of Object.entries(grants)) {
            new gcp.storage.BucketIAMMember(`${name}-state-${who}`, { bucket, role, member }, { parent: this });
            // The key encrypts nothing but the stack's own one, once, when the stack is made: an update only decrypts.
            new gcp.kms.CryptoKeyIAMMember(
                `${name}-state-key-${who}`,
                { cryptoKeyId, role: "roles/cloudkms.cryptoKeyDecrypter", member },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}
