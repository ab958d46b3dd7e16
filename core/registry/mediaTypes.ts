export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociIndex = "application/vnd.oci.image.index.v1+json";
export const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
/** Artifacts as release candidates of OCI 1.1 had them: still found in registries. */
export const ociArtifactManifest = "application/vnd.oci.artifact.manifest.v1+json";
/** The config of what has none: `{}`. */
export const ociEmpty = "application/vnd.oci.empty.v1+json";

/** Every manifest that oneflow reads, best first. */
export const manifestTypes: readonly string[] = [ociManifest, ociIndex, dockerManifest, dockerManifestList, ociArtifactManifest];

/** Whether a layer stands elsewhere for legal reasons, so that a registry must not ask for its bytes. */
export function isForeign(mediaType: string): boolean {
    return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}
