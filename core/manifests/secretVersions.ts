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
    const versions = variableVersions(service);
    return {
        secretClass: {
            apiVersion: "secrets-store.csi.x-k8s.io/v1",
            kind: "SecretProviderClass",
            metadata: metadata(name),
            spec: {
                provider: "gke",
                parameters: {
                    secrets: versions.map((version) => listedVersion(version, versionKey(version), cloudProject)).join(""),
                },
            },
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

/** Every version that a container, a job or a folder of the service names, each once, sorted: what its account must be let read. */
export function secretVersions(service: Service): SecretVersion[] {
    return eachOnce([...variableVersions(service), ...service.volumes.flatMap(({ versions = {} }) => Object.values(versions))]);
}

/** Those of its variables. */
export function variableVersions({ env, init, migrate, verify }: Service): SecretVersion[] {
    const all = [env, ...init.map((container) => container.env), migrate?.env, verify?.env];
    return eachOnce(all.flatMap((one) => Object.values(one ?? {})).filter(isVersion));
}

function eachOnce(versions: readonly SecretVersion[]): SecretVersion[] {
    const byKey = new Map(versions.map((version) => [versionKey(version), version]));
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, version]) => version);
}

/**
 * Name of that Secret, and of the two objects that make it. Absent where the service names no version. Jobs share it, so it is asked of
 * the service and not of a job's pod.
 */
export function versionsName(service: Service): string | undefined {
    const versions = variableVersions(service);
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

/** One item of a class's list, in YAML. Quoted, as a path of digits alone would be read as a number. */
export function listedVersion({ secretManager, version }: SecretVersion, path: string, cloudProject: string): string {
    return `- resourceName: "projects/${cloudProject}/secrets/${secretManager}/versions/${version}"\n  path: "${path}"\n`;
}
