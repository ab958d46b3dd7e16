import type { SecretVersion, Service, Volume } from "../settings/model";
import { contentHash } from "./contentHash";
import type { ObjectMetadata, PodVolume, SecretProviderClassObject } from "./objects";
import { listedVersion } from "./secretVersions";

/**
 * What GKE's driver puts into the folders of a service's pods, one object a folder: it fetches the versions as the service's own account
 * when a pod starts, and keeps them in the node's memory. Other versions are another name, so that they are a rollout like any other.
 */
export function renderSecretVolumes(
    service: Pick<Service, "name" | "volumes">,
    metadata: (name: string) => ObjectMetadata,
    cloudProject: string,
): SecretProviderClassObject[] {
    return service.volumes.flatMap(({ name, versions }) =>
        versions === undefined
            ? []
            : [
                  {
                      apiVersion: "secrets-store.csi.x-k8s.io/v1",
                      kind: "SecretProviderClass",
                      metadata: metadata(className(service.name, name, versions)),
                      spec: {
                          provider: "gke",
                          parameters: {
                              secrets: sorted(versions)
                                  .map(([file, version]) => listedVersion(version, file, cloudProject))
                                  .join(""),
                          },
                      },
                  },
              ],
    );
}

export function secretVolume(service: string, { name }: Volume, versions: Readonly<Record<string, SecretVersion>>): PodVolume {
    const attributes = { secretProviderClass: className(service, name, versions) };
    return { name, csi: { driver: "secrets-store-gke.csi.k8s.io", readOnly: true, volumeAttributes: attributes } };
}

function className(service: string, volume: string, versions: Readonly<Record<string, SecretVersion>>): string {
    const content = sorted(versions).map(([file, { secretManager, version }]) => [file, secretManager, version]);
    // Two services and folders may be one text with a dash between them: the hash tells them apart.
    return `${service}-${volume}-${contentHash([service, volume, content], 8)}`;
}

/** The same files in another order are the same folder. */
function sorted(versions: Readonly<Record<string, SecretVersion>>): [string, SecretVersion][] {
    return Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1));
}
