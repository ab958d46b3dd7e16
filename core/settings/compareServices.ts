import type { Findings } from "./findings";
import type { Service } from "./model";

/** What no service can know alone: names that meet, and two services on one source. */
export function compareServices(services: Readonly<Record<string, Service>>, findings: Findings): void {
    const sources = new Map<string, string>();
    const names = new Map<string, string>([
        ...Object.keys(services).map((name) => [name, `the service ${name}`] as const),
        // Each pod of a stateful service has its name there.
        ...Object.values(services).flatMap(({ name, kind }) => (kind === "stateful" ? [[`${name}-headless`, name] as const] : [])),
    ]);
    for (const [name, { image, expose, init, volumes, files = {} }] of Object.entries(services)) {
        const path = ["services", name];
        if (Object.hasOwn(reserved, name)) {
            findings.add(path, `the name ${name} is taken: ${reserved[name]}`, "choose another name");
        }
        if (names.get(name) !== `the service ${name}`) {
            findings.add(
                path,
                `the name ${name} is that of the Kubernetes Service for the pods of ${names.get(name)}`,
                "choose another name",
            );
        }
        if (image.from === "source" && image.path && !findings.touches([...path, "source"])) {
            const key = JSON.stringify([
                image.repository.toLowerCase(),
                image.path,
                image.dockerfile,
                Object.entries(image.args).sort(),
            ]);
            const other = sources.get(key);
            if (other) {
                findings.add(
                    [...path, "source"],
                    `${image.path} in ${image.repository} is the source of ${other} already: one image, built twice`,
                    "give each service its own folder, Dockerfile or build arguments",
                );
            }
            sources.set(key, other ?? name);
        }
        if (expose) {
            const other = names.get(expose.name);
            if (other) {
                findings.add(
                    [...path, "expose", "name"],
                    `the Kubernetes Service ${expose.name} is ${other}'s already`,
                    "write another name",
                );
            }
            names.set(expose.name, other ?? `${name}'s`);
        }
        twice(
            init.map((container) => container.name),
            (container, index) => findings.add([...path, "init", index, "name"], `a container ${container} is there already`),
            [name],
        );
        twice(
            volumes.map((volume) => volume.mountPath),
            (mount, index) =>
                findings.add([...path, "volumes", volumes[index].name, "mount"], `another volume is mounted at ${mount} already`),
        );
        for (const file of Object.keys(files).filter((file) => volumes.some(({ mountPath }) => mountPath === file))) {
            findings.add([...path, "files", file], `a volume is mounted at ${file} already`);
        }
    }
}

const reserved: Readonly<Record<string, string>> = {
    "default-deny": "the namespace has a NetworkPolicy of that name",
    locks: "commit locks stand there beside the images",
    default: "every namespace has a ServiceAccount of that name",
    kubernetes: "the cluster has a Service of that name",
};

function twice(names: readonly string[], report: (name: string, index: number) => void, taken: readonly string[] = []): void {
    names.forEach((name, index) => {
        if (taken.includes(name) || names.indexOf(name) < index) {
            report(name, index);
        }
    });
}
