import type { Delivery, Environment } from "../settings/model";

/** A Google service account that a workflow or a cluster's nodes act as. Names are computed, so no stack reads another's state. */
export interface Identity {
    /** Id of the account in its project, 6 to 30 characters. */
    accountId: string;
    /** Google Cloud project of the account. */
    project: string;
    /** What the identity is for, as it is shown in the console. */
    description: string;
}

/** Deploys one environment, and nothing but it. */
export function deployer({ name, project }: Pick<Environment, "name" | "project">): Identity {
    return { accountId: `deployer-${name}`, project, description: `oneflow: deploys ${name}` };
}

/** What the nodes of an environment's clusters run as: pulls its images. */
export function nodes({ name, project }: Pick<Environment, "name" | "project">): Identity {
    return { accountId: `nodes-${name}`, project, description: `oneflow: nodes of ${name}, pull images` };
}

/** Builds images and pushes them to the first environment's tier. */
export function builder({ project }: Pick<Delivery, "project">): Identity {
    return { accountId: "builder", project, description: "oneflow: builds images into the first tier" };
}

/** Copies what ran into the deploy registry. */
export function releaser({ project }: Pick<Delivery, "project">): Identity {
    return { accountId: "releaser", project, description: "oneflow: writes releases to the deploy registry" };
}

/** Reads everything, changes nothing: previews and drift. */
export function auditor({ project }: Pick<Delivery, "project">): Identity {
    return { accountId: "auditor", project, description: "oneflow: previews and drift, read only" };
}

/** Email of an identity's account; on GKE it is the user name that RBAC binds. */
export function email({ accountId, project }: Identity): string {
    return `${accountId}@${project}.iam.gserviceaccount.com`;
}

/** The identity as a member of an IAM binding. */
export function member(identity: Identity): string {
    return `serviceAccount:${email(identity)}`;
}
