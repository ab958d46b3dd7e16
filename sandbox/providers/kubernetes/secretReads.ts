import { parse } from "yaml";
import type { Cloud, Cluster } from "../cloud";
import type { Objects } from "../cloud/objects";
import { records, text } from "../values";

/** Whose clusters and cloud are meant. */
export interface Place {
    cloud: Cloud;
    cluster: Cluster;
    objects: Objects;
}

/** A Kubernetes ServiceAccount. */
interface Account {
    metadata: { namespace?: string; name: string; annotations?: Record<string, string> };
}

/**
 * What Google's provider reads of a SecretProviderClass as a Kubernetes account: path → value, all of them; or why it reads nothing.
 */
export function readClass(
    { cloud, cluster, objects }: Place,
    namespace: string | undefined,
    account: string,
    className: string,
): Record<string, string> | string {
    return readFound(
        { cloud, cluster },
        {
            secretClass: objects.get("SecretProviderClass", namespace, className),
            className,
            account: objects.get("ServiceAccount", namespace, account),
        },
    );
}

/** The same, of objects that were looked up already: nothing stands for one that there is not. */
export function readFound(
    { cloud, cluster }: Pick<Place, "cloud" | "cluster">,
    { secretClass, className, account }: { secretClass: object | undefined; className: string; account: Account | undefined },
): Record<string, string> | string {
    if (!secretClass) {
        return `SecretProviderClass ${className} not found`;
    }
    const reader = readerOf({ cloud, cluster }, account);
    const values: Record<string, string> = {};
    for (const { path, resourceName } of records(parse(text(secretClass, "spec.parameters.secrets") ?? ""))) {
        const resource = String(resourceName);
        const value = cloud.resource<{ value: string }>(resource)?.value;
        const may = reader.some((member) => cloud.allows(member, "secretmanager.versions.access", resource));
        if (value === undefined || !may) {
            return `rpc error: code = PermissionDenied desc = Permission 'secretmanager.versions.access' denied for resource '${resource}' (or it may not exist).`;
        }
        values[String(path)] = value;
    }
    return values;
}

/** The names by which IAM knows the one who reads: a Kubernetes account has two, the Google account that it acts as one. */
function readerOf({ cloud, cluster }: Pick<Place, "cloud" | "cluster">, account: Account | undefined): string[] {
    if (!account) {
        return [];
    }
    const [project] = cluster.key.split("/");
    const { namespace, name } = account.metadata;
    const pool = `projects/${cloud.project(project)?.number}/locations/global/workloadIdentityPools/${project}.svc.id.goog`;
    const own = [
        `principal://iam.googleapis.com/${pool}/subject/ns/${namespace}/sa/${name}`,
        `serviceAccount:${project}.svc.id.goog[${namespace}/${name}]`,
    ];
    const identity = account.metadata.annotations?.["iam.gke.io/gcp-service-account"];
    if (identity === undefined) {
        return own;
    }
    const home = identity.slice(identity.indexOf("@") + 1).split(".")[0];
    const resource = `projects/${home}/serviceAccounts/${identity}`;
    const actsAs = own.some((member) => cloud.allows(member, "iam.serviceAccounts.getAccessToken", resource));
    return actsAs ? [`serviceAccount:${identity}`] : [];
}
