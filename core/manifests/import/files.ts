import { at, textAt, treeAt, treesAt } from "./objects";
import type { References } from "./variables";
import type { Workload } from "./workloads";

/** A file of the service's container, and the key of the ConfigMap that it was read from. */
export interface MountedFile {
    path: string;
    text: string;
    configMap: { name: string; key: string };
    /** Name of the pod's volume. */
    volume: string;
    mountPath: string;
}

/** The files that ConfigMaps of the manifests put into the container. */
export function readFiles({ pod, container }: Pick<Workload, "pod" | "container">, { configMap }: References): MountedFile[] {
    return treesAt(container, "volumeMounts").flatMap((mount): MountedFile[] => {
        const volume = treesAt(pod, "volumes").find(({ name }) => name === mount.name);
        const name = textAt(volume, "configMap", "name");
        const mountPath = textAt(mount, "mountPath")?.replace(/(?<=.)\/$/, "");
        if (name === undefined || mountPath === undefined) {
            return [];
        }
        const data = treeAt(configMap(name)?.value, "data");
        const items = at(volume, "configMap", "items") === undefined ? undefined : treesAt(volume, "configMap", "items");
        const named =
            items?.map((item) => [textAt(item, "path"), textAt(item, "key")]) ?? Object.keys(data).map((key) => [key, key]);
        const subPath = textAt(mount, "subPath");
        return named
            .filter((pair): pair is [string, string] => pair[0] !== undefined && typeof data[pair[1] ?? ""] === "string")
            .filter(([file]) => subPath === undefined || subPath === file)
            .map(([file, key]) => ({
                path: subPath === undefined ? `${mountPath}/${file}` : mountPath,
                text: data[key] as string,
                configMap: { name, key },
                volume: String(mount.name),
                mountPath,
            }));
    });
}
