import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { defaultCredentials } from "../../core/registry/credentials";
import { parseReference } from "../../core/registry/reference";
import { readDockerfile } from "../ci/dockerfile";
import { layOut } from "../ci/layout";
import { pushAs } from "../ci/push";
import { DockerApi } from "../docker/api";
import { readContext } from "../docker/context";
import type { CommittedFile } from "../git/repository";
import { buildImage, type Image } from "../registry/images";

/** What docker/build-push-action is told. */
export interface RunnerBuild {
    /** The job's workspace: paths start there. */
    workspace: string;
    context: string;
    dockerfile: string;
    args: Readonly<Record<string, string>>;
    platforms: readonly string[];
    /** `type=image,name=…,push=true` by key. Without `push` the image is thrown away. */
    output: Readonly<Record<string, string>>;
    /** Docker daemon to build with. @default - the sandbox's own builder */
    dockerHost?: string;
}

/** Builds an image from the working tree. @returns the digest of what was pushed */
export async function buildOnRunner(build: RunnerBuild): Promise<string | undefined> {
    const { name, push } = build.output;
    const target = push === "true" ? name : undefined;
    if (build.dockerHost) return buildWithDocker(build, build.dockerHost, target);
    const image = builtImage(build);
    if (target === undefined) return undefined;
    await pushAs(defaultCredentials())(target, image);
    return image.digest;
}

function builtImage({ workspace, context, dockerfile, args, platforms }: RunnerBuild): Image {
    const files = workingTree(join(workspace, context));
    if (Object.hasOwn(files, ".dockerignore")) {
        throw new Error(`${join(context, ".dockerignore")} is refused: the sandbox copies the whole build context`);
    }
    const { copies, config } = readDockerfile(readFileSync(join(workspace, dockerfile), "utf8"), args);
    return buildImage({ files: layOut(files, copies), config, platforms: [...platforms] });
}

/** Files of a folder with the modes that git would keep. */
function workingTree(folder: string): Record<string, CommittedFile> {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return Object.fromEntries(
        entries.map((entry) => {
            const path = join(entry.parentPath, entry.name);
            const name = relative(folder, path).split(sep).join("/");
            if (!entry.isFile()) return [name, { content: Buffer.alloc(0), mode: "120000" }];
            return [name, { content: readFileSync(path), mode: statSync(path).mode & 0o100 ? "100755" : "100644" }];
        }),
    );
}

/**
 * BuildKit in a real daemon, without buildx: neither bill of materials nor provenance, as this way attests nothing. The daemon pushes
 * by tag alone, so what was pushed has one of its own that nobody asks for.
 */
async function buildWithDocker(build: RunnerBuild, host: string, target: string | undefined): Promise<string | undefined> {
    const { workspace, context, dockerfile, args, platforms } = build;
    const [platform = "linux/amd64", ...others] = platforms;
    if (others.length > 0)
        throw new Error(`the daemon at ${host} builds one platform at a time, and ${platforms.join(", ")} were asked for`);
    const docker = new DockerApi(host);
    const name = `${target ?? "oneflow-check"}:build-${randomUUID()}`;
    const { archive } = readContext(join(workspace, context));
    await docker.build({ context: archive(), dockerfile: posix.relative(context, dockerfile), name, args, platform });
    if (target === undefined) return undefined;
    const registry = parseReference(target).host;
    const credential = await defaultCredentials().for(registry);
    return docker.push(name, { ...credential, serveraddress: registry });
}
