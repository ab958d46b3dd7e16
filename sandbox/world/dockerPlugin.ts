import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "./layout";

/**
 * Lays the sandbox's docker provider where the engine looks for installed ones. The engine starts it only where a program asks for
 * it, which is where a service says `build: local`.
 */
export function installDockerPlugin({ pulumiHome }: Layout): void {
    const folder = join(pulumiHome, "plugins", "resource-docker-v5.2.0");
    const sandbox = join(__dirname, "..");
    mkdirSync(folder, { recursive: true });
    const words = ["-r", require.resolve("ts-node/register/transpile-only"), join(sandbox, "providers", "docker", "plugin.ts")];
    writeFileSync(
        join(folder, "pulumi-resource-docker"),
        [
            "#!/bin/sh",
            // ts-node looks for its configuration from the working directory, which is the checkout's.
            `export TS_NODE_PROJECT=${quoted(join(sandbox, "..", "tsconfig.json"))}`,
            `exec ${[process.execPath, ...words].map(quoted).join(" ")}`,
            "",
        ].join("\n"),
        { mode: 0o755 },
    );
}

function quoted(text: string): string {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}
