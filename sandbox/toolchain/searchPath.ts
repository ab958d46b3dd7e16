import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, sep } from "node:path";

/** The first executable file of that name in the folders of a PATH. Nothing where there is none. */
export function findOnPath(program: string, searchPath: string | undefined): string | undefined {
    return (searchPath ?? "")
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, program))
        .find(isExecutable);
}

/** A PATH without the folders whose program leads into `folder`: what stands in our own cache was not installed by the user. */
export function withoutLinksInto(folder: string, program: string, searchPath: string | undefined): string {
    const ours = existsSync(folder) ? `${realpathSync(folder)}${sep}` : undefined;
    return (searchPath ?? "")
        .split(delimiter)
        .filter((entry) => {
            const candidate = join(entry, program);
            return ours === undefined || !isExecutable(candidate) || !realpathSync(candidate).startsWith(ours);
        })
        .join(delimiter);
}

export function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        // Not there, not ours to run, a broken link: all the same to whoever looks for a program.
        return false;
    }
}
