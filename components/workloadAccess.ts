import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { inEnvironment } from "../core/manifests/overrides";
import { secretVersions, variableVersions } from "../core/manifests/secretVersions";
import type { Catalog, Environment } from "../core/settings/model";

/** What a {@link WorkloadAccess} is made from. */
export interface WorkloadAccessArgs {
    environment: Pick<Environment, "project" | "namespace">;
    needs: readonly WorkloadNeeds[];
}

/** What a service's pods use of Google Cloud in one environment. */
export interface WorkloadNeeds {
    service: string;
    /** Ids of the secrets that it names versions of. */
    secrets: readonly string[];
    /** Whether variables hold some of them. */
    synced: boolean;
    /** Whether folders hold some of them. */
    mounted: boolean;
    /** Email of the Google service account that its pods act as. @default - none */
    identity?: string;
}

/**
 * What the workloads of an environment may do in Google Cloud: each service reads exactly the secrets that its entry names, and acts
 * as the Google account that it names. Secrets and accounts are made by people, with their values and rights.
 */
export class WorkloadAccess extends pulumi.ComponentResource {
    constructor(name: string, args: WorkloadAccessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:WorkloadAccess", name, {}, opts);
        const { environment, needs } = args;
        const { project, namespace } = environment;
        const { number } = gcp.organizations.getProjectOutput({ projectId: project }, { parent: this });

        for (const { service, secrets, identity } of needs) {
            // GKE fetches secrets as the Google account where one is named, and the Kubernetes account then needs no right of its own.
            const reader = identity
                ? `serviceAccount:${identity}`
                : number.apply((projectNumber) => accountPrincipal(project, projectNumber, namespace, service));
            for (const secretId of secrets) {
                new gcp.secretmanager.SecretIamMember(
                    // Neither of the first two names has a `_`, so no two of these can meet.
                    `${name}_${service}_reads_${secretId}`,
                    { project, secretId, role: "roles/secretmanager.secretAccessor", member: reader },
                    { parent: this },
                );
            }
            if (identity) {
                new gcp.serviceaccount.IAMMember(
                    `${name}_${service}_identity`,
                    {
                        serviceAccountId: `projects/${projectOf(identity)}/serviceAccounts/${identity}`,
                        role: "roles/iam.workloadIdentityUser",
                        member: `serviceAccount:${project}.svc.id.goog[${namespace}/${service}]`,
                    },
                    { parent: this },
                );
            }
        }
        this.registerOutputs({});
    }
}

/** The services that use something of Google Cloud in an environment, in the catalog's order. */
export function workloadNeeds({ services }: Catalog, environment: string): WorkloadNeeds[] {
    return Object.values(services).flatMap((service) => {
        const here = inEnvironment(service, environment);
        const secrets = [...new Set(secretVersions(here).map(({ secretManager }) => secretManager))].sort();
        const { name, identity } = here;
        const synced = variableVersions(here).length > 0;
        const mounted = here.volumes.some(({ versions }) => versions !== undefined);
        return secrets.length > 0 || identity ? [{ service: name, secrets, synced, mounted, ...(identity && { identity }) }] : [];
    });
}

/** A Kubernetes account as Workload Identity Federation for GKE knows it, in every cluster of the project. */
function accountPrincipal(project: string, projectNumber: string, namespace: string, account: string): string {
    const pool = `projects/${projectNumber}/locations/global/workloadIdentityPools/${project}.svc.id.goog`;
    return `principal://iam.googleapis.com/${pool}/subject/ns/${namespace}/sa/${account}`;
}

function projectOf(identity: string): string {
    return identity.slice(identity.indexOf("@") + 1).replace(/\.iam\.gserviceaccount\.com$/, "");
}
