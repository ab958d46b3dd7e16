import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath } from "../toolchain/searchPath";
import { toolPath } from "../toolchain/toolchain";
import { DockerMissing } from "./daemon";
import { ended, listening } from "./process";

/** BuildKit's own daemon, as docker/setup-buildx-action starts it in a container. */
export interface Buildkit {
    /** `unix:///…`, as `BUILDKIT_HOST` takes it. */
    readonly host: string;
    /** Ends it and takes away what it kept. */
    stop(): Promise<void>;
}

/**
 * Starts BuildKit. It can what the one inside a Docker daemon cannot: push by digest, attest, build from several folders and for
 * several platforms.
 *
 * @throws DockerMissing where this process is not root's, or there is no runc
 */
export async function startBuildkit(): Promise<Buildkit> {
    const searchPath = [process.env.PATH, "/usr/sbin", "/usr/local/sbin"].join(delimiter);
    if (process.getuid?.() !== 0) throw new DockerMissing("BuildKit is started by root alone");
    if (!findOnPath("runc", searchPath)) throw new DockerMissing("no runc here (apt-get install docker.io)");
    const program = await toolPath("buildkitd");
    const root = mkdtempSync(join(tmpdir(), "oneflow-buildkit-"));
    const host = `unix://${join(root, "buildkit.sock")}`;
    const configuration = join(root, "buildkitd.toml");
    mkdirSync(join(root, "data"));
    writeFileSync(configuration, ["[worker.containerd]", "enabled = false", ""].join("\n"));
    const worker = ["--oci-worker=true", "--oci-worker-snapshotter=native", "--oci-worker-net=host"];
    const child = spawn(program, [`--config=${configuration}`, `--addr=${host}`, `--root=${join(root, "data")}`, ...worker], {
        env: { ...process.env, PATH: searchPath },
        stdio: ["ignore", "ignore", "pipe"],
    });
    const end = () => child.kill("SIGTERM");
    process.once("exit", end);
    const stop = async () => {
        process.removeListener("exit", end);
        await ended(child);
        rmSync(root, { recursive: true, force: true });
    };
    try {
        await listening(child, "buildkitd", "running server on");
    } catch (error) {
        await stop();
        throw error;
    }
    return { host, stop };
}
