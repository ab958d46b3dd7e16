import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { defaultCredentials } from "../../core/registry/credentials";
import { readDockerfile } from "../ci/dockerfile";
import { type Context, layOut } from "../ci/layout";
import { pushAs } from "../ci/push";
import { buildWithBuildx } from "../docker/buildx";
import { buildImage, type Image } from "../registry/images";

/** What docker/build-push-action is told. */
export interface RunnerBuild {
    /** The job's workspace: paths start there. */
    workspace: string;
    context: string;
    dockerfile: string;
    args: Readonly<Record<string, string>>;
    /** Further folders, by what the Dockerfile calls them. */
    contexts: Readonly<Record<string, string>>;
    platforms: readonly string[];
    /** `type=image,name=…,push=true` by key. Without `push` the image is thrown away. */
    output: Readonly<Record<string, string>>;
    /** `mode=max`. @default - none is asked for */
    provenance?: string;
    /** What builds: a Docker daemon, or the BuildKit that buildx is set up with. @default - the sandbox's own builder */
    builder?: { dockerHost: string } | "buildkit";
    /** Program that both are asked by. @default `buildx`, as PATH has it */
    buildx?: string;
    /** Told what buildx tells, and what of the build was left out. @default - standard error is */
    tell?(text: string): void;
}

/** Builds an image from the working tree. @returns the digest of what was pushed */
export async function buildOnRunner(build: RunnerBuild): Promise<string | undefined> {
    const { name, push } = build.output;
    const target = push === "true" ? name : undefined;
    if (build.builder === "buildkit") return buildWithBuildkit(build);
    if (build.builder) return buildWithDocker(build, build.builder.dockerHost, target);
    const image = builtImage(build);
    if (target === undefined) return undefined;
    await pushAs(defaultCredentials())(target, image);
    return image.digest;
}

function builtImage({ workspace, context, dockerfile, args, contexts, platforms }: RunnerBuild): Image {
    const files = wholeFolder(workspace, context);
    const others = Object.fromEntries(Object.entries(contexts).map(([name, path]) => [name, wholeFolder(workspace, path)]));
    const { copies, config } = readDockerfile(readFileSync(join(workspace, dockerfile), "utf8"), args);
    return buildImage({ files: layOut(files, copies, others), config, platforms: [...platforms] });
}

/** Files of a folder with the modes that git would keep. */
function wholeFolder(workspace: string, path: string): Context {
    const folder = join(workspace, path);
    if (existsSync(join(folder, ".dockerignore"))) {
        throw new Error(`${join(path, ".dockerignore")} is refused: the sandbox copies the whole build context`);
    }
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    return Object.fromEntries(
        entries.map((entry) => {
            const file = join(entry.parentPath, entry.name);
            const name = relative(folder, file).split(sep).join("/");
            if (!entry.isFile()) return [name, { content: Buffer.alloc(0), mode: "120000" }];
            return [name, { content: readFileSync(file), mode: statSync(file).mode & 0o100 ? "100755" : "100644" }];
        }),
    );
}

const withoutBill = "Left out: the bill of materials, whose scanner is an image from the internet.\n";

/** The build as it is asked for, by a BuildKit that buildx is set up with. */
async function buildWithBuildkit({
    output,
    provenance,
    tell = toStandardError,
    ...build
}: RunnerBuild): Promise<string | undefined> {
    tell(withoutBill);
    const told = Object.entries(output).map(([key, value]) => `${key}=${value}`);
    const digest = await buildWithBuildx({
        ...build,
        directory: build.workspace,
        provenance: provenance ?? "false",
        tell,
        output: told.length > 0 ? told.join(",") : thrownAway,
    });
    return output.push === "true" ? digest : undefined;
}

/**
 * A Docker daemon. What it cannot is left out and said: it attests nothing, builds for one platform, and pushes by tag alone, so what
 * was pushed has a tag of its own that nobody asks for.
 */
async function buildWithDocker(build: RunnerBuild, dockerHost: string, target: string | undefined): Promise<string | undefined> {
    const { workspace, platforms, tell = toStandardError } = build;
    if (platforms.length > 1) {
        throw new Error(`the daemon at ${dockerHost} builds one platform at a time, and ${platforms.join(", ")} were asked for`);
    }
    const name = `${target ?? ""}:build-${randomUUID()}`;
    tell(withoutBill);
    tell("Left out: provenance, which the daemon's driver does not attest.\n");
    if (target !== undefined) tell(`Left out: pushing by digest. ${name} is pushed, and its digest is told.\n`);
    const output = target === undefined ? thrownAway : `type=image,name=${name},push=true`;
    const digest = await buildWithBuildx({ ...build, dockerHost, directory: workspace, provenance: "false", output, tell });
    return target === undefined ? undefined : digest;
}

const thrownAway = "type=cacheonly";
const toStandardError = (text: string) => void process.stderr.write(text);
