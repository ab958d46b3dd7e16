import type { Findings, Path } from "./findings";
import type { Volume } from "./model";
import type { ServiceEntry } from "./schema/service";

/** Name of a file's key in the ConfigMap that holds it. */
export function fileKey(path: string): string {
    return path.slice(1).replaceAll("/", "__");
}

/** Files by path. Reports what one ConfigMap cannot hold. */
export function readFiles(files: Readonly<Record<string, string>>, path: Path, findings: Findings): Record<string, string> {
    const paths = Object.keys(files);
    for (const [index, file] of paths.entries()) {
        const other = paths.slice(0, index).find((earlier) => fileKey(earlier) === fileKey(file));
        if (other) {
            findings.add(
                [...path, file],
                `${file} and ${other} would be one key of a ConfigMap, ${fileKey(file)}`,
                "rename one of the two",
            );
        }
    }
    const bytes = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
    if (bytes > mostBytes) {
        findings.add(
            path,
            `${bytes} bytes are too many for a ConfigMap; expected at most ${mostBytes}`,
            "put large files into the image",
        );
    }
    return { ...files };
}

// A ConfigMap holds 1 MiB, names and keys included.
const mostBytes = 1_000_000;

export function readVolumes({ kind, volumes = {} }: ServiceEntry, path: Path, findings: Findings): Volume[] {
    return Object.entries(volumes).map(([name, { mount, sizeLimit, memory = false, secret, versions, claim }]) => {
        if (name.startsWith(ownPrefix)) {
            findings.add([...path, name], `names that begin with ${ownPrefix} are oneflow's own`, "choose another name");
        }
        const ways = [
            ...(secret === undefined ? [] : [`the Secret ${secret}`]),
            ...(versions === undefined ? [] : ["versions of Secret Manager"]),
            ...(claim === undefined ? [] : ["a claim"]),
            ...(sizeLimit === undefined && !memory ? [] : ["sizeLimit or memory, which are for an empty folder"]),
        ];
        if (ways.length > 1) {
            findings.add([...path, name], `has ${ways.join(" and ")}; expected one of them`, "make a volume of each");
        }
        if (versions && Object.keys(versions).length === 0 && !findings.touches([...path, name])) {
            findings.add(
                [...path, name, "versions"],
                "names no file; expected { tls.key: { secretManager: shop-tls-key, version: 1 } }",
            );
        }
        if (claim && kind !== "stateful" && !findings.touches([...path, name])) {
            findings.add([...path, name, "claim"], "only pods that keep their names keep volumes", "write kind: stateful");
        }
        return {
            name,
            mountPath: mount,
            ...(sizeLimit && { sizeLimit }),
            memory,
            ...(secret && { secret }),
            ...(versions && { versions }),
            ...(claim && { claim }),
        };
    });
}

const ownPrefix = "oneflow-";
