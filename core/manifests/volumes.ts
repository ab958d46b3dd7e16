import { fileKey } from "../settings/files";
import type { Service, Volume } from "../settings/model";
import { filesName } from "./files";
import type { Container, PodSpec, PodVolume } from "./objects";

const filesVolume = "oneflow-files";

/** What a service's pod brings along for its containers to mount. */
export function podVolumes(service: Service): Pick<PodSpec, "volumes"> {
    const configMap = filesName(service);
    const volumes = [
        ...service.volumes.map(podVolume),
        ...(configMap === undefined ? [] : [{ name: filesVolume, configMap: { name: configMap } }]),
    ];
    return volumes.length > 0 ? { volumes } : {};
}

/** The mounts of each of its containers. A file is mounted alone: what the image has beside it stays. */
export function volumeMounts({ volumes, files = {} }: Service): Pick<Container, "volumeMounts"> {
    const mounts = [
        ...volumes.map(({ name, mountPath, secret }) => ({ name, mountPath, ...(secret && { readOnly: true }) })),
        ...Object.keys(files)
            .sort()
            .map((path) => ({ name: filesVolume, mountPath: path, subPath: fileKey(path), readOnly: true })),
    ];
    return mounts.length > 0 ? { volumeMounts: mounts } : {};
}

function podVolume({ name, memory, sizeLimit, secret }: Volume): PodVolume {
    return secret === undefined
        ? { name, emptyDir: { ...(memory && { medium: "Memory" as const }), ...(sizeLimit !== undefined && { sizeLimit }) } }
        : { name, secret: { secretName: secret } };
}
