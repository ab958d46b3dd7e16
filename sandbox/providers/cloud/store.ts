import { type Dirent, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/**
 * Records by name in a folder, one JSON file each: a name `projects/acme/topics/news` is the file `projects/acme/topics/news.json`.
 *
 * Nothing is held in memory, so every process that opens the folder sees the same world. A write replaces its file in one step.
 */
export class Store {
    private written = 0;

    constructor(readonly directory: string) {}

    get<T>(name: string): T | undefined {
        try {
            return JSON.parse(readFileSync(this.file(name), "utf8")) as T;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOENT") {
                return undefined;
            }
            throw error;
        }
    }

    put(name: string, value: unknown): void {
        const file = this.file(name);
        const next = `${file}.${process.pid}-${this.written++}.next`;
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(next, JSON.stringify(value, null, 2));
        renameSync(next, file);
    }

    delete(name: string): void {
        rmSync(this.file(name), { force: true });
    }

    /** Takes away a record and all records under it. */
    deleteAll(name: string): void {
        this.delete(name);
        rmSync(this.path(name), { recursive: true, force: true });
    }

    /** The names of all records under a name, sorted. */
    names(under: string): string[] {
        const base = this.path(under);
        return entries(base, true).map((entry) => {
            const path = join(relative(base, entry.parentPath ?? entry.path), entry.name.slice(0, -suffix.length));
            return [under, ...path.split(sep).map(decodeURIComponent)].join("/");
        });
    }

    /** The names of the records that stand right under a name, sorted. */
    children(under: string): string[] {
        return entries(this.path(under), false).map(
            (entry) => `${under}/${decodeURIComponent(entry.name.slice(0, -suffix.length))}`,
        );
    }

    /** All records under a name, sorted by name. */
    all<T>(under: string): T[] {
        return this.names(under).flatMap((name) => this.get<T>(name) ?? []);
    }

    private file(name: string): string {
        return `${this.path(name)}.json`;
    }

    private path(name: string): string {
        const segments = name.split("/").map(encodeURIComponent);
        if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
            throw new Error(`${JSON.stringify(name)} names no record`);
        }
        return join(this.directory, ...segments);
    }
}

const suffix = ".json";

/** The files of a folder; none where there is no folder. */
function entries(folder: string, recursive: boolean): Dirent[] {
    try {
        const found = readdirSync(folder, { recursive, withFileTypes: true }).filter(
            (entry) => entry.isFile() && entry.name.endsWith(suffix),
        );
        const place = (entry: Dirent) => join(entry.parentPath ?? entry.path, entry.name);
        return found.sort((one, other) => (place(one) < place(other) ? -1 : 1));
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return [];
        }
        throw error;
    }
}
