import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { defaultCredentials } from "../../core/registry/credentials";
import { readDockerfile } from "../ci/dockerfile";
import { layOut } from "../ci/layout";
import { pushAs } from "../ci/push";
import type { CommittedFile } from "../git/repository";
import { buildImage, type Image } from "../registry/images";

const execute = promisify(execFile);

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
    if (build.dockerHost) return buildWithDocker(build, target);
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

/** Neither bill of materials nor provenance: this driver attests nothing. */
async function buildWithDocker(build: RunnerBuild, target: string | undefined): Promise<string | undefined> {
    const { workspace, context, dockerfile, args, platforms } = build;
    const metadata = join(mkdtempSync(join(tmpdir(), "build-")), "metadata.json");
    const options = [
        ...["--file", dockerfile, "--provenance=false", "--metadata-file", metadata],
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        ...(platforms.length > 0 ? [`--platform=${platforms.join(",")}`] : []),
        ...(target === undefined
            ? []
            : ["--output", `type=image,name=${target},push-by-digest=true,name-canonical=true,push=true`]),
    ];
    await execute("docker", ["buildx", "build", ...options, context], { cwd: workspace });
    if (target === undefined) return undefined;
    const { "containerimage.digest": digest } = JSON.parse(readFileSync(metadata, "utf8")) as Record<string, string>;
    return digest;
}
