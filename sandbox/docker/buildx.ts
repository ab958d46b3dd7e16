import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDigest, type Digest } from "../../core/registry/reference";
import { DockerError } from "./api";

/** What `buildx build` is told. */
export interface BuildxBuild {
    /** The program. */
    buildx: string;
    /** Docker daemon whose BuildKit builds: `unix:///var/run/docker.sock`. */
    host: string;
    /** Folder that paths start in. */
    directory: string;
    context: string;
    dockerfile: string;
    args: Readonly<Record<string, string>>;
    /** Further folders, by what the Dockerfile calls them. */
    contexts: Readonly<Record<string, string>>;
    /** `linux/amd64` */
    platform: string;
    /** Name and tag to push as, with the credentials of docker's configuration. @default - the image is thrown away */
    push?: string;
}

/**
 * Builds with buildx, which tells on standard error what it does.
 *
 * @returns the digest of what was pushed
 * @throws DockerError in its words
 */
export async function buildWithBuildx(build: BuildxBuild): Promise<Digest | undefined> {
    const { buildx, host, directory, push } = build;
    const own = mkdtempSync(join(tmpdir(), "oneflow-buildx-"));
    const metadata = join(own, "metadata.json");
    try {
        const env = { ...process.env, DOCKER_HOST: host, BUILDX_CONFIG: own };
        await ended(buildx, [...buildxArguments(build), `--metadata-file=${metadata}`, build.context], { cwd: directory, env });
        if (push === undefined) return undefined;
        const { "containerimage.digest": digest } = JSON.parse(readFileSync(metadata, "utf8")) as Record<string, unknown>;
        if (!isDigest(digest)) throw new DockerError(`buildx pushed ${push} and told no digest`);
        return digest;
    } finally {
        rmSync(own, { recursive: true });
    }
}

function buildxArguments({ dockerfile, args, contexts, platform, push }: BuildxBuild): string[] {
    const each = (option: string, values: Readonly<Record<string, string>>) =>
        Object.entries(values).map(([name, value]) => `--${option}=${name}=${value}`);
    return [
        ...["build", `--file=${dockerfile}`, `--platform=${platform}`, "--progress=plain", "--provenance=false", "--sbom=false"],
        ...each("build-arg", args),
        ...each("build-context", contexts),
        ...(push === undefined ? ["--output=type=cacheonly"] : [`--tag=${push}`, "--push"]),
    ];
}

async function ended(program: string, args: readonly string[], where: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
    const child = spawn(program, args, { ...where, stdio: ["ignore", "inherit", "pipe"] });
    let told = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
        told += part;
        process.stderr.write(part);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    if (code !== 0) throw new DockerError(told.slice(told.lastIndexOf("ERROR: ") + "ERROR: ".length).trim() || `exit code ${code}`);
}
