import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Lets pushes to a bare repository start workflows.
 *
 * @param directory folder of the Actions that are told
 * @param repository its name on GitHub, `owner/name`
 */
export function installPushHook(bare: string, { directory, repository }: { directory: string; repository: string }): void {
    const hook = join(bare, "hooks", "post-receive");
    const words = [process.execPath, join(__dirname, "hooks", "postReceive.js"), directory, repository];
    mkdirSync(join(bare, "hooks"), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\nexec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`, {
        mode: 0o755,
    });
}
