import type { EnvValue, SecretVersion, Service } from "../settings/model";
import { contentHash } from "./contentHash";
import type { ObjectMetadata, SecretProviderClassObject, SecretSyncObject } from "./objects";

/**
 * What brings versions of Secret Manager's secrets into the service's namespace, for variables: GKE reads those of the class as the
 * service's own account and keeps them as a Kubernetes Secret. The Secret is never changed: other versions are another name, so that
 * they are a rollout like any other, no pod starts before its own versions are there, and the pods before it keep theirs.
 */
export function renderSecretVersions(
    service: Service,
    metadata: (name: string) => ObjectMetadata,
    cloudProject: string,
): { secretClass?: SecretProviderClassObject; secretSync?: SecretSyncObject } {
    const name = versionsName(service);
    if (name === undefined) {
        return {};
    }
    const versions = secretVersions(service);
    return {
        secretClass: {
            apiVersion: "secrets-store.csi.x-k8s.io/v1",
            kind: "SecretProviderClass",
            metadata: metadata(name),
            spec: { provider: "gke", parameters: { secrets: versions.map((version) => listed(version, cloudProject)).join("") } },
        },
        secretSync: {
            apiVersion: "secret-sync.gke.io/v1",
            kind: "SecretSync",
            metadata: metadata(name),
            spec: {
                serviceAccountName: service.name,
                secretProviderClassName: name,
                secretObject: {
                    type: "Opaque",
                    data: versions.map((version) => ({ sourcePath: versionKey(version), targetKey: versionKey(version) })),
                },
            },
        },
    };
}

/** Every version that a container or a job of the service names, each once, sorted: what its account must be let read. */
export function secretVersions({
    env,
    init,
    migrate,
    verify,
}: Pick<Service, "env" | "init" | "migrate" | "verify">): SecretVersion[] {
    const values = [env, ...init.map((container) => container.env), migrate?.env, verify?.env].flatMap((one) =>
        Object.values(one ?? {}),
    );
    const byKey = new Map(values.filter(isVersion).map((version) => [versionKey(version), version]));
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, version]) => version);
}

/**
 * Name of that Secret, and of the two objects that make it. Absent where the service names no version. Jobs share it, so it is asked of
 * the service and not of a job's pod.
 */
export function versionsName(service: Service): string | undefined {
    const versions = secretVersions(service);
    // It becomes a label of the Secret, which the longest service's name fills.
    return versions.length === 0 ? undefined : `${service.name}-secret-${contentHash(versions.map(versionKey), 8)}`;
}

/** Key of a version in the Secret. What GKE takes as a key is narrower than what secrets may be called. */
export function versionKey({ secretManager, version }: SecretVersion): string {
    const plain = `${secretManager}.${version}`;
    return /^[A-Za-z0-9]{2,}([-_][A-Za-z0-9]+)*\.[0-9]+$/.test(plain) && plain.length <= 253 ? plain : contentHash(plain, 16);
}

function isVersion(value: EnvValue): value is SecretVersion {
    return typeof value === "object" && "secretManager" in value;
}

/** One item of a list in YAML. Quoted, as a key of digits alone would be read as a number. */
function listed(version: SecretVersion, cloudProject: string): string {
    const resource = `projects/${cloudProject}/secrets/${version.secretManager}/versions/${version.version}`;
    return `- resourceName: "${resource}"\n  path: "${versionKey(version)}"\n`;
}
