import { posix } from "node:path";
import type { CommittedFile } from "../git/repository";
import { type Copy, DockerfileError } from "./dockerfile";

/** The files of a folder, by path in it. */
export type Context = Readonly<Record<string, CommittedFile>>;

/** A file of an image. */
export interface ImageFile {
    content: Buffer;
    mode: number;
}

/**
 * The files of an image, by path in it without the leading slash: what the copies take from a build context.
 *
 * @param others further folders, by what a copy calls them
 * @throws DockerfileError with the line of a copy that finds nothing, or finds what the sandbox cannot build
 */
export function layOut(
    context: Context,
    copies: readonly Copy[],
    others: Readonly<Record<string, Context>> = {},
): Record<string, ImageFile> {
    const contextOf = ({ from, line }: Copy): Context => {
        if (from === undefined) return context;
        if (Object.hasOwn(others, from)) return others[from];
        const known = Object.keys(others).join(", ") || "none";
        throw new DockerfileError(
            line,
            `COPY --from=${from} is refused: it is no folder of alsoBuildFrom, of which there are: ${known}`,
        );
    };
    return Object.fromEntries(
        copies
            .flatMap((copy) => copy.sources.flatMap((source) => copied(contextOf(copy), source, copy)))
            .map(([path, file]) => [path.slice(1), file]),
    );
}

function copied(context: Context, source: string, copy: Copy): [path: string, file: ImageFile][] {
    const { destination, intoFolder, line, from } = copy;
    if (Object.hasOwn(context, source)) {
        const path = intoFolder ? posix.join(destination, posix.basename(source)) : destination;
        return [[path, imageFile(source, context[source], line)]];
    }
    const folder = source === "." ? "" : `${source}/`;
    const inside = Object.entries(context).filter(([path]) => path.startsWith(folder));
    if (inside.length === 0) {
        throw new DockerfileError(line, `COPY ${source}: the commit has no such file in ${from ?? "the build context"}`);
    }
    return inside.map(([path, file]) => [posix.join(destination, path.slice(folder.length)), imageFile(path, file, line)]);
}

function imageFile(path: string, { content, mode }: CommittedFile, line: number): ImageFile {
    if (mode !== "100644" && mode !== "100755") {
        const kind = mode === "120000" ? "a symbolic link" : mode === "160000" ? "a submodule" : `of mode ${mode}`;
        throw new DockerfileError(line, `COPY ${path} is refused: it is ${kind}, and the sandbox copies plain files only`);
    }
    return { content, mode: mode === "100755" ? 0o755 : 0o644 };
}
