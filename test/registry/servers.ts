import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { toolPath } from "../../sandbox/toolchain/toolchain";

/** A registry of others, running on a free port of this machine. */
export interface RunningRegistry {
    /** `127.0.0.1:PORT` */
    address: string;
    stop(): Promise<void>;
}

/** Debian's docker-registry, version 2.8: knows neither `artifactType` nor uploads in one POST. */
export async function startDockerRegistry({ htpasswd }: { htpasswd?: string } = {}): Promise<RunningRegistry> {
    const directory = await mkdtemp(join(tmpdir(), "docker-registry-"));
    const config = {
        version: "0.1",
        log: { level: "info" },
        storage: { filesystem: { rootdirectory: join(directory, "storage") } },
        http: { addr: "127.0.0.1:0", secret: "of this test run" },
        ...(htpasswd ? { auth: { htpasswd: { realm: "test", path: join(directory, "htpasswd") } } } : {}),
    };
    await writeFile(join(directory, "config.yml"), JSON.stringify(config));
    await writeFile(join(directory, "htpasswd"), htpasswd ?? "");
    return serve(
        await toolPath("docker-registry"),
        ["serve", join(directory, "config.yml")],
        /listening on 127\.0\.0\.1:(\d+)/,
        directory,
    );
}

/** The registry inside crane: one store of blobs for all repositories, nothing is mounted. */
export async function startCraneRegistry(): Promise<RunningRegistry> {
    const directory = await mkdtemp(join(tmpdir(), "crane-registry-"));
    const args = ["registry", "serve", "--address", "127.0.0.1:0", "--disk", directory];
    return serve(await toolPath("crane"), args, /serving on port (\d+)/, directory);
}

async function serve(program: string, args: readonly string[], announcement: RegExp, directory: string): Promise<RunningRegistry> {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    const exited = once(child, "exit");
    const port = await Promise.race([portOf(child, announcement), once(child, "error").then(([error]) => Promise.reject(error))]);
    return {
        address: `127.0.0.1:${port}`,
        async stop() {
            child.kill("SIGKILL");
            await exited;
            await rm(directory, { recursive: true });
        },
    };
}

async function portOf(child: ChildProcess, announcement: RegExp): Promise<string> {
    const said: string[] = [];
    return new Promise((resolve, reject) => {
        const lines = createInterface(child.stderr!);
        lines.on("line", (line) => {
            said.push(line);
            const port = announcement.exec(line)?.[1];
            if (port) resolve(port);
        });
        lines.on("close", () => reject(new Error(`the registry ended before it served:\n${said.join("\n")}`)));
    });
}
