import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDigest, type Digest } from "../../core/registry/reference";
import { DockerError } from "./api";

/** What `buildx build` is told. It builds with the builder that it is set up with, else with the Docker daemon. */
export interface BuildxBuild {
    /** The program. @default `buildx`, as PATH has it */
    buildx?: string;
    /** Docker daemon: `unix:///var/run/docker.sock`. @default - none is needed: buildx is set up with a builder */
    dockerHost?: string;
    /** Folder that paths start in. */
    directory: string;
    context: string;
    dockerfile: string;
    args: Readonly<Record<string, string>>;
    /** Further folders, by what the Dockerfile calls them. */
    contexts: Readonly<Record<string, string>>;
    platforms: readonly string[];
    /** `mode=max`, or `false`. */
    provenance: string;
    /** `type=image,name=…,push=true`: what is pushed goes with the credentials of docker's configuration. */
    output: string;
    /** Told what buildx tells while it builds. */
    tell(text: string): void;
}

/**
 * Builds with buildx.
 *
 * @returns the digest of the image; nothing where none was made
 * @throws DockerError in buildx's words
 */
export async function buildWithBuildx(build: BuildxBuild): Promise<Digest | undefined> {
    const { buildx = "buildx", dockerHost, directory, tell } = build;
    const own = mkdtempSync(join(tmpdir(), "oneflow-buildx-"));
    const metadata = join(own, "metadata.json");
    try {
        const env = { ...process.env, ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }) };
        await ended(
            buildx,
            [...buildxArguments(build), `--metadata-file=${metadata}`, build.context],
            { cwd: directory, env },
            tell,
        );
        const { "containerimage.digest": digest } = JSON.parse(readFileSync(metadata, "utf8")) as Record<string, unknown>;
        return isDigest(digest) ? digest : undefined;
    } finally {
        rmSync(own, { recursive: true });
    }
}

function buildxArguments({ dockerfile, args, contexts, platforms, provenance, output }: BuildxBuild): string[] {
    const each = (option: string, values: Readonly<Record<string, string>>) =>
        Object.entries(values).map(([name, value]) => `--${option}=${name}=${value}`);
    return [
        ...["build", "--progress=plain", `--file=${dockerfile}`, `--platform=${platforms.join(",")}`],
        ...each("build-arg", args),
        ...each("build-context", contexts),
        ...[`--provenance=${provenance}`, "--sbom=false", `--output=${output}`],
    ];
}

async function ended(
    program: string,
    args: readonly string[],
    where: { cwd: string; env: NodeJS.ProcessEnv },
    tell: BuildxBuild["tell"],
): Promise<void> {
    const child = spawn(program, args, { ...where, stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
        told += part;
        tell(part);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    if (code === 0) return;
    const [, reason = `exit code ${code}`] = /(?:^|\n)ERROR: ([^]*)$/.exec(told) ?? [];
    throw new DockerError(reason.trim());
}
