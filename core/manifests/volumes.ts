import { fileKey } from "../settings/files";
import type { Service, Volume, VolumeClaim } from "../settings/model";
import { filesName } from "./files";
import { secretVolume } from "./secretVolumes";
import type { Container, PodSpec, PodVolume, StatefulSetObject, VolumeClaimTemplate } from "./objects";

const filesVolume = "oneflow-files";

/** What a service's pod brings along for its containers to mount. */
export function podVolumes(service: Service): Pick<PodSpec, "volumes"> {
    const configMap = filesName(service);
    const volumes = [
        ...service.volumes.filter(({ claim }) => !claim).map((volume) => podVolume(service.name, volume)),
        ...(configMap === undefined ? [] : [{ name: filesVolume, configMap: { name: configMap } }]),
    ];
    return volumes.length > 0 ? { volumes } : {};
}

/** What each pod of a stateful service gets for itself, and keeps. */
export function volumeClaims({ volumes }: Service): Pick<StatefulSetObject["spec"], "volumeClaimTemplates"> {
    const claims = volumes.flatMap(({ name, claim }) => (claim ? [volumeClaim(name, claim)] : []));
    return claims.length > 0 ? { volumeClaimTemplates: claims } : {};
}

/** The mounts of each of its containers. A file is mounted alone: what the image has beside it stays. */
export function volumeMounts({ volumes, files = {} }: Service): Pick<Container, "volumeMounts"> {
    const mounts = [
        ...volumes.map(({ name, mountPath, secret, versions }) => ({
            name,
            mountPath,
            ...((secret ?? versions) !== undefined && { readOnly: true }),
        })),
        ...Object.keys(files)
            .sort()
            .map((path) => ({ name: filesVolume, mountPath: path, subPath: fileKey(path), readOnly: true })),
    ];
    return mounts.length > 0 ? { volumeMounts: mounts } : {};
}

function podVolume(service: string, volume: Volume): PodVolume {
    const { name, memory, sizeLimit, secret, versions } = volume;
    if (versions !== undefined) {
        return secretVolume(service, volume, versions);
    }
    return secret === undefined
        ? { name, emptyDir: { ...(memory && { medium: "Memory" as const }), ...(sizeLimit !== undefined && { sizeLimit }) } }
        : { name, secret: { secretName: secret } };
}

function volumeClaim(name: string, { size, storageClass }: VolumeClaim): VolumeClaimTemplate {
    return {
        metadata: { name },
        spec: {
            accessModes: ["ReadWriteOnce"],
            ...(storageClass !== undefined && { storageClassName: storageClass }),
            resources: { requests: { storage: size } },
        },
    };
}
