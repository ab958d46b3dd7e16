import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { tar } from "../registry/archive";

/** A build context in a folder, as it is now. */
export interface BuildContext {
    /** Paths, permissions and contents as one hash: equal for equal files, wherever the folder stands. */
    digest: string;
    archive(): Buffer;
}

/**
 * Reads a folder as a build context.
 *
 * @throws Error where it holds what the sandbox does not copy: a `.dockerignore`, a link
 */
export function readContext(folder: string): BuildContext {
    const files = Object.fromEntries(
        readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => !entry.isDirectory())
            .map((entry) => {
                const path = join(entry.parentPath, entry.name);
                if (!entry.isFile() || entry.name === ".dockerignore") {
                    throw new Error(`${path} is refused: the sandbox copies the whole build context, plain files only`);
                }
                return [
                    relative(folder, path).split(sep).join("/"),
                    { content: readFileSync(path), mode: statSync(path).mode & 0o755 },
                ];
            }),
    );
    const hash = createHash("sha256");
    for (const path of Object.keys(files).sort()) {
        const { content, mode } = files[path];
        hash.update(JSON.stringify([path, mode, createHash("sha256").update(content).digest("hex")]));
    }
    return { digest: hash.digest("hex"), archive: () => tar(files) };
}
