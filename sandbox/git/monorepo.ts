import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { builtServices } from "../../core/workflows/contentPlan";
import type { BuiltImage, Catalog, Service } from "../../core/settings/model";

/** How a version of a service can be bad although it builds. The sandbox's Kubernetes reads it from the image's label. */
export type Behaviour = "crash" | "never-ready";

/** Label of an image that says how the sandbox's Kubernetes is to let it run. */
export const behaviourLabel = "dev.oneflow.sandbox.behaviour";

/** Writes a source tree for every service that this repository builds, and says which files it wrote. */
export async function writeMonorepo(worktree: string, catalog: Catalog, repository: string): Promise<string[]> {
    const files = monorepo(catalog, repository);
    await Promise.all(Object.entries(files).map(([path, { content, mode }]) => write(join(worktree, path), content, mode)));
    return Object.keys(files);
}

/** A source file: what stands in it, and its permissions. */
export interface SourceFile {
    content: string;
    mode: number;
}

/** The files of {@link writeMonorepo}, by path. Every image starts from nothing, so building one pulls nothing. */
export function monorepo(catalog: Catalog, repository: string): Record<string, SourceFile> {
    const services = builtServices(catalog, repository);
    const text = (content: string): SourceFile => ({ content, mode: 0o644 });
    return Object.fromEntries([
        ["README.md", text(`# ${repository}\n\n${services.map(({ name, image }) => `- [${name}](${image.path})`).join("\n")}\n`)],
        ...services.flatMap(({ image }) =>
            image.alsoBuildFrom.map((path) => [join(path, "README.md"), text(`# ${path}\n`)] as const),
        ),
        ...services.flatMap((service) => Object.entries(sources(service))),
    ]);
}

/** Writes the source of a service more, and nothing else. */
export async function writeService(worktree: string, service: Service): Promise<void> {
    const files = Object.entries(sources({ ...service, image: built(service) }));
    await Promise.all(files.map(([path, { content, mode }]) => write(join(worktree, path), content, mode)));
}

/** Adds a change to a service's code, told in the words of its author. */
export async function changeService(worktree: string, service: Service, what: string): Promise<void> {
    const path = join(worktree, built(service).path, "app");
    await write(path, `${await readFile(path, "utf8")}step ${JSON.stringify(what)}\n`, 0o755);
}

/**
 * Makes a version of a service that builds and then fails when it runs.
 *
 * @param container the only one that fails, as `migrate`: all containers of a service have one image. @default every one
 */
export async function breakService(worktree: string, service: Service, behaviour: Behaviour, container?: string): Promise<void> {
    const value = container === undefined ? behaviour : `${behaviour}:${container}`;
    await editDockerfile(worktree, service, (lines) => [...lines, `LABEL ${behaviourLabel}=${value}`]);
}

/** Takes back what {@link breakService} did: byte for byte, so that the image from before is the image again. */
export async function mendService(worktree: string, service: Service): Promise<void> {
    await editDockerfile(worktree, service, (lines) => lines);
}

async function editDockerfile(worktree: string, service: Service, edit: (healthy: string[]) => string[]): Promise<void> {
    const { path, dockerfile: name } = built(service);
    const file = join(worktree, path, name);
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    const healthy = lines.filter((line) => !line.startsWith(`LABEL ${behaviourLabel}=`));
    await write(file, `${edit(healthy).join("\n")}\n`, 0o644);
}

function sources(service: Service & { image: BuiltImage }): Record<string, SourceFile> {
    const { path, dockerfile: name } = service.image;
    return {
        [join(path, name)]: { content: dockerfile(service), mode: 0o644 },
        [join(path, "app")]: { content: program(service), mode: 0o755 },
    };
}

function dockerfile({ name, image, ports, user }: Service & { image: BuiltImage }): string {
    return [
        `# ${name} of the sandbox: one file that stands for the program.`,
        "FROM scratch",
        ...Object.keys(image.args).flatMap((arg) => [`ARG ${arg}`, `ENV ${arg}=$${arg}`]),
        `LABEL org.opencontainers.image.title=${name}`,
        "COPY app /app",
        `USER ${user ?? 1000}`,
        ...ports.map(({ target }) => `EXPOSE ${target}`),
        'ENTRYPOINT ["/app"]',
        "",
    ].join("\n");
}

function program({ name }: Service): string {
    return `#!/usr/bin/env sandbox-service\nservice ${JSON.stringify(name)}\nstep "Answer requests"\n`;
}

function built({ name, image }: Service): BuiltImage {
    if (image.from !== "source") {
        throw new Error(`${name} is a third-party image (${image.source}): it has no source to change`);
    }
    return image;
}

async function write(path: string, content: string, mode: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode });
}
