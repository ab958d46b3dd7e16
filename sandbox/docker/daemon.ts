import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath } from "../toolchain/searchPath";
import { DockerApi } from "./api";
import { ended, listening } from "./process";

/** A Docker daemon to build with. */
export interface DockerDaemon {
    /** `unix:///…`, as `DOCKER_HOST` takes it. */
    readonly host: string;
    /** Ends it and takes away what it kept, where it was started here; else leaves it alone. */
    stop(): Promise<void>;
}

/**
 * A daemon of its own where this process may start one, else the one that this machine runs and lets its user reach.
 *
 * @throws DockerMissing with what would help
 */
export async function openDocker(): Promise<DockerDaemon> {
    const own = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
    const program = dockerd();
    if (program && process.getuid?.() === 0) {
        return startDocker(program);
    }
    if (await new DockerApi(own).answers()) {
        return { host: own, stop: () => Promise.resolve() };
    }
    throw new DockerMissing(
        program
            ? `dockerd is started by root alone, and none answers at ${own}`
            : `no dockerd here (apt-get install docker.io), and none answers at ${own}`,
    );
}

/** There is no daemon, and none can be started. */
export class DockerMissing extends Error {}

/**
 * Starts dockerd, as Debian's docker.io has it, beside whichever runs already.
 *
 * It touches neither the firewall nor a bridge, so a build's `RUN` reaches nothing; pushing is the daemon's own doing and reaches
 * registries as this machine does, those on loopback without TLS.
 *
 * @throws Error with the end of its log where it does not start
 */
async function startDocker(program: string): Promise<DockerDaemon> {
    const root = mkdtempSync(join(tmpdir(), "oneflow-docker-"));
    const host = `unix://${join(root, "docker.sock")}`;
    const folders = [`--data-root=${join(root, "data")}`, `--exec-root=${join(root, "exec")}`, `--pidfile=${join(root, "pid")}`];
    const apart = ["--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none"];
    // Without a configuration file of the machine: its own dockerd may have one.
    const child = spawn(program, [`--host=${host}`, "--config-file=", ...folders, ...apart], {
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
        await listening(child, "dockerd", "API listen on");
    } catch (error) {
        await stop();
        throw error;
    }
    return { host, stop };
}

/** Debian keeps it where only root's PATH leads. */
function dockerd(): string | undefined {
    return findOnPath("dockerd", [process.env.PATH, "/usr/sbin", "/usr/local/sbin"].join(delimiter));
}
