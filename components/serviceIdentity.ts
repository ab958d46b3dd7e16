import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { email, type Identity } from "../core/workflows/identities";

/** What a {@link ServiceIdentity} is made from. */
export interface ServiceIdentityArgs {
    identity: Identity;
    /** Who may act as the account: a short name for the grant → IAM member. @default - nobody; there are no keys */
    impersonators?: Record<string, pulumi.Input<string>>;
    /** Roles on the account's own project. @default - none */
    projectRoles?: Record<string, pulumi.Input<string>>;
}

/**
 * A Google service account without keys: workflows act as it by workload identity federation, nodes by their metadata
 * server. It is an account and not a bare principal set because GKE's RBAC binds a user name, which only it has.
 */
export class ServiceIdentity extends pulumi.ComponentResource {
    /** The account as an IAM member, known once it exists. */
    readonly member: pulumi.Output<string>;
    readonly email: pulumi.Output<string>;

    constructor(name: string, args: ServiceIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:ServiceIdentity", name, {}, opts);
        const { identity, impersonators = {}, projectRoles = {} } = args;
        const { accountId, project, description } = identity;

        const account = new gcp.serviceaccount.Account(
            name,
            { project, accountId, displayName: description, createIgnoreAlreadyExists: false },
            { parent: this },
        );
        for (const [who, member] of Object.entries(impersonators)) {
            new gcp.serviceaccount.IAMMember(
                `${name}-impersonator-${who}`,
                { serviceAccountId: account.name, role: "roles/iam.workloadIdentityUser", member },
                { parent: this },
            );
        }
        for (const [what, role] of Object.entries(projectRoles)) {
            new gcp.projects.IAMMember(`${name}-${what}`, { project, role, member: account.member }, { parent: this });
        }

        this.member = account.member;
        this.email = account.email.apply((address) => address || email(identity));
        this.registerOutputs({ member: this.member, email: this.email });
    }
}
